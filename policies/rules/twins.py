"""Jobs that do the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import combinations

from interlock.cron import Cron
from interlock.timing.minutes import Minutes
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.rule import rule
from policies.rules.schedules import fires
from policies.rules.starts import Met, Starter, names_of, starters, waived, words_of
from policies.rules.targets import canonical_body
from policies.rules.values import NOTHING, Malformed, Unresolved


@rule(
    9,
    "twin",
    "No two jobs do the same at the same time, on the clock of one zone or of two",
    kinds=(JOB,),
    bad='gap-filler and gap-filler-v2, both POST /fill {} at "15 6 * * *", the one in New York and the other in UTC',
    good="one of them; the other under `removed`",
)
def twin(job: Resource, estate: Estate) -> Iterator[str]:
    """A job is set up anew under another name, or in another zone, and the old one stays: on the NBA platform two that fill
    gaps "drift by 4-7h", and five triggers graded the same games. So jobs are twins that call the same with the same body and
    sometimes start in one minute, and those that start at the same time of the day in two zones. A waiver of either of two
    jobs counts for both."""
    if job.address not in estate.once(_deeds):  # may be one that can't be read
        fires(job)
        _does(job)
    met = estate.once(twins).get(job.address, {})
    at_once = {other: times for other, times in met.items() if times}
    if at_once:
        from interlock.timing.days_in_words import ALWAYS

        words = words_of(job, at_once, estate)
        when = "sometimes in the same minute" if words == ALWAYS else f"in the same minute {words}"
        yield f"does what {_named(at_once, estate)}, with the same body, and {when}; remove one of them"
    if others := met.keys() - at_once.keys():
        when = "at the same wall time in another zone"
        yield f"does what {_named(others, estate)}, with the same body, {when}; remove one of them"


def _named(others: Iterable[str], estate: Estate) -> str:
    """The jobs at these addresses, and that they do something."""
    names = sorted(estate.once(starters)[other].job.name for other in others)
    return f"{names_of(names)} {'does' if len(names) == 1 else 'do'}"


def twins(estate: Estate) -> dict[str, Met]:
    """By address, the jobs that do the same as one: sometimes in its minute, or at no common minute and at the same time of the
    day in another zone. Less those that waive it."""
    return {address: met for _, found in estate.once(_twins).values() for address, met in found.items()}


def _twins(estate: Estate) -> dict[str, tuple[list[Starter], dict[str, Met]]]:
    """The same by what they do, each with all that do it."""
    known = estate.once(starters)
    alike: dict[str, list[Starter]] = {}
    for address, does in estate.once(_deeds).items():
        alike.setdefault(does, []).append(known[address])
    before = {} if estate.like is None else estate.like.once(_twins)
    return {
        does: before[does] if does in before and before[does][0] == same else (same, _among(same, estate))
        for does, same in alike.items()
    }


def _among(same: Sequence[Starter], estate: Estate) -> dict[str, Met]:
    found: dict[str, Met] = {}
    meet = _who_meet(same)
    for one, other in combinations(same, 2):
        may_meet = one.job.address in meet and other.job.address in meet
        times = one.starts & other.starts if may_meet else Minutes(span=one.starts.span, bits=0)
        if times or _on_two_clocks(one, other):
            for mine, theirs in ((one, other), (other, one)):
                if not waived(theirs.job, twin, estate):
                    found.setdefault(mine.job.address, {})[theirs.job.address] = times
    return found


def _who_meet(same: Sequence[Starter]) -> set[str]:
    """The addresses of those that start in a minute of any other: most do not, and need no look at each of the others."""
    one = several = 0
    for starter in same:
        several |= one & starter.starts.bits
        one |= starter.starts.bits
    return {starter.job.address for starter in same if starter.starts.bits & several}


def _on_two_clocks(one: Starter, other: Starter) -> bool:
    """Whether both start at the same time of the day, in two zones."""
    return one.key[1] != other.key[1] and _clock(one.key[0]) == _clock(other.key[0])


@lru_cache
def _clock(schedule: str) -> tuple[object, ...]:
    """What a schedule says of the clock and the calendar of its zone, however it is written."""
    cron = Cron.read(schedule)
    return cron.times, cron.days, cron.months, cron.weekdays, cron.either_day


def _deeds(estate: Estate) -> dict[str, str]:
    """By address, what a job does."""
    before = {} if estate.like is None else estate.like.once(_deeds)
    found: dict[str, str] = {}
    for address, starter in estate.once(starters).items():
        if estate.like is not None and address not in estate.changed:
            if address in before:
                found[address] = before[address]
            continue
        with suppress(Malformed, Unresolved):
            if (does := _does(starter.job)) is not None:
                found[address] = does
    return found


def _does(job: Resource) -> str | None:
    """What a job calls, and with what; None when it calls nothing. In a catalog it has no URL yet: a service and a path."""
    http, topic = job.attributes.block("http_target") or NOTHING, job.attributes.block("pubsub_target") or NOTHING
    where = http.text("uri") or topic.text("topic_name")
    if where is None and (service := job.facts.text("service")):
        where = service + (job.facts.text("path") or "")
    labels = topic.block("attributes") or NOTHING
    told = sorted((name, labels.text(name)) for name in labels.names())
    return repr((where, http.text("http_method") or "POST", told, canonical_body(job))) if where else None
