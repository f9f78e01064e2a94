"""Words and values as people write them, wherever they are read: catalog, bucket, requests. No pydantic here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import timedelta
from functools import lru_cache

NAME = r"[a-z][a-z0-9-]{0,99}"
REGION = r"[a-z]+-[a-z]+[0-9]+"
SCHEDULER_NAME = r"[A-Za-z0-9_-]{1,500}"
"""https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#Job.FIELDS.name"""
IDENTITY = rf"{REGION}/{SCHEDULER_NAME}"
"""Of a job of Cloud Scheduler: its region and its name there."""
IDENTITY_RULE = "write region/name, as us-west2/fetch"
NAME_RULE = "a-z, 0-9 and -, beginning with a letter, at most 100"
TABLE = r"[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+"
LOCATION = r"[a-z][a-z0-9-]{1,40}"
"""Of BigQuery, in small letters: a region, `us` or `eu`."""
PROJECT = r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
"""https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin; a domain's has it in front."""
BOARD_PAGE = "board/index.html"
"""The board's page in the coordination bucket."""
EMAIL = r"[!-?A-~]{1,250}@[A-Za-z0-9.-]{1,250}"
"""An address, as tokens of Google state it."""
SEASON = rf"{NAME}(/{NAME})?"
"""What a season is called by its scope: its name, with its platform where another one has a season of that name."""
SCOPE = rf"(backfill|window|job|service|platform)/{NAME}|season/{SEASON}|table/{TABLE}|all"
JOB_SUBJECT = rf"jobs\.{NAME}"
"""A job as a finding names it."""
MAX_TEXT = 500
"""Characters of a description: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
OWN_PREFIX = "interlock-"
"""Of the names of Interlock's own timers: in no scope, never paused, and no name for anything in a catalog."""
CACHED_DURATIONS = 4096
"""A review spells the same few many thousand times."""
CUT = "..."
NEAR = 0.65
"""How alike names are, of 1, when one of them may be meant: one wrong letter of three is, two of four are not."""
UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Categories of characters that are no text: controls, marks that turn the direction of writing, halves of pairs, private."""
JOINERS = "\u200c\u200d"
"""Nobody sees them, but between two letters or pictures they make one of both: emoji of families, words of Hindi or Persian."""
JOINED = frozenset({"So", "Sk", "Lo", "Mn", "Mc"})
"""Categories of what may be joined: pictures, their colours of skin, letters without capitals, and marks over either."""
_OTHERS = re.compile(r"[^ -~]")
"""Characters that have to be looked at: of a long text that somebody made up most are none."""
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def count(number: int, word: str) -> str:
    """`1 job`, `2 jobs`, `1,000 jobs`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """`text` on one line, without characters that are no text: nothing in it moves a cursor, turns its direction or is unseen.

    All text that others wrote passes here before a terminal shows it.
    """
    if text.isascii() and text.isprintable():
        return text
    return _OTHERS.sub(lambda found: _shown(text, found.start()), text)


def unseen(text: str) -> str | None:
    """The first character of `text` that a line of text can't have: a line break, another control, one that nobody sees or that
    turns the direction of writing. None when it is one line of text."""
    if text.isprintable():
        return None
    wrong = (text[place] for place in range(len(text)) if not _is_seen(text, place))
    return next(wrong, None)


def _shown(text: str, place: int) -> str:
    character = text[place]
    return " " if character.isspace() else character if _is_seen(text, place) else ""


def _is_seen(text: str, place: int) -> bool:
    character = text[place]
    if character in JOINERS:
        around = (text[place - 1 : place], text[place + 1 : place + 2])
        return all(beside and unicodedata.category(beside) in JOINED for beside in around)
    return character == " " or (unicodedata.category(character) not in UNPRINTED and not character.isspace())


def plain(text: str, limit: int | None = None) -> str:
    """The same with single spaces between its words, and at most `limit` characters of it."""
    line = " ".join(printable(text).split())
    return line if limit is None or len(line) <= limit else line[: max(0, limit - len(CUT))] + CUT


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`; did you mean x?`, or nothing when no known name is near. Of names of the same kind, as `service/web`, what follows it
    is compared: the kind would make all of them near."""
    from difflib import get_close_matches  # here, as few commands have something to correct

    kind = name[: name.find("/") + 1]
    alike = {one.removeprefix(kind): one for one in known if one.startswith(kind)} if kind else {}
    others = {one: one for one in known if one not in alike.values()}
    for wanted, names in ((name.removeprefix(kind), alike), (name, others)):
        if near := get_close_matches(wanted, names, n=1, cutoff=NEAR):
            return f"; did you mean {names[near[0]]}?"
    return ""


@lru_cache(CACHED_DURATIONS)
def rounded(duration: timedelta) -> str:
    """For reading: 45s, 4m6s, 1h30m, 2d; the two largest units are enough."""
    left, parts = int(duration.total_seconds()), list[str]()
    for unit in "dhms":
        number, left = divmod(left, SECONDS[unit])
        if number or (unit == "s" and not parts):
            parts.append(f"{number}{unit}")
    return "".join(parts[:2])


def exact(duration: timedelta) -> str:
    """As people write it: 45s, 10m, 30h or 14d, in the largest unit that is exact."""
    if duration.microseconds:
        from decimal import Decimal

        return f"{Decimal(duration // timedelta(microseconds=1)).scaleb(-6).normalize():f}s"
    seconds = int(duration.total_seconds())
    unit = next((unit for unit in "dhm" if seconds and seconds % SECONDS[unit] == 0), "s")
    return f"{seconds // SECONDS[unit]}{unit}"
