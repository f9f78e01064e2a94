"""What people read: lines and tables as wide as there is room, with nothing cut or folded that somebody may copy.

Names, commands and times stay whole: a table that is too wide for its columns moves the last of them below the row. Prose is
folded between its words. All of it passes `say`, and with it `printable`: what others wrote moves no cursor.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from interlock.names import JOINERS, printable

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

PIPED_COLUMNS = 100
"""Where no terminal and no COLUMNS says how many: what mail, GitHub and most editors show without folding."""
NARROWEST, LEAST_PROSE = 40, 24
GAP = "  "
INDENT = "  "
BETWEEN = "   "
HARD_SPACE = "\u00a0"
_BREAK = re.compile(rf"[^\S{HARD_SPACE}]+")
_TIME = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d(?::\d\d)?(?: (?:[A-Z]{2,5}|[+-]\d\d+)\b)?"
_SCHEDULE = r"(?:[\d*/,-]+ ){4}[\w*/,#-]+"
_WHOLE = re.compile(rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?{_TIME}(?: \({_TIME}\))?|{_SCHEDULE}")
"""What nobody marks as whole in a sentence, and is: a time in one zone or two, and the five fields of a schedule."""


def room() -> int:
    """Columns to write in: COLUMNS, else the terminal's."""
    return max(NARROWEST, shutil.get_terminal_size((PIPED_COLUMNS, 0)).columns)


def in_a_row(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def say(line: str = "", *, err: bool = False, style: str | None = None) -> None:
    """Prints one line, whatever is in it; `style` is a colour, or `bold`, that only a terminal shows."""
    text = printable(line).rstrip()
    if style and not os.environ.get("NO_COLOR"):
        text = click.style(text, bold=True) if style == "bold" else click.style(text, fg=style)
    click.echo(text, err=err)


def say_lines(text: str) -> None:
    """Prints text that has lines of its own: a program's."""
    for line in text.splitlines():
        say(line)


def say_folded(text: str, *, indent: str = "", style: str | None = None, err: bool = False) -> None:
    """Prints prose, folded between its words; what comes after the first line is indented by two more than `indent`."""
    for line in folded(text, room(), indent):
        say(line, style=style, err=err)


def say_names(names: Iterable[str], most: int | None = None) -> None:
    """Prints names in columns, indented; those that `most` lines have room for."""
    named = [*names]
    for line in names_in_columns(named, room()) if most is None else names_in_lines(named, room(), most):
        say(line)


def at_most(lines: Sequence[str], most: int) -> list[str]:
    """The lines; of more than `most` the first of them, and how many are left out."""
    if len(lines) <= most:
        return [*lines]
    return [*lines[: most - 1], f"{INDENT}... and {len(lines) - most + 1} more lines; --all shows them"]


def say_command(command: str, *, err: bool = False) -> None:
    """Prints a command to copy: on a line of its own, as long as it is."""
    say(f"{INDENT}{command}", err=err)


def whole(text: str) -> str:
    """`text` for prose that may be folded, but not inside of this: a time, a command, a schedule."""
    return printable(text).replace(" ", HARD_SPACE)


def arrows(chain: str) -> str:
    """A chain for prose: it may be folded before its arrows only."""
    return whole(chain).replace(f"{HARD_SPACE}->", " ->")


def width(text: str) -> int:
    """How many columns of a terminal `text` takes: letters of East Asia take two, what is set over a letter none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) or c in JOINERS else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def folded(text: str, columns: int, indent: str = "", further: str | None = None) -> list[str]:
    """`text` in lines of at most `columns`, folded between words only; a word that is longer has a line of its own. Lines after
    the first begin with `further`, by default two more spaces than `indent`, which may be a label."""
    lines, further = [indent], f"{indent}{INDENT}" if further is None else further
    for word in _words(text):
        bare = not lines[-1].strip()
        if not bare and width(lines[-1]) + 1 + width(word) > columns:
            lines.append(further)
            bare = True
        lines[-1] += word if bare else f" {word}"
    return lines


def _words(text: str) -> list[str]:
    return [*filter(None, _BREAK.split(_WHOLE.sub(lambda found: whole(found[0]), text)))]


def names_in_columns(names: Sequence[str], columns: int, indent: str = INDENT) -> list[str]:
    """The names in as many columns as there is room for, read downwards."""
    for count in range(len(names), 0, -1):
        height = -(-len(names) // count)
        parts = [names[start : start + height] for start in range(0, len(names), height)]
        widths = [max(map(width, part)) for part in parts]
        if count == 1 or len(indent) + sum(widths) + len(GAP) * (len(parts) - 1) <= columns:
            rows = ([part[row] for part in parts if row < len(part)] for row in range(height))
            padded = ([_padded(*pair) for pair in zip(cells, widths, strict=False)] for cells in rows)
            return [f"{indent}{GAP.join(cells)}".rstrip() for cells in padded]
    return []


def names_in_lines(names: Sequence[str], columns: int, most: int) -> list[str]:
    """The names in columns; of more than `most` lines the first names, and how many are left out."""
    if len(lines := names_in_columns(names, columns)) <= most:
        return lines
    few = bisect_right(range(len(names)), most - 1, key=lambda few: len(names_in_columns(names[:few], columns))) - 1
    return [*names_in_columns(names[:few], columns), f"{INDENT}... and {len(names) - few} more"]


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """The items by what `key` gives, in the order in which each comes up first."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: whole cells, or `prose` that may be folded; `kept` though all its cells are the same."""

    name: str
    prose: bool = False
    kept: bool = False


def prose(name: str) -> Column:
    """A column of texts."""
    return Column(name=name, prose=True)


def kept(name: str) -> Column:
    """A column that stays although all its cells are the same: numbers, which would read as a sum."""
    return Column(name=name, kept=True)


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    style: str | None


class Table:
    """Rows below names of columns. The first column says what a row is about; it is never left out."""

    def __init__(self, *columns: str | Column) -> None:
        self._columns = [column if isinstance(column, Column) else Column(name=column) for column in columns]
        self._rows: list[_Row] = []

    def row(self, *cells: str, style: str | None = None) -> None:
        """Adds a row; `style` is its colour on a terminal."""
        whole_cells = (cell if column.prose else whole(cell.strip()) for column, cell in zip(self._columns, cells, strict=True))
        self._rows.append(_Row(tuple(whole_cells), style))

    def say(self) -> None:
        """Prints it, and an empty line after it."""
        for line, style in self._lines(room()):
            say(line, style=style)
        if self._rows:
            say()

    def lines(self, columns: int) -> list[str]:
        """What `say` prints, for that many columns."""
        return [printable(line).rstrip() for line, _ in self._lines(columns)]

    def _lines(self, columns: int) -> Iterator[tuple[str, str | None]]:
        if not self._rows:
            return
        shown, same = self._split()
        if same:
            yield from ((line, None) for line in folded(f"{_all(len(self._rows))}: {'; '.join(same)}", columns))
        if len(shown) == 1:  # what is left are names
            names = [row.cells[0] for row in self._rows]
            yield from ((line, self._rows[0].style) for line in names_in_columns(names, columns))
            return
        beside = next((n for n in range(len(shown), 1, -1) if self._widths(shown[:n], columns)), 1)
        widths = self._widths(shown[:beside], columns) if beside > 1 else None
        if widths:
            header = GAP.join(_padded(self._columns[at].name, wide) for at, wide in zip(shown, widths, strict=False))
            yield header.rstrip(), "bold"
            yield "─" * (sum(widths) + len(GAP) * (len(widths) - 1)), None
        for row in self._rows:
            yield from ((line, row.style) for line in self._laid_out(row, shown, widths, columns))

    def _split(self) -> tuple[list[int], list[str]]:
        """The columns to show, and what is the same in all rows; what is empty in all of them is neither."""
        shown, same = [0], list[str]()
        for at, column in enumerate(self._columns[1:], start=1):
            cells = {row.cells[at] for row in self._rows}
            if len(cells) == 1 and len(self._rows) > 1 and not column.kept:
                same += [f"{whole(column.name)}{HARD_SPACE}{cell}" for cell in cells if cell]
            elif cells != {""}:
                shown.append(at)
        return shown, same

    def _widths(self, shown: Sequence[int], columns: int) -> list[int] | None:
        """How wide each column becomes, or None when there is no room for them side by side."""
        parts = [self._columns[at] for at in shown]
        cells = [[row.cells[at] for row in self._rows] for at in shown]
        natural = [max(width(part.name), *map(width, texts)) for part, texts in zip(parts, cells, strict=True)]
        words = [max(LEAST_PROSE, *map(_longest, texts)) for texts in cells]
        gaps = len(GAP) * (len(shown) - 1)
        for longest in (words, [LEAST_PROSE] * len(shown)):  # as long words as there are; else these rows are laid out below
            least = [min(wide, word) if part.prose else wide for part, wide, word in zip(parts, natural, longest, strict=True)]
            if (free := columns - sum(least) - gaps) >= 0:
                lacking = max(sum(natural) - sum(least), 1)
                return [
                    narrow + min(wide - narrow, free * (wide - narrow) // lacking)
                    for wide, narrow in zip(natural, least, strict=True)
                ]
        return None

    def _laid_out(self, row: _Row, shown: Sequence[int], widths: list[int] | None, columns: int) -> Iterator[str]:
        """A row beside the others as far as there are columns, the rest of it below."""
        beside = [*zip(shown, widths or [], strict=False)]
        if not widths or any(_longest(row.cells[at]) > wide for at, wide in beside if self._columns[at].prose):
            beside = []
            yield row.cells[shown[0]]
        parts = [folded(row.cells[at], wide) if self._columns[at].prose else [row.cells[at]] for at, wide in beside]
        for level in range(max(map(len, parts), default=0)):
            cells = [part[level] if level < len(part) else "" for part in parts]
            yield GAP.join(_padded(cell, wide) for cell, (_, wide) in zip(cells, beside, strict=True))
        below = [at for at in shown[max(1, len(beside)) :] if row.cells[at]]
        yield from _below((f"{whole(self._columns[at].name)}:{HARD_SPACE}{row.cells[at]}" for at in below), columns)


def _below(pieces: Iterable[str], columns: int) -> Iterator[str]:
    """What does not fit beside a row: as many pieces a line as there is room for, with nothing between them to be copied. One
    that is wider than a line has its name on a line before."""
    line = ""
    for whole_piece in pieces:
        fits = len(INDENT) + width(whole_piece) <= columns
        piece = whole_piece if fits else whole_piece.replace(f":{HARD_SPACE}", ": ", 1)
        if line and width(line) + len(BETWEEN) + width(piece) <= columns:
            line += f"{BETWEEN}{piece}"
            continue
        if line:
            yield line
        *lines, line = folded(piece, columns, INDENT)
        yield from lines
    if line:
        yield line


def _longest(text: str) -> int:
    """The longest word of a text, indented as what follows its first line is."""
    return max((width(word) + len(INDENT) * bool(at) for at, word in enumerate(_words(text))), default=0)


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _all(rows: int) -> str:
    return "For both" if rows == 2 else f"For all {rows}"
