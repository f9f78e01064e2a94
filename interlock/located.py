"""YAML whose every value knows its line, so that an error can point at it.

PyYAML composes the nodes (safe tags only); we construct plain values ourselves because PyYAML drops the positions and takes the
last of two equal keys without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from interlock.catalog import Source

MAX_FILE_CHARACTERS = 1_000_000
MAX_NODES = 200_000
"""Aliases are expanded; a file that grows beyond this is a mistake or an attack."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in a file, for people: where, what was found and what is allowed."""

    source: Source
    message: str

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class SourceError(Exception):
    """One or more problems in what people wrote, sorted by place. All are reported at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.source.file, p.source.line, p.message))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, kw_only=True)
class Document:
    """The values of one file, and the line of each by its path from the top."""

    file: str
    data: object
    lines: Mapping[Path, int]

    def at(self, path: Path) -> Source:
        """Where the value at `path` stands, or the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return Source(file=self.file, line=self.lines.get(path, 1))


def parse(text: str, file: str) -> tuple[Document, list[Problem]]:
    """The document in `text` and what is wrong with it as YAML. A document that can't be read has data None."""
    empty = Document(file=file, data=None, lines={})
    if len(text) > MAX_FILE_CHARACTERS:
        return empty, [_problem(file, 1, f"has {len(text)} characters; allowed: {MAX_FILE_CHARACTERS}. Split the file.")]
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        builder = _Builder(loader=loader, file=file)
        data = builder.build(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return empty, [_problem(file, mark.line + 1 if mark else 1, f"is no YAML: {error.problem or error.context}")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return empty, [_problem(file, 1, f"is no YAML: {str(error).splitlines()[0]}")]
    finally:
        loader.dispose()
    return Document(file=file, data=data, lines=builder.lines), builder.problems


def _problem(file: str, line: int, message: str) -> Problem:
    return Problem(source=Source(file=file, line=line), message=message)


class _Builder:
    """Constructs plain values from nodes, and keeps the line of each."""

    def __init__(self, *, loader: yaml.CSafeLoader, file: str) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._loader = loader
        self._file = file
        self._left = MAX_NODES

    def build(self, node: yaml.Node, path: Path) -> object:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {MAX_NODES} values after its aliases are expanded")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "(not a text)"
            line = key_node.start_mark.line + 1
            if key in result:
                self.problems.append(
                    _problem(self._file, line, f"{key} is written twice; first in line {self.lines[(*path, key)]}")
                )
                continue
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.Node) -> object:
        value: object = self._loader.construct_object(node)
        # An instant, a set or bytes has no use in our files; a text says what was written.
        return value if isinstance(value, (bool, int, float, str, date)) or value is None else str(node.value)
