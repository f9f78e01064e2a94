"""Source archives of functions."""

from __future__ import annotations

import io
import zipfile

HANDLER = "def main(request):\n    return 'done'\n"


def archive(source: str | None = HANDLER, **more: str) -> bytes:
    """A zip with this main.py, or none, and more files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as files:
        for name, content in ({} if source is None else {"main.py": source}).items() | more.items():
            files.writestr(name, content)
    return buffer.getvalue()
