"""Files that a command writes for people to commit: whole, or as they were."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click


def write(path: Path, text: str) -> bool:
    """Make the file say `text`; without a text there is no file. Returns whether it differs from before. Whoever reads it
    meanwhile, or after an interruption, finds the old content or the new one. UsageError where that is not allowed."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            return False
        if text:
            _replace(path, text)
        else:
            path.unlink()
    except OSError as error:
        raise click.UsageError(f"{path} can't be written: {error.strerror}; nothing in it has changed") from None
    return True


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What new files are not allowed; it can only be read by setting it."""
    found = os.umask(0)
    os.umask(found)
    return found
