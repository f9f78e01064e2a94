"""Reads catalogs and environments from disk; the only part of the core that does."""

from __future__ import annotations

from pathlib import Path

from interlock.catalog import Catalog, Source
from interlock.environment import Environment
from interlock.located import Problem, SourceError
from interlock.resolve import SourceFile
from interlock.resolve import load_catalog as resolve_catalog
from interlock.resolve import load_environment as resolve_environment

SUFFIX = ".yaml"


def load_catalog(root: Path) -> Catalog:
    """The catalog in the folders under `root`, one folder a platform. SourceError with every problem in it."""
    files = sorted(path for path in root.glob(f"*/**/*{SUFFIX}") if path.is_file())
    if not files:
        raise SourceError([_problem(root, f"there is no catalog here: no folder with {SUFFIX} files")])
    return resolve_catalog(
        SourceFile(name=_name(path, root), platform=path.relative_to(root).parts[0], text=_text(path)) for path in files
    )


def load_environment(folder: Path, name: str) -> Environment:
    """The environment `name` of `folder`. SourceError when there is none or something is wrong in it."""
    path = folder / f"{name}{SUFFIX}"
    known = sorted(found.stem for found in folder.glob(f"*{SUFFIX}"))
    if name not in known:
        raise SourceError([_problem(folder, f"there is no environment {name!r}; known: {', '.join(known) or 'none'}")])
    return resolve_environment(name, _text(path), _name(path, folder))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError([_problem(path, f"can't be read: {error}")]) from None


def _name(path: Path, root: Path) -> str:
    """The file for people and for the plan: from the root's own folder, the same on every machine."""
    return f"{root.name}/{path.relative_to(root).as_posix()}"


def _problem(path: Path, message: str) -> Problem:
    return Problem(source=Source(file=path.as_posix(), line=1), message=message)
