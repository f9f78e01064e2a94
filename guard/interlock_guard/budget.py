"""How long something may take. Pure."""

from __future__ import annotations


def check_deadline(deadline: float | None) -> None:
    """ValueError unless it is a number of seconds that somebody may wait, or None for what is usual."""
    if deadline is not None and (isinstance(deadline, bool) or not isinstance(deadline, (int, float)) or not deadline > 0):
        raise ValueError(f"deadline is {deadline!r}; it is the number of seconds that this may take, more than 0")
