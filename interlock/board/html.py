"""HTML by hand: text of strangers stays text, and every instant is a `<time>` that a script says in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from interlock.holds import format_end, format_instant
from interlock.names import MAX_TEXT, plain


def text(said: str, limit: int = MAX_TEXT) -> str:
    """Text of ours or of strangers: one line, cut, escaped, and whatever its direction is it turns nothing around it."""
    return escape(plain(said, limit))


def foreign(said: str, limit: int = MAX_TEXT) -> str:
    """What strangers wrote, kept apart in its direction, too."""
    return f"<bdi>{text(said, limit)}</bdi>"


def attribute(said: str) -> str:
    """The same as the value of an attribute, with its quotes, and never cut."""
    return f'"{escape(plain(said))}"'


def link(anchor: str, shown: str | None = None) -> str:
    """To something on the page."""
    return f"<a href={attribute('#' + anchor)}>{foreign(shown or anchor)}</a>"


def links(kind: str, names: Iterable[str]) -> str:
    """To several things of a kind, as a list."""
    items = (f"<li>{link(kind + '/' + name, name)}</li>" for name in names)
    return f'<ul class="names">{"".join(items)}</ul>'


def command(line: str) -> str:
    """A command to copy. Without scripts it is there to be read."""
    return f'<div class="cmd"><code tabindex="0">{text(line, 2000)}</code><button type="button" hidden>Copy</button></div>'


class Clock:
    """Instants as people read them, at `now`: in the usual zone of the jobs and in UTC."""

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self._zone, self._now = zone, now

    def both(self, at: datetime) -> str:
        """In both zones, as every command writes it."""
        local, _, utc = format_end(at, self._zone, self._now).partition(" (")
        beside = f' <span class="utc">({utc}</span>' if utc else ""
        return f'<time datetime="{format_instant(at)}">{local}</time>{beside}'

    def short(self, at: datetime) -> str:
        """In one zone, where the other is said beside it."""
        return f'<time datetime="{format_instant(at)}">{format_end(at, self._zone, self._now).partition(" (")[0]}</time>'

    def plain(self, at: datetime) -> str:
        """Without markup."""
        return format_end(at, self._zone, self._now)
