"""What Interlock needs of a machine: found or not, in which version, and what to install; everything at once.

`make setup` runs this file with the machine's own Python before it installs anything. So it has the standard library only, and
starts on Python 3.7, to say that this is too old. `interlock doctor` says the same, and a deploy says what it lacks.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 15)
"""For these each package of requirements/run.txt and dev.txt has a wheel."""
OLDEST_NODE, NEWEST_NODE = 20, 26
"""On these cdktf-cli 0.21 has been tried, with the pty module of package.json."""
OLDEST_TERRAFORM, NEWEST_TERRAFORM = (1, 11), (1, 15)
OLDEST_TOFU, NEWEST_TOFU = (1, 12), (1, 12)
TERRAFORM_VARIABLE = "TERRAFORM_BINARY_NAME"
OLDEST_MAKE = (3, 81)
"""macOS has it."""
LEAST_FREE, FREE_FOR_SETUP = 100, 1_500
"""Megabytes on the disk, for plans, the state, and what Terraform unpacks."""
PATIENCE_SECONDS = 30


class Finding(NamedTuple):
    """One thing that is needed: what was found of it, and what to do, if anything; `note` if it works without that, too."""

    what: str
    found: str
    advice: str = ""
    note: bool = False

    @property
    def wrong(self) -> bool:
        """Whether Interlock does not work like this."""
        return bool(self.advice) and not self.note


def make(version: str = "") -> Finding:
    """GNU make, of this version if it is make that asks."""
    version = version or _version("make", r"GNU Make (\S+)")
    advice = "" if _numbers(version) >= OLDEST_MAKE else f"install GNU make {_dotted(OLDEST_MAKE)} or newer"
    return Finding("make", version, advice)


def python(newest: tuple[int, int] = NEWEST_PYTHON) -> Finding:
    """The Python that runs this."""
    version, range_ = _dotted(sys.version_info[:3]), f"{_dotted(OLDEST_PYTHON)} to {_dotted(newest)}"
    if OLDEST_PYTHON <= sys.version_info[:2] <= newest:
        if not _has_venv():
            return Finding("Python", version, "its venv module is missing; on Debian and Ubuntu install python3-venv")
        return Finding("Python", version)
    others = [f"python3.{minor}" for minor in range(newest[1], OLDEST_PYTHON[1] - 1, -1)]
    here = next((name for name in others if _version(name, r"Python (\S+)", "--version")), None)
    advice = f"{here} is here: add PYTHON={here}" if here else "install one of them: python.org/downloads"
    return Finding("Python", version, f"it takes {range_}; {advice}")


def node() -> Finding:
    """Node.js, which cdktf runs on."""
    version, range_ = _version("node", r"v(\S+)"), f"Node.js {OLDEST_NODE} to {NEWEST_NODE}"
    fine = OLDEST_NODE <= (_numbers(version) or (0,))[0] <= NEWEST_NODE
    return Finding("Node.js", version, "" if fine else f"install {range_}: nodejs.org/en/download")


def npm() -> Finding:
    """npm, which installs cdktf."""
    version = _version("npm", r"(\d\S*)")
    return Finding("npm", version, "" if version else "install npm; the Node.js of nodejs.org has it")


def terraform() -> Finding:
    """Terraform, which deploys, or OpenTofu where TERRAFORM_BINARY_NAME says so; only in its text that has its own name."""
    name = terraform_binary()
    product, _, version = _version(name, r"((?:Terraform|OpenTofu) v\S+)", "version").partition(" v")
    if product == "OpenTofu":
        return _tried(name, version, "OpenTofu", OLDEST_TOFU, NEWEST_TOFU, "opentofu.org/docs/intro/install")
    return _tried(name, version, "Terraform", OLDEST_TERRAFORM, NEWEST_TERRAFORM, "developer.hashicorp.com/terraform/install")


def terraform_binary() -> str:
    """How Terraform is called here: the name or the path of its binary, as cdktf's own variable has it."""
    return os.environ.get(TERRAFORM_VARIABLE) or "terraform"


def _tried(name: str, version: str, what: str, oldest: tuple[int, int], newest: tuple[int, int], where: str) -> Finding:
    """Whether a program is one of those with which Interlock was tried, or newer."""
    if _numbers(version)[:2] < oldest:
        return Finding(name, version, f"install {what} {_dotted(oldest)} or newer: {where}")
    if _numbers(version)[:2] > newest:
        span = f"{_dotted(oldest)} to {_dotted(newest)}" if oldest < newest else _dotted(oldest)
        return Finding(name, version, f"tried with {span}, not with this", note=True)
    return Finding(name, version)


def cdktf() -> Finding:
    """The cdktf command line, which `make setup` installs."""
    path = shutil.which("cdktf", path="node_modules/.bin") or ""
    return Finding("cdktf", path, "" if path else "node_modules is missing; run: make setup")


def locked(folder: str, stamp: str, lock: str) -> Finding:
    """A folder that `make setup` filled, after its lock had changed last."""
    made, wanted = Path(folder, stamp), Path(lock)
    if not made.exists():
        return Finding(folder, "", "run: make setup")
    if wanted.exists() and made.stat().st_mtime < wanted.stat().st_mtime:
        return Finding(folder, "out of date", f"{lock} has changed; run: make setup")
    return Finding(folder, f"as in {lock}")


def pty() -> Finding:
    """A pseudo-terminal, in which cdktf runs Terraform; without one it dies of "forkpty(3) failed."."""
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError as error:
        advice = f"none can be had ({error.strerror}); in a container or chroot: mount -t devpts devpts /dev/pts"
        return Finding("/dev/pts", "", advice)
    return Finding("/dev/pts", "a pseudo-terminal")


def disk() -> Finding:
    """Room on the disk of the current folder."""
    free = shutil.disk_usage(".").free // 10**6
    found = f"{free:,} MB free"
    if free < LEAST_FREE:
        return Finding("disk", found, "free some: a deploy writes plans and, of the local target, the state")
    return Finding("disk", found, f"the set-up takes {FREE_FOR_SETUP:,} MB" if free < FREE_FOR_SETUP else "", note=True)


def terraform_settings() -> Finding:
    """The file that TF_CLI_CONFIG_FILE names, if it does."""
    name = os.environ.get("TF_CLI_CONFIG_FILE", "")
    if name and not Path(name).exists():
        return Finding("TF_CLI_CONFIG_FILE", name, "there is no such file, and Terraform warns each time: unset it", note=True)
    return Finding("TF_CLI_CONFIG_FILE", name or "not set")


def gcloud() -> Finding:
    """gcloud, with which people look by hand; nothing of ours runs it."""
    version = _version("gcloud", r"Google Cloud SDK (\S+)")
    return Finding(
        "gcloud", version, "" if version else "to log in and look by hand: cloud.google.com/sdk/docs/install", note=True
    )


def credentials() -> Finding:
    """What Google's clients log in with. On a machine of Google's own they need no file."""
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    file = Path(named or Path(folder) / "application_default_credentials.json")
    if file.exists():
        return Finding("credentials", str(file))
    if named:
        return Finding("credentials", "", f"GOOGLE_APPLICATION_CREDENTIALS names {named}, which is not there")
    return Finding("credentials", "", "outside of Google Cloud: gcloud auth application-default login", note=True)


def lines(findings: list[Finding]) -> list[str]:
    """The findings as people read them."""
    return [f"{label} {text}" for label, text in labelled(findings)]


def labelled(findings: list[Finding]) -> list[tuple[str, str]]:
    """What each finding is about, all as wide and a space, and what is said of it."""
    width = max(len(finding.what) for finding in findings)
    texts = ((finding, finding.found or "missing") for finding in findings)
    return [(f"{one.what:<{width}} ", f"{text}{one.advice and ': ' + one.advice}") for one, text in texts]


def _has_venv() -> bool:
    """Debian has ensurepip, without which a venv has no pip, in a package of its own."""
    from importlib.util import find_spec

    return find_spec("ensurepip") is not None


def _version(name: str, pattern: str, *arguments: str) -> str:
    """What a program says that its version is; empty if it is not on the PATH or can't be run."""
    if shutil.which(name) is None:
        return ""
    try:
        said = subprocess.run(
            [name, *(arguments or ("--version",))],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            env={**os.environ, "CHECKPOINT_DISABLE": "1"},
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, said)
    return found.group(1) if found else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in numbers)


def main(arguments: list[str]) -> int:
    """Looks for what `arguments` name, a version behind `=`: make=4.3 python=3.14 node. Returns 1 when something is missing."""
    findings = []
    for argument in arguments:
        name, _, value = argument.partition("=")
        version = _numbers(value)[:2]
        if name == "make":
            findings.append(make(value))
        elif name == "python" and len(version) == 2:
            findings.append(python((version[0], version[1])))
        else:
            findings.append({"python": python, "node": node, "npm": npm, "terraform": terraform}[name]())
    if any(finding.wrong for finding in findings):
        sys.stderr.write("Not set up; this machine lacks something:\n")
        sys.stderr.write("".join(f"  {line}\n" for line in lines(findings)))
        return 1
    if len(findings) > 1:
        sys.stderr.write(f"found {', '.join(f'{finding.what} {finding.found}' for finding in findings)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
