"""The import closure of a module: the files under one root that run when it does, found in their text and not by importing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path

TYPES_ONLY = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING"})
"""The condition of an `if` that only type checkers enter."""
BLOCKS = ("body", "orelse", "finalbody")
"""The fields of a statement that have others, what runs under its own condition first."""
MAY_BE = (ast.Name, ast.Attribute)
"""What such a condition is; all others are spared to be written as text, which takes longer than the rest together."""


def closure(root: Path, module: str) -> Mapping[str, bytes]:
    """`module` and all that it imports from under `root`, at any depth and inside functions too, with the `__init__.py` of each
    package on the way: contents by path, sorted. What is not under `root` is left to who installs it."""
    found: dict[Path, bytes] = {}
    seen, queue = set[str](), [module]
    while queue:
        if (name := queue.pop()) in seen:
            continue
        seen.add(name)
        file = _file(root, name)
        if file is None:
            continue
        found[file] = file.read_bytes()
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        queue += _parents(name)
        queue += _imports(ast.parse(found[file], str(file)), package)
    return {file.relative_to(root).as_posix(): found[file] for file in sorted(found)}


def _file(root: Path, module: str) -> Path | None:
    """Python's own order: a package goes before a module of its name."""
    place = root.joinpath(*module.split("."))
    return next((file for file in (place / "__init__.py", place.with_name(f"{place.name}.py")) if file.is_file()), None)


def _parents(module: str) -> Iterator[str]:
    while module := module.rpartition(".")[0]:
        yield module


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    """The modules that may be meant: of `from a import b` both a and a.b, as b may be a name in a or a module of its own."""
    for statement in _statements(tree.body):
        if isinstance(statement, ast.Import):
            yield from (name.name for name in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            module = resolve_name("." * statement.level + (statement.module or ""), package)
            yield module
            yield from (f"{module}.{name.name}" for name in statement.names)


def _statements(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that may run, those of functions and classes included. Expressions have none, and are most of a file."""
    for statement in block:
        yield statement
        types_only = (
            isinstance(statement, ast.If) and isinstance(statement.test, MAY_BE) and ast.unparse(statement.test) in TYPES_ONLY
        )
        yield from _blocks(statement, BLOCKS[1:] if types_only else BLOCKS)


def _blocks(node: ast.AST, names: Iterable[str]) -> Iterator[ast.stmt]:
    for name in names:
        yield from _statements(getattr(node, name, ()))
    for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield from _statements(branch.body)
