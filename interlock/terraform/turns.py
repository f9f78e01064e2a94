"""In which turn the plans of several stacks are applied: whoever takes a job over comes before the one that lets it go, so that
at each moment, and after a deploy that was killed in between, some stack declares it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from interlock.terraform.changes import Changes, Kind

GAINS = (Kind.IMPORT, Kind.CREATE)


def turns(several: Sequence[Changes]) -> list[int]:
    """The places of these plans in the order in which they are applied: as they are given, but for what has to wait. Of two
    that exchange jobs the first goes first."""
    gained = [{one.job for one in plan.changes if one.job and (one.importing or one.kind in GAINS)} for plan in several]
    let_go = [{one.job for one in plan.changes if one.job and one.kind is Kind.FORGET} for plan in several]
    left, found = [*range(len(several))], list[int]()
    while left:
        free = (place for place in left if not any(let_go[place] & gained[other] for other in left if other != place))
        found.append(next(free, left[0]))
        left.remove(found[-1])
    return found
