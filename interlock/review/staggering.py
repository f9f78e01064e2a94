"""A proposal of other minutes for a catalog: the search, the rules that it keeps, and a whole look at what comes out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from interlock.catalog import Catalog
from interlock.drawing.stagger import with_former_crons
from interlock.findings import ORDER, Finding, accepted
from interlock.review.order import Orders, inversions
from interlock.review.remark import Remark, Topic
from interlock.review.rule_findings import new_findings
from interlock.timing.costs import Costs, Pair
from interlock.timing.placing import Limits, PlacingSearch, StaggerRules, greedy, moved
from interlock.timing.shifts import shifted
from interlock.timing.year import Year

Staggered = Callable[[Catalog, date], StaggerRules]
"""What a proposal of other minutes for a catalog on a day has to keep."""
MOST_OFFERED = 10
"""Jobs for which a review looks for a better minute: of a platform that moves whole, `interlock stagger` says it."""
NO_BETTER = "no minute is better within its hour and the rules"
WELL_BETTER, NOBODY = 0.7, 0.02
"""Of what is expected of a job at its minute: what is left at a better one, and what is as good as nothing."""
MOST_LOOKS = 25
"""Whole looks at a proposal: each forbids what broke a rule. More would say that there is something that we don't see."""
MOST_TRIES = 2
"""Moves of a job that broke something: after so many it stays."""
NOTICED = 0.5
"""Of what was expected of two jobs: so much has to be gone for saying that they no longer meet."""
LEAST_SHARE = 0.002
"""Of all that is expected, for a meeting to be named."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """A job that starts so many minutes later, or earlier, and what that changes."""

    job: str
    by: int
    old: str
    new: str
    gain: float
    """The share of all that is expected today that it takes away, after the moves before it."""
    leaves: tuple[str, ...]
    """Whom it no longer meets, most first."""
    meets: tuple[str, ...]
    """Whom it meets now."""
    follows: tuple[str, ...]
    """The producers that it starts after again, as it did once."""
    followed: tuple[str, ...]
    """The consumers that start after it again."""
    too_early: float
    """How many more consumers a week start before their producers are done."""
    better: int | None
    """By how many minutes it would be best without the rules; None where that is no better."""
    forbidden: str
    """The rule that forbids that."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Moves in the order in which they help most, and the catalog that they make. `left` is the share of today's conflicts and
    lost order that stays."""

    moves: tuple[Move, ...]
    after: Catalog
    left: float


class Staggering:
    """Proposals for a catalog on a day, within `limits`."""

    def __init__(self, catalog: Catalog, today: date, limits: StaggerRules) -> None:
        self.catalog, self.today, self.limits = catalog, today, limits
        self._at = datetime.combine(today, time(), UTC)
        self._orders = Orders(self._at)
        self._may: dict[str, tuple[int, ...]] = {}
        self.costs = Costs(catalog, with_former_crons(catalog), Year(first=today).span)

    def propose(self, jobs: Collection[str] | None = None, most: int | None = None) -> Proposal:
        """The moves that are worth it, of those jobs only if some are named, and at most so many."""
        forbidden: dict[str, set[int]] = {}
        found = dict[str, int]()
        for _ in range(MOST_LOOKS):
            found = self._search(jobs, forbidden)
            found = dict([*((job, found[job]) for job, _ in greedy(self.costs, found))][:most])
            if not found:
                break
            if not (wrong := self._wrong(found)):
                break
            for job in wrong:
                forbidden.setdefault(job, set()).add(found[job])
        else:
            found = {}
        return self._proposal(found)

    def _search(self, jobs: Collection[str] | None, forbidden: dict[str, set[int]]) -> dict[str, int]:
        allowed = {}
        for name in sorted(self.catalog.jobs):
            if len(forbidden.get(name, ())) >= MOST_TRIES:
                continue
            if name in self.costs.neighbours and (jobs is None or name in jobs):
                may = [by for by in self._allowed(name) if by not in forbidden.get(name, ())]
                if len(may) > 1:
                    allowed[name] = may
        limits = Limits(allowed=allowed, apart=lambda pair: self.limits.apart(pair).forbidden, together=self.limits.together)
        return PlacingSearch(self.costs, limits).run()

    def _allowed(self, name: str) -> tuple[int, ...]:
        """By how many minutes a job may be moved, whatever the others do."""
        if name not in self._may:
            moves = self.limits.moves(self.catalog.jobs[name])
            self._may[name] = tuple(by for by, why in moves.items() if not why)
        return self._may[name]

    def _wrong(self, found: dict[str, int]) -> list[str]:
        """The moves that break a rule, or put a consumer before its producer; one a finding."""
        after = moved(self.catalog, found)
        wrong = []
        for finding in new_findings(*self.limits.around(after, found), {}):
            wrong += (concerned(finding, found) or [*found][-1:])[:1]
        for one in inversions(self.catalog, after, self._at, {}, self._orders):
            if accepted(ORDER, (one.producer, one.consumer), after, self.today) is None:
                wrong += [job for job in (one.consumer, one.producer) if job in found][:1]
        return list(dict.fromkeys(wrong))

    def _proposal(self, found: dict[str, int]) -> Proposal:
        whole = self.costs.total({})
        moves, state, before = list[Move](), dict[str, int](), whole
        for job, left in greedy(self.costs, found):
            moves.append(self._move(job, found, state, (before - left) / whole, whole))
            state[job], before = found[job], left
        return Proposal(moves=tuple(moves), after=moved(self.catalog, found), left=before / whole if whole else 1.0)

    def _move(self, job: str, found: dict[str, int], state: dict[str, int], gain: float, whole: float) -> Move:
        then = {**state, job: found[job]}
        change: dict[str, float] = {}
        early, mended = 0.0, list[Pair]()
        for pair in self.costs.neighbours[job]:
            old, new = self._apart(pair, state), self._apart(pair, then)
            other = pair[0] if pair[1] == job else pair[1]
            was, now = self.costs.conflicts(pair, old), self.costs.conflicts(pair, new)
            if abs(was - now) > NOTICED * max(was, now) and abs(was - now) > LEAST_SHARE * whole:
                change[other] = now - was
            if self.costs.is_order(pair):
                early += self.costs.early(pair, new) - self.costs.early(pair, old)
                mended += [pair] * (self.costs.lost(pair, new) < self.costs.lost(pair, old))
        better, why = self.better(job, found)
        after = moved(self.catalog, found).jobs[job]
        return Move(
            job=job,
            by=found[job],
            old=self.catalog.jobs[job].schedule.text,
            new=after.schedule.text,
            gain=gain,
            leaves=tuple(sorted((one for one, by in change.items() if by < 0), key=lambda one: (change[one], one))),
            meets=tuple(sorted((one for one, by in change.items() if by > 0), key=lambda one: (-change[one], one))),
            follows=tuple(producer for producer, consumer in mended if consumer == job),
            followed=tuple(consumer for producer, consumer in mended if producer == job),
            too_early=early,
            better=better,
            forbidden=why,
        )

    def better(self, job: str, state: dict[str, int]) -> tuple[int | None, str]:
        """Where a job would be best whatever the rules say, and which of them forbids that; None where that is no better."""
        here = state.get(job, 0)
        costs = {by: self.costs.at(job, by, state) for by in self.limits.moves(self.catalog.jobs[job])}
        least = min(costs, key=lambda by: (costs[by], abs(by), by), default=here)
        if not costs or costs[here] - costs[least] <= LEAST_SHARE * self.costs.total(state):
            return None, ""
        return least, self.forbids(job, least, state)

    def forbids(self, job: str, by: int, state: dict[str, int]) -> str:
        """What forbids a move; nothing where nothing does."""
        if why := self.limits.moves(self.catalog.jobs[job]).get(by, ""):
            return why
        for other in self.limits.together.get(job, ()):
            pair = (job, other) if job < other else (other, job)
            if why := self.limits.apart(pair).rule(self._apart(pair, {**state, job: by})):
                return f"{why}, as of {other}"
        return ""

    def best(self, name: str) -> str | None:
        """Where one job would be well better within the rules, all others as they are, as a clause; None where it is well."""
        if name not in self.costs.neighbours or (here := self.costs.at(name, 0, {})) <= 0:
            return None
        job = self.catalog.jobs[name]
        allowed = [by for by in self._allowed(name) if not self.forbids(name, by, {})]
        by = min(allowed, key=lambda one: (self.costs.at(name, one, {}), abs(one), one), default=0)
        left = self.costs.at(name, by, {}) / here
        if left > WELL_BETTER:
            return None
        what = "it meets nobody" if left < NOBODY else f"it meets {left:.2f} x as much"
        minutes = ", ".join(f":{minute:02}" for minute in sorted(minute + by for minute in job.schedule.minutes))
        return f'at {minutes} {what} (schedule: "{shifted(job.schedule.text, by)}")'

    @staticmethod
    def _apart(pair: Pair, state: dict[str, int]) -> int:
        return state.get(pair[1], 0) - state.get(pair[0], 0)


def about_better_minutes(
    jobs: Collection[str], meeting: Collection[str], catalog: Catalog, today: date, staggered: Staggered | None
) -> Iterator[Remark]:
    """A note for each of some jobs that would meet fewer others at another minute of its hour; and of those that are `meeting`
    others where that is a finding, that there is no such minute."""
    if staggered is None or not 0 < len(jobs) <= MOST_OFFERED:
        return
    search = Staggering(catalog, today, staggered(catalog, today))
    for job in sorted(jobs):
        if (found := search.best(job)) is not None:
            yield Remark(topic=Topic.BETTER, subject=job, text=found, is_finding=False)
        elif job in meeting or f"jobs.{job}" in meeting:
            yield Remark(topic=Topic.BETTER, subject=job, text=NO_BETTER, is_finding=False)


def concerned(finding: Finding, moves: Mapping[str, int]) -> list[str]:
    """The moved jobs that a finding is about: its subject first, then those that it names."""
    subject = finding.subject.removeprefix("jobs.")
    return [job for job in sorted(moves, key=lambda job: (job != subject, job)) if job == subject or job in finding.message]
