"""Pieces of a comment in GitHub's Markdown: sections, rows and values. Pure.

Every text of the catalog goes through `drawing.markdown`, or through `as_html` where GitHub reads HTML, so nothing in it is
markup, calls people or links elsewhere.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from interlock.cron import zone
from interlock.drawing.markdown import code, escaped
from interlock.holds import format_end
from interlock.names import plain
from interlock.review.bodies import Edit
from interlock.review.collisions import SINCE_EVER

SHOWN_NAMES = 3
MAX_TEXT = 300
"""Characters of one value of the catalog; a body or a reason may be long."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the comment: what stands before, blocks each of which may be cut, and what stands after them."""

    name: str
    head: str
    blocks: tuple[str, ...]
    foot: str = ""

    def text(self, kept: int) -> str:
        """The section with its first `kept` blocks; nothing at all without any."""
        return "".join([self.head, *self.blocks[:kept], self.foot]) if kept else ""


def folded(name: str, title: str, head: str, blocks: Iterable[str]) -> Section:
    """A section that opens when its title is clicked. `title` is HTML."""
    opening = f"\n<details><summary>{title}</summary>\n\n{head}"
    return Section(name=name, head=opening, blocks=tuple(blocks), foot="\n</details>\n")


def columns(*names: str) -> str:
    """The head of a table."""
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}\n"


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |\n"


def as_html(text: str) -> str:
    """Text in a line that GitHub reads as HTML, where Markdown's backslashes would be seen."""
    return html.escape(plain(text, MAX_TEXT)).replace("@", "&#64;&#8203;")


def codes(names: Sequence[str]) -> str:
    """Names as code; of many only the first few."""
    return f"{', '.join(code(name) for name in names[:SHOWN_NAMES])}{and_more(names)}"


def and_more(names: Sequence[str]) -> str:
    """How many of the names are not among the first few; nothing when all are."""
    return f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""


def edit(one: Edit) -> str:
    """What an edit does: a sentence, or a key with its values."""
    what = escaped(one.what, MAX_TEXT)
    return what if one.is_sentence else f"{what} {value(one.before)} → {value(one.after)}"


def value(text: str) -> str:
    """A value of the catalog, as code."""
    return code(text, MAX_TEXT) if text else "(none)"


def dated(instant: datetime, zone_name: str) -> str:
    """An instant in a zone and in UTC, with its weekday."""
    place = zone(zone_name)
    return f"{instant.astimezone(place):%a} {format_end(instant, place, SINCE_EVER)}"
