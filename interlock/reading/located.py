"""YAML whose every value has its line, so that an error can point at it.

PyYAML composes the nodes (safe tags only); we construct plain values ourselves because PyYAML drops the positions and takes the
last of two equal keys without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import yaml

from interlock.catalog import Source
from interlock.reading.cdktf_tokens import RULE, taken_for_token
from interlock.reading.problems import MAX_FILE_CHARACTERS, Problem

MAX_NODES = 200_000
"""Aliases are expanded; a file that grows beyond this is a mistake or an attack."""
MAX_SHOWN_CHARACTERS = 60
MAX_DEPTH = 50
"""Levels of nesting; ours has six, and a body a few more."""

TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels, or an alias that holds itself"
HARMLESS_DEPTH = 5_000
"""Levels that libyaml composes without harm; it calls itself for each, and some 10,000s end the process."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """The values of one file, and by the path of each from the top its line and, unless it is a text in quotes, how it is
    written."""

    file: str
    data: object
    lines: Mapping[Path, int] = field(repr=False)
    written: Mapping[Path, str] = field(repr=False)
    plain_keys: Mapping[Path, object] = field(repr=False)
    """What YAML takes a key for that is written without quotes, by its path. We take each for the text that it is."""

    def at(self, path: Path) -> Source:
        """Where the value at `path` stands, or the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return Source(file=self.file, line=self.lines.get(path, 1))


def dotted(path: Path) -> str:
    """A path for people: `jobs.fetch.runs[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in path).removeprefix(".")


def _printable(key: str) -> str:
    shown = key if len(key) <= MAX_SHOWN_CHARACTERS else f"{key[:MAX_SHOWN_CHARACTERS]}..."
    return shown if shown.isprintable() else ascii(shown)


def parse(text: str, file: str) -> tuple[Document, list[Problem]]:
    """The document in `text` and what is wrong with it as YAML. A document that can't be read has data None."""
    empty = Document(file=file, data=None, lines={}, written={}, plain_keys={})
    if len(text) > MAX_FILE_CHARACTERS:
        message = f"has {len(text)} characters; allowed: at most {MAX_FILE_CHARACTERS}. Split the file"
        return empty, [_problem(file, 1, message)]
    if (line := _too_deep(text)) is not None:
        return empty, [_problem(file, line, f"can't be read as YAML: {TOO_DEEP}")]
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        builder = _Builder(loader=loader, file=file)
        data = builder.build(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        return empty, [_syntax_problem(error, text, file)]
    except (yaml.YAMLError, _Refused) as error:
        line = error.line if isinstance(error, _Refused) else 1
        return empty, [_problem(file, line, f"can't be read as YAML: {str(error).splitlines()[0]}")]
    finally:
        loader.dispose()
    document = Document(file=file, data=data, lines=builder.lines, written=builder.written, plain_keys=builder.plain_keys)
    return document, builder.problems


def _too_deep(text: str) -> int | None:
    """The line in which `text` nests deeper than allowed, found without composing it; None if it does not do harm."""
    if sum(map(text.count, "[{-?")) < HARMLESS_DEPTH:  # every level on a line of its own needs its indentation, too
        return None
    loader = yaml.CSafeLoader(text)
    depth = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if event is not None and event.start_mark is not None and depth > MAX_DEPTH:
                return int(event.start_mark.line) + 1
    except yaml.YAMLError:
        return None  # composing it ends there, too
    finally:
        loader.dispose()
    return None


def _problem(file: str, line: int, message: str) -> Problem:
    return Problem(source=Source(file=file, line=line), message=message)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """libyaml's error in words for people who write YAML, not for those who write parsers of it."""
    lines = text.splitlines() or [""]
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    found = lines[line][column:] if line < len(lines) else ""
    said = error.problem or error.context or "unknown"
    if line >= len(lines):
        line, said = len(lines) - 1, "the file ends in the middle of a value; close its brackets and quotes"
    elif found.startswith("\t"):
        said = "a tab; indent with spaces"
    elif "mapping values" in said:
        said = 'a ": " where none can be; put a text that holds one in quotes, and indent keys alike'
    elif "cannot start any token" in said or "alphabetic or numeric" in said:
        said = f"a value that begins with {(found if 'token' in said else lines[line][column - 1 :])[:1]!r}; put it in quotes"
    elif "another document" in said:
        said = "a second document after ---; allowed: one in a file"
    elif "undefined alias" in said:
        said = f"{found.split(maxsplit=1)[0].rstrip(',]}')} stands for nothing; its &anchor must come before it, in this file"
    elif error.context_mark is not None and "did not find expected" in said:
        said = f"{said}, in what begins in line {error.context_mark.line + 1}"
    return _problem(file, line + 1, f"can't be read as YAML: {said}")


class _Refused(Exception):
    """A document that is well formed and still not for us."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class _Builder:
    """Constructs plain values from nodes, and keeps the line of each."""

    def __init__(self, *, loader: yaml.CSafeLoader, file: str) -> None:
        self.lines: dict[Path, int] = {}
        self.written: dict[Path, str] = {}
        self.plain_keys: dict[Path, object] = {}
        self.problems: list[Problem] = []
        self._loader = loader
        self._file = file
        self._left = MAX_NODES
        self._refuse_token(file, (), 1)

    def build(self, node: yaml.Node, path: Path) -> object:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0:
            raise _Refused(line, f"more than {MAX_NODES} values, when its aliases are expanded")
        if len(path) > MAX_DEPTH:
            raise _Refused(line, TOO_DEEP)
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag.rpartition(":")[2] in _SCALARS:
            return self._scalar(node, path)
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self.problems.append(_problem(self._file, line, f"{dotted(path)}: has the tag {tag}; write plain values, without tags"))
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(
                    _problem(self._file, line, f"{dotted(path)}: a key is a list or a mapping; allowed: a text")
                )
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key_node.tag.endswith(":merge"):
                message = f"{dotted(here)}: merge keys are not read; write the values out, or use the defaults of the file"
                self.problems.append(_problem(self._file, line, message))
            elif key in result:
                first = self.lines[here]
                self.problems.append(_problem(self._file, line, f"{dotted(here)}: is written twice; first in line {first}"))
            else:
                self.lines[here] = line
                if _is_plain(key_node):
                    self.plain_keys[here] = self._plain(key_node)
                self._refuse_token(key, here, line)
                result[key] = self.build(value_node, here)
        return result

    def _refuse_token(self, value: object, where: Path, line: int) -> None:
        if (found := taken_for_token(value)) is not None:
            self.problems.append(_problem(self._file, line, f"{dotted(where)}: holds {found}, {RULE}".removeprefix(": ")))

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        value = self._plain(node)
        self._refuse_token(value, path, node.start_mark.line + 1)
        if _is_plain(node) or not isinstance(value, str):
            self.written[path] = str(node.value)
        # An instant is a text, too: only dates have a use in our files.
        return value if isinstance(value, (bool, int, float, str)) or type(value) is date or value is None else str(node.value)

    def _plain(self, node: yaml.ScalarNode) -> object:
        if node.tag == _TEXT:  # most are, and PyYAML makes no more of one
            return node.value
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):  # February 30, thousands of digits, a tag: a text shows what was written
            return str(node.value)


def _is_plain(node: yaml.ScalarNode) -> bool:
    """Whether it is written without quotes, and is no block of lines."""
    return node.style in (None, "")


_TEXT = "tag:yaml.org,2002:str"
_SCALARS = {"null", "bool", "int", "float", "str", "timestamp"}
