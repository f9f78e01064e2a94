"""Installs packages from a lock for `make setup`, and says meanwhile how far it is: pip and npm take minutes, and say nothing.

python tools/install.py pip .venv requirements/run.txt [options of pip]
python tools/install.py npm .
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

LINES = 6
"""How many there are, where lines stay."""
LOOK_SECONDS = 0.5
NOT_FOUND = 127
"""What a shell says of a program that is not there, and so does npm without Node.js."""


class Progress:
    """How far it is, on standard error: one line that changes on a terminal, now and then a line elsewhere."""

    def __init__(self, lock: str, total: int) -> None:
        self.lock, self.total, self.said = lock, total, 0
        self.live = sys.stderr.isatty()

    def at(self, number: int, name: str) -> None:
        """`number` packages are there, the last of them `name`."""
        if number <= self.said or not (self.live or number >= self.said + self.total / LINES):
            return
        self.said = number
        self.line(f"{number} of {self.total} packages{name and ': ' + name}")

    def line(self, text: str) -> None:
        """Says it, in the place of what was said last if that can be."""
        sys.stderr.write(f"\r\033[K{self.lock}: {text}" if self.live else f"{self.lock}: {text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leaves the terminal to others."""
        if self.live:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def pip(folder: str, lock: str, options: Sequence[str]) -> int:
    """pip's exit code; its errors are passed on."""
    names = re.findall(r"^([A-Za-z0-9][\w.-]*)==", Path(lock).read_text(encoding="utf-8"), re.M)
    progress, number = Progress(lock, len(set(names))), 0
    # The lock is complete, and `pip check` sees to that, so nothing is resolved: some of pip's versions take the newest release
    # of a package that is wanted with an extra, and the lock has no hash of that. https://github.com/pypa/pip/issues/9644
    words = ["install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--require-hashes", "--no-deps"]
    command = [f"{folder}/bin/python", "-m", "pip"]
    process = subprocess.Popen([*command, *words, *options, "-r", lock], stdout=subprocess.PIPE, text=True)
    for said in process.stdout or ():
        if found := re.match(r"(Collecting|Requirement already satisfied:) ([A-Za-z0-9][\w.-]*)", said):
            number += 1
            if found[1] == "Collecting":
                progress.at(number, found[2])
        elif said.startswith("Installing collected packages:"):
            progress.line(f"installing {said.count(',') + 1} packages")
    progress.end()
    return process.wait() or _incomplete(command)


def _incomplete(pip: Sequence[str]) -> int:
    """What `pip check` answers: 0 when everything is there that is wanted; else it says what is not."""
    done = subprocess.run([*pip, "--disable-pip-version-check", "check"], capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr, end="")
    return done.returncode


def npm(folder: str) -> int:
    """npm's exit code; what it says is passed on."""
    lock = Path(folder) / "package-lock.json"
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    wanted = [Path(folder) / name for name, package in packages.items() if name and "os" not in package]
    progress = Progress(str(lock), len(wanted))
    shutil.rmtree(Path(folder) / "node_modules", ignore_errors=True)  # as npm does, but not counted as there
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-progress"]
    try:
        process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        return NOT_FOUND
    progress.line("downloading")
    running = True
    while running:
        running = process.poll() is None
        progress.at(sum((path / "package.json").exists() for path in wanted), "")
        time.sleep(LOOK_SECONDS if running else 0)
    progress.end()
    return process.wait()


def _says_lacking() -> bool:
    """Says what to install for npm, if anything, as `make setup` does before a first installation."""
    from interlock.terminal import machine  # which pip has installed by then

    lacking = [finding for finding in (machine.node(), machine.npm()) if finding.wrong]
    if lacking:
        print("Not set up; this machine lacks something:", file=sys.stderr)
        print("".join(f"  {line}\n" for line in machine.lines(lacking)), end="", file=sys.stderr)
    return bool(lacking)


def main(arguments: Sequence[str]) -> int:
    """The exit code of what installs."""
    kind, folder, *rest = arguments
    code = npm(folder) if kind == "npm" else pip(folder, rest[0], rest[1:])
    if code == NOT_FOUND and kind == "npm" and _says_lacking():
        return 2
    if code:
        print(f"{kind} has not installed what is locked; above it says why", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
