"""The seasons of jobs, as the facts of a stack say them, and those of a catalog that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from interlock.seasons import Season
from interlock.terraform.facts import SEASON_ENDS
from interlock.windows import OPENINGS, read_openings
from policies.rules.estate import DECLARED, STACK, Estate, Resource
from policies.rules.rule import rule
from policies.rules.values import NOTHING, Attributes, Malformed, shown

ENDING = timedelta(days=30)
"""So long before its last day somebody should know when the next one begins."""


def season_of(job: Resource, estate: Estate) -> Season | None:
    """The season outside of which a job is held; None for a job of none."""
    name = job.facts.text("season")
    if name is None:
        return None
    openings = (estate.facts.block("seasons") or NOTHING).items(name)
    season = read_openings(name, list(openings))
    if season is None:
        raise Malformed(f"the season {shown(name)} in seasons", list(openings), OPENINGS)
    return season


@rule(
    53,
    "season",
    "A season that ends within 30 days, or has ended, is followed by one that is declared",
    kinds=(DECLARED, STACK),
    applies=lambda one: SEASON_ENDS in one.facts,
    bad="nba-2026: {from: 2026-10-20, until: 2027-06-20}  # in June 2027, and no nba-2027",
    good="nba-2027: {from: 2027-10-19, until: 2028-06-19}",
)
def season(one: Resource, estate: Estate) -> Iterator[str]:
    """A season that nobody declares does not begin: its jobs stay paused, and nothing fails. Where the days of the next one are
    not known yet, a waiver of its last entry says until when somebody will have looked."""
    ends = one.facts.block(SEASON_ENDS) or NOTHING
    for name in sorted(ends.names()):
        said = ends.block(name) or NOTHING
        last, waived = (_day(said, key) for key in ("last", "waived_until"))
        if last is None or last - estate.today > ENDING:
            continue
        if one.kind == STACK and waived is not None and estate.today <= waived:
            continue
        verb = "ends" if last >= estate.today else "ended"
        yield f"the season {name} {verb} on {last}, and its jobs stay paused from then on; declare the days of the next one"


def _day(said: Attributes, key: str) -> date | None:
    text = said.text(key)
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise Malformed(f"{key} of a season", text, "a day like 2027-06-20") from None
