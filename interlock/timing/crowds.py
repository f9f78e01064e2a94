"""Which jobs fire together in more than so many. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from interlock.timing.minutes import Minutes, Span


def crowds(fires: Mapping[str, Minutes], limit: int, span: Span) -> dict[tuple[str, ...], Minutes]:
    """The minutes of `span` in which more than `limit` of the jobs fire, by the jobs that do, in the order of `fires`."""
    if len(fires) <= limit:
        return {}
    more_than = [0] * (limit + 1)  # [n]: the minutes in which more than n of the jobs so far fire
    for minutes in fires.values():
        for n in range(limit, 0, -1):
            more_than[n] |= more_than[n - 1] & minutes.bits
        more_than[0] |= minutes.bits
    split: dict[tuple[str, ...], int] = {(): more_than[limit]}
    for job, minutes in fires.items():
        finer: dict[tuple[str, ...], int] = {}
        for jobs, bits in split.items():
            inside = bits & minutes.bits
            finer |= {crowd: part for crowd, part in ((jobs, bits ^ inside), ((*jobs, job), inside)) if part}
        split = finer
    return {jobs: Minutes(span=span, bits=bits) for jobs, bits in split.items()}
