"""Whether what is declared does anything: it is used, it is started, it covers a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policies.rules.estate import DECLARED, Resource
from policies.rules.rule import WRITTEN, rule
from policies.rules.values import NOTHING

SHOWN = 3
"""Names in a sentence."""


def of(*sections: str) -> Callable[[Resource], bool]:
    """For a rule about the entries of these sections."""
    return lambda entry: entry.name.partition(".")[0] in sections


def listed(names: tuple[str, ...]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


@rule(
    44,
    "unused",
    "A service and a retry profile are used",
    kinds=(DECLARED,),
    origins=WRITTEN,
    applies=of("services", "retry_profiles"),
    bad="services:\n  importer: {kind: run}  # and no job or processor of it",
    good="jobs:\n  orders: {target: {service: importer, ...}, ...}",
)
def unused(entry: Resource) -> Iterator[str]:
    """Every reference leads to a name that is declared. A name that nothing leads to was meant by a reference that leads to
    another one, or by an entry that was lost: a hold of such a service holds nothing. A retry profile has no waivers."""
    if not entry.facts.number("users"):
        whose = "no job or processor is of it" if entry.name.startswith("services.") else "no job says it"
        yield f"{whose}; take it out, or name it where it is meant"


@rule(
    45,
    "started",
    "Something starts a processor that the jobs of its service forgot, or whose tables a backfill protects",
    kinds=(DECLARED,),
    origins=WRITTEN,
    applies=of("processors"),
    bad="processors:\n  orders: {service: importer, tables: {raw.orders: [mutate]}}  # and no job runs it",
    good="jobs:\n  orders: {runs: [orders], target: {service: importer}, ...}",
)
def started(processor: Resource) -> Iterator[str]:
    """A backfill holds the jobs that lead to a writer of what it protects. Where no job leads to one, by `runs` and `after`, it
    holds nothing for it. What is started from outside of the catalog is waived, with what starts it."""
    if processor.facts.flag("is_started"):
        return
    name, idle = processor.name.partition(".")[2], processor.facts.texts("idle_jobs")
    protected = processor.facts.block("protected") or NOTHING
    why = [f"backfill/{one}, which protects {listed(protected.texts(one))}, holds no job for it" for one in protected.names()]
    if idle:
        why.append(f"is `runs: [{name}]` missing in {listed(idle)}, of its service?")
    if why:
        yield f"no job runs it and it is after nothing: {'; '.join(why)}"


@rule(
    46,
    "circle",
    "No completion message comes back to the processor that sent it",
    kinds=(DECLARED,),
    origins=WRITTEN,
    applies=of("processors"),
    bad="processors:\n  a: {after: [b], ...}\n  b: {after: [a], ...}",
    good="processors:\n  a: {...}\n  b: {after: [a], ...}",
)
def circle(processor: Resource) -> Iterator[str]:
    """Processors that start one another never end, whatever is paused."""
    name, way = processor.name.partition(".")[2], processor.facts.texts("circle")
    if way and name == min(way):
        yield f"its completion message starts it again: {' -> '.join((name, *way))}; take out one `after`"


@rule(
    47,
    "covers",
    "A backfill and each scope of a window cover a job",
    kinds=(DECLARED,),
    origins=WRITTEN,
    applies=of("backfills", "windows"),
    bad="backfills:\n  orders: {tables: {raw.orders: [mutate]}, protect: [inputs], ...}  # it reads nothing",
    good="protect: [outputs]",
)
def covers(entry: Resource) -> Iterator[str]:
    """A backfill that covers no job can be turned on, and pauses nothing: everybody thinks that its tables are kept still."""
    if entry.name.startswith("backfills."):
        if not entry.facts.number("covers"):
            tables = listed(entry.facts.texts("protects"))
            why = (
                f"no job that it does not keep leads to a writer of {tables} that meets it"
                if tables
                else "it protects no table"
            )
            yield f"covers 0 jobs: {why}; mend its tables, its `protect` or the `runs` of jobs"
        return
    covered = entry.facts.block("covers") or NOTHING
    for scope in covered.names():
        if not covered.number(scope):
            yield f"{scope} covers 0 jobs; take it out, or name another scope"


@rule(
    48,
    "keep",
    "A backfill keeps jobs that it would hold otherwise",
    kinds=(DECLARED,),
    origins=WRITTEN,
    applies=of("backfills"),
    bad="keep: [{job: revenue-mail, reason: ...}]  # which leads to no table of the backfill",
    good="keep: [{job: orders-late, reason: ...}]",
)
def keep(backfill: Resource) -> Iterator[str]:
    """A `keep` without effect was meant for another job, or is left from a chain that is gone: it would let the job run, for a
    reason of then, as soon as it leads there again."""
    if jobs := backfill.facts.texts("idle_keeps"):
        them = "it" if len(jobs) == 1 else "them"
        yield f"keeps {listed(jobs)}, which it would not hold anyway; take {them} out, or name another"
