"""A day in a line of text: one character a half hour, or an hour where that is too wide, for terminals, comments and mail.

Only ASCII, the middle dot and block elements, which monospace fonts have at one width; no spaces, which mail would drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from interlock.timing.minutes import Day

SLOT = timedelta(minutes=30)
WIDE_SLOT = timedelta(hours=1)
NOTHING, SHADED, HELD = "·", "░", "x"
HEIGHTS = ((1, "▂"), (2, "▃"), (4, "▄"), (6, "▅"), (10, "▆"), (15, "▇"))
"""Up to so many fires in the half hour, each with its character. Fixed, so that two strips can be compared."""
HIGHEST = "█"
_CHARACTERS = (
    "· nothing, ▂ 1 fire, ▃ 2, ▄ 3 or 4, ▅ 5 or 6, ▆ 7 to 10, ▇ 11 to 15, █ more, ░ closed, x closed when it would fire"
)
LEGEND = f"One character is half an hour: {_CHARACTERS}"
WIDE_LEGEND = f"One character is an hour: {_CHARACTERS}"
HOURS_LABELLED = 2


def strip(fires: Iterable[datetime], day: Day, closed: Sequence[tuple[datetime, datetime]] = (), slot: timedelta = SLOT) -> str:
    """The fires of `day`, one character for each half hour, or each `slot`, since its start; see LEGEND.

    Instants are aware; fires outside of the day don't count. `closed` are half-open intervals in which nothing fires. A slot
    that they touch is shaded when nothing fires in it, and marked as soon as one fire falls into a closed interval.
    """
    counts, held = [0] * slots(day, slot), set[int]()
    for fire in fires:
        if day.start <= fire < day.end:
            at = (fire - day.start) // slot
            counts[at] += 1
            if any(start <= fire < end for start, end in closed):
                held.add(at)
    return "".join(
        HELD if at in held else height(count) if count else SHADED if _touched(at, day, closed, slot) else NOTHING
        for at, count in enumerate(counts)
    )


def ruler(day: Day, slot: timedelta = SLOT) -> str:
    """The hours above a strip, as wide as it is: those that the clocks of the day's zone show, so on the day of a change with
    a jump or a repetition."""
    line = [" "] * slots(day, slot)
    free = 0
    for at in range(len(line)):
        local = (day.start + at * slot).astimezone(day.zone)
        label = f"{local:%H}"
        if local.minute == 0 and local.hour % HOURS_LABELLED == 0 and free <= at <= len(line) - len(label):
            line[at : at + len(label)] = label
            free = at + len(label) + 1
    return "".join(line)


def slots(day: Day, slot: timedelta = SLOT) -> int:
    """48 on most days; a day of a change is shorter or longer. A rest (old zones have offsets in seconds) counts as one."""
    return -((day.start - day.end) // slot)


def _touched(at: int, day: Day, closed: Sequence[tuple[datetime, datetime]], slot: timedelta) -> bool:
    begin = day.start + at * slot
    return any(start < min(begin + slot, day.end) and begin < end for start, end in closed if start < end)


def height(count: int) -> str:
    """The character for so many fires, at least one."""
    return next((character for most, character in HEIGHTS if count <= most), HIGHEST)
