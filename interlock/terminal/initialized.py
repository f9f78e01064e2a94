"""Whether `terraform init` has to run in a stack's folder: not where it ran before on the same, and has left what is there.

What it goes by is small: where the state lies, which providers are asked for, locked and installed, and which Terraform it is.
The jobs of a stack are no part of that, so that a toggle needs none. Should Terraform see it otherwise, it says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from interlock.catalog import Json
from interlock.terraform.imports import FILE as IMPORTS

LOCK_FILE = ".terraform.lock.hcl"
FOLDER = ".terraform"
FILE = "interlock.json"
"""Of the last init, in Terraform's own folder: whoever removes that removes it, too."""
VARIABLES = ("TF_CLI_ARGS", "TF_CLI_ARGS_init", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
REATTACH = "TF_REATTACH_PROVIDERS"
WANTED = re.compile(
    r"(terraform|tofu) init\b|[Bb]ackend initialization required|[Rr]equired plugins are not installed"
    r"|[Ii]nconsistent dependency lock file"
)
"""What Terraform and OpenTofu say where init has to run:
https://github.com/hashicorp/terraform/blob/v1.11.4/internal/command/meta_backend.go and meta_providers.go"""


def is_initialized(folder: Path, binary: str, environ: Mapping[str, str]) -> bool:
    """Whether an init in `folder` would do nothing: this Terraform has run one on the same, and all is as it has left it."""
    try:
        return (folder / FOLDER / FILE).read_text(encoding="utf-8") == _digest(folder, binary, environ)
    except (OSError, ValueError):
        return False


def note(folder: Path, binary: str, environ: Mapping[str, str]) -> None:
    """Notes that one has run just now. Where that can't be noted the next runs again."""
    try:
        (folder / FOLDER / FILE).write_text(_digest(folder, binary, environ), encoding="utf-8")
    except (OSError, ValueError):
        forget(folder)


def forget(folder: Path) -> None:
    """Has the next one run."""
    (folder / FOLDER / FILE).unlink(missing_ok=True)


def _digest(folder: Path, binary: str, environ: Mapping[str, str]) -> str:
    """OSError, or ValueError for a stack that is no JSON."""
    found: list[Json] = [
        _identity(binary, environ),
        {name: environ.get(name, "") for name in VARIABLES},
        _text(Path(environ.get("TF_CLI_CONFIG_FILE") or os.devnull)),
        sorted(json.loads(environ.get(REATTACH) or "{}")),  # a process and a socket are another each time
        [_asked(json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.tf.json"))],
        [_text(file) for file in sorted(folder.glob("*.tf")) if file.name != IMPORTS],
        _text(folder / LOCK_FILE),
        _text(folder / FOLDER / "terraform.tfstate"),
        [*_installed(folder / FOLDER / "providers")],
    ]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _identity(binary: str, environ: Mapping[str, str]) -> list[Json]:
    """Which Terraform it is: another file is another one."""
    path = shutil.which(binary, path=environ.get("PATH"))
    if path is None:
        return [binary]
    stat = Path(path).stat()
    return [str(Path(path).resolve()), stat.st_size, stat.st_mtime_ns]


def _asked(stack: Mapping[str, dict[str, Json]]) -> Json:
    """What a stack asks init for. Who names no provider of a type of resource asks for that by its prefix."""
    types = {*stack.get("resource", {}), *stack.get("data", {})}
    prefixes: Sequence[str] = sorted({type.partition("_")[0] for type in types})
    return {**{name: stack[name] for name in ("terraform", "module") if name in stack}, "providers": [*prefixes]}


def _installed(providers: Path) -> Iterator[Json]:
    for folder, folders, files in os.walk(providers):
        folders.sort()
        for name in sorted([*files, *folders]):
            path = Path(folder, name)
            where = path.relative_to(providers).as_posix()
            yield [where, path.readlink().as_posix() if path.is_symlink() else path.stat().st_size if name in files else ""]


def _text(file: Path) -> str:
    """Empty where there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
