"""The source archive of the coordinator's function: the same bytes for the same sources, whenever and wherever it is made."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from stacks.closure import closure

ENTRY_POINT = "handle"
DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can say: a file's own date is when it was checked out."""
MODE = 0o644
HASH_CHARACTERS = 16
"""64 bits of SHA-256 in the object's name: other sources, another object, and so another deployment of the function."""

ROOT = Path(__file__).parents[1]
MODULE = "coordinator.main"
MAIN = f"from {MODULE} import {ENTRY_POINT}\n\n__all__ = [{ENTRY_POINT!r}]\n"
"""Cloud Run's buildpack wants a main.py at the top; ours is in the package, as in the repository."""


def coordinator() -> bytes:
    """The archive of the coordinator that this repository has. It takes a tenth of a second, and no construct."""
    return archive(sources(ROOT))


def sources(root: Path) -> Mapping[str, bytes]:
    """The files of the archive by their names in it: what the coordinator imports and nothing else, so that a change elsewhere
    does not deploy the function again."""
    return {
        **closure(root, MODULE),
        "main.py": MAIN.encode(),
        "requirements.txt": (root / "coordinator" / "requirements.txt").read_bytes(),
    }


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip file of `files`: sorted, with one date and one mode. Stored, as zlib's versions compress differently."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, DATE)
            info.create_system = 3  # Unix, so that the mode counts; the default is the system that runs this
            info.external_attr = MODE << 16
            bundle.writestr(info, content)
    return buffer.getvalue()


def archive_name(content: bytes) -> str:
    """The name of the archive's file: its hash."""
    return f"coordinator-{hashlib.sha256(content).hexdigest()[:HASH_CHARACTERS]}.zip"
