"""A day in a line of text: one character a half hour, for terminals, comments and mail.

Only ASCII, the middle dot and block elements, which monospace fonts have at one width; no spaces, which mail would drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from interlock.timing.minutes import Day

SLOT = timedelta(minutes=30)
NOTHING, SHADED, HELD = "·", "░", "x"
HEIGHTS = ((1, "▂"), (2, "▃"), (4, "▄"), (6, "▅"), (10, "▆"), (15, "▇"))
"""Up to so many fires in the half hour, each with its character. Fixed, so that two strips can be compared."""
HIGHEST = "█"
LEGEND = (
    "One character is half an hour: · nothing, ▂ 1 fire, ▃ 2, ▄ 3 or 4, ▅ 5 or 6, ▆ 7 to 10, ▇ 11 to 15, █ more, "
    "░ closed, x closed when it would fire"
)
HOURS_LABELLED = 2


def strip(fires: Iterable[datetime], day: Day, closed: Sequence[tuple[datetime, datetime]] = ()) -> str:
    """The fires of `day`, one character for each half hour since its start; see LEGEND.

    Instants are aware; fires outside of the day don't count. `closed` are half-open intervals in which nothing fires. A half
    hour that they touch is shaded when nothing fires in it, and marked as soon as one fire falls into a closed interval.
    """
    counts, held = [0] * _slots(day), set[int]()
    for fire in fires:
        if day.start <= fire < day.end:
            slot = (fire - day.start) // SLOT
            counts[slot] += 1
            if any(start <= fire < end for start, end in closed):
                held.add(slot)
    return "".join(
        HELD if slot in held else height(count) if count else SHADED if _touched(slot, day, closed) else NOTHING
        for slot, count in enumerate(counts)
    )


def ruler(day: Day) -> str:
    """The hours above a strip, as wide as it is: those that the clocks of the day's zone show, so on the day of a change with
    a jump or a repetition."""
    line = [" "] * _slots(day)
    free = 0
    for slot in range(len(line)):
        local = (day.start + slot * SLOT).astimezone(day.zone)
        label = f"{local:%H}"
        if local.minute == 0 and local.hour % HOURS_LABELLED == 0 and free <= slot <= len(line) - len(label):
            line[slot : slot + len(label)] = label
            free = slot + len(label) + 1
    return "".join(line)


def _slots(day: Day) -> int:
    """48 on most days; a day of a change is shorter or longer. A rest (old zones have offsets in seconds) counts as one."""
    return -((day.start - day.end) // SLOT)


def _touched(slot: int, day: Day, closed: Sequence[tuple[datetime, datetime]]) -> bool:
    begin = day.start + slot * SLOT
    return any(start < min(begin + SLOT, day.end) and begin < end for start, end in closed if start < end)


def height(count: int) -> str:
    """The character for so many fires, at least one."""
    return next((character for most, character in HEIGHTS if count <= most), HIGHEST)
