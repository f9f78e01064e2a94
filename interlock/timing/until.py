"""Instants as people type them: 2h, 23:00, a date and time, or RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FORMS = (
    "write how long, like 2h, a time like 23:00, a date and time like 2026-11-24 07:00, or RFC 3339 like 2026-11-24T07:00:00Z"
)
DURATION_FORMS = "write one like 45m, 2h, 1h30m or 4d"
DAYS_AHEAD = 3
"""How far the next 02:30 is looked for; a change of the clock skips it on one day at most."""

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)")
_DURATION = re.compile(r"(?=[0-9])(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?")


def parse_duration(text: str) -> timedelta:
    """How long, of days, hours and minutes: 45m, 2h, 1h30m or 4d. ValueError with a sentence for people."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(number and int(number) for number in found.groups()):
        raise ValueError(f"{text!a} is no duration; {DURATION_FORMS}")
    days, hours, minutes = (int(number or 0) for number in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def parse_end(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that `text` states, in whole seconds, aware UTC.

    2h is that long after `now`; a time without a date is the next such time of `zone` after `now`.

    A time that comes twice is the first one after `now`; one that the clock skips is refused when a date names it, and looked
    for on the next day when none does. ValueError with a sentence for people.
    """
    if _DURATION.fullmatch(text):
        return (now + parse_duration(text)).replace(microsecond=0)
    if found := _CLOCK.fullmatch(text):
        wall = time(int(found[1]), int(found[2]))
        today = now.astimezone(zone).date()
        ahead = (instant for day in range(DAYS_AHEAD) for instant in _instants(today + timedelta(days=day), wall, zone))
        return next(instant for instant in ahead if instant > now)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!a} is no time; {FORMS}") from None
    if _LOCAL.fullmatch(text):
        instants = _instants(instant.date(), instant.time(), zone)
        if not instants:
            raise ValueError(f"{text} is skipped by the clock of {zone.key}; name another time")
        return next((each for each in instants if each > now), instants[-1])
    if instant.utcoffset() is None:
        raise ValueError(f"{text!a} has no zone; {FORMS}")
    return instant.astimezone(UTC).replace(microsecond=0)


def parse_since(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant until `now` that `text` states: how long ago (24h), or without a date the last such time of `zone`.

    ValueError with a sentence for people.
    """
    if _DURATION.fullmatch(text):
        return (now - parse_duration(text)).replace(microsecond=0)
    if found := _CLOCK.fullmatch(text):
        wall, today = time(int(found[1]), int(found[2])), now.astimezone(zone).date()
        behind = (instant for day in range(DAYS_AHEAD) for instant in _instants(today - timedelta(days=day), wall, zone)[::-1])
        return next(instant for instant in behind if instant <= now)
    if (instant := parse_end(text, now, zone)) > now:
        raise ValueError(f"{text} is in the future")
    return instant


def _instants(day: date, wall: time, zone: ZoneInfo) -> list[datetime]:
    """When the clocks of `zone` show that time on that day: once, twice, or not at all."""
    naive = datetime.combine(day, wall)
    instants = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in instants if instant.astimezone(zone).replace(tzinfo=None) == naive)
