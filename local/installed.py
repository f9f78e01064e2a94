"""The real hashicorp/google, where somebody asks for it: installed by Terraform itself, once for a state folder.

Terraform takes it from where the user's own settings say, its registry or a mirror
(https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation). What it has put there is then the only
mirror of COMMAND, which so installs it again in each of its folders without a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.provider import SOURCES, version

_MAIN = """\
terraform {{
  required_providers {{
    google = {{ source = "hashicorp/google", version = "{version}" }}
  }}
}}
"""
_SETTINGS = """\
provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""
_FOREIGN = ("TF_REATTACH_PROVIDERS", "TF_DATA_DIR", "TF_WORKSPACE", "TF_CLI_ARGS", "TF_CLI_ARGS_init")
_HOW = (
    "let its registry be reached, or name in TF_CLI_CONFIG_FILE a file with a filesystem_mirror that has it "
    "(developer.hashicorp.com/terraform/cli/config/config-file)"
)


class NotInstalledError(Exception):
    """It can't be had: one line with what Terraform says, and the two ways to get it."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The provider's version, and Terraform's settings that have it as the only one there is."""

    version: str
    settings: Path


def terraform_binary(env: Mapping[str, str]) -> str:
    """How Terraform is called: cdktf's own variable has the name or the path of its binary, OpenTofu's for one."""
    return env.get("TERRAFORM_BINARY_NAME") or "terraform"


def user_settings(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without a TF_CLI_CONFIG_FILE that isn't there, of which Terraform warns in each run."""
    lost = (config := env.get("TF_CLI_CONFIG_FILE")) and not Path(config).exists()
    return {name: value for name, value in env.items() if not (lost and name == "TF_CLI_CONFIG_FILE")}


def install(folder: Path, env: Mapping[str, str]) -> Installed:
    """Have the provider in `folder`, which keeps it until somebody removes it; `env` is the user's. NotInstalledError where it
    can't be had."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(_MAIN.format(version=version()), encoding="utf-8")
    if (found := _found(folder)) is None:
        _init(folder, env)
        found = _found(folder)
    if found is None:
        raise NotInstalledError(f"hashicorp/google {version()} was not installed; {_HOW}")
    mirror = folder / "mirror"
    shutil.rmtree(mirror, ignore_errors=True)
    for source in SOURCES:  # a joiner may use the other program
        place = mirror / source / found.parent.name / found.name
        place.parent.mkdir(parents=True)
        place.symlink_to(found.resolve(), target_is_directory=True)
    settings = folder / "settings.tfrc"
    settings.write_text(_SETTINGS.format(mirror=mirror), encoding="utf-8")
    return Installed(version=found.parent.name, settings=settings)


def _found(folder: Path) -> Path | None:
    """What is installed: .terraform/providers/HOST/hashicorp/google/VERSION/PLATFORM, which may link to a mirror's folder."""
    places = (folder / ".terraform" / "providers").glob("*/hashicorp/google/*/*")
    return next((place for place in sorted(places) if place.is_dir()), None)


def _init(folder: Path, env: Mapping[str, str]) -> None:
    binary = terraform_binary(env)
    own = {name: value for name, value in user_settings(env).items() if name not in _FOREIGN} | {"CHECKPOINT_DISABLE": "1"}
    if shutil.which(binary, path=env.get("PATH", os.defpath)) is None:
        raise NotInstalledError(f"hashicorp/google {version()} needs {binary} to install it, which is not on the PATH")
    command = [binary, f"-chdir={folder}", "init", "-input=false", "-no-color"]
    done = subprocess.run(command, env=own, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotInstalledError(f"hashicorp/google {version()} can't be installed ({_said(done.stderr)}); {_HOW}")


def _said(text: str) -> str:
    """The headline of Terraform's first error."""
    lines = (line.strip("╷│╵ ").removeprefix("Error: ") for line in text.splitlines())
    return next(filter(None, lines), "it says nothing")
