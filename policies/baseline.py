"""The baseline of a catalog: which findings it may accept, what is wrong with it, and how it is written anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from interlock.baseline import accept, identity
from interlock.catalog import Accepted, Catalog, Job
from interlock.findings import Finding
from interlock.names import did_you_mean
from policies.rules import RULES
from policies.rules.estate import Origin

BASELINE = "baseline"
"""What a finding about the baseline itself is called."""
ANEW = ".venv/bin/interlock validate --baseline"
MAY_BE_OLD = frozenset(rule.name for rule in RULES if rule.may_be_old)
"""The rules whose findings the baseline may accept."""
Entries = Mapping[tuple[str, str], Accepted]
"""By what they accept."""
_DECIDED = frozenset(rule.name for rule in RULES if Origin.CATALOG in rule.origins)


def may_be_old(finding: Finding) -> bool:
    """Whether the baseline may accept a finding."""
    return finding.rule in MAY_BE_OLD and finding.subject.startswith("jobs.")


def is_decided_by_catalog(rule: str) -> bool:
    """Whether a catalog alone shows that a rule is broken, or is kept again; of the others only a stack or a plan does."""
    return rule in _DECIDED


def mistakes(catalog: Catalog) -> Iterator[Finding]:
    """The entries of a baseline that can accept nothing."""
    for one in catalog.baseline:
        if mistake := mistake_in(one, catalog):
            yield Finding(rule=BASELINE, subject=one.subject, message=f"{mistake}; {ANEW} takes it out", source=one.source)


def mistake_in(one: Accepted, catalog: Catalog) -> str:
    """Why an entry can accept nothing, or nothing."""
    if one.rule not in MAY_BE_OLD:
        if any(rule.name == one.rule for rule in RULES):
            return f"{one.rule} is not accepted, however long it has been so: mend it"
        return f"accepts unknown rule {one.rule!r}{did_you_mean(one.rule, MAY_BE_OLD)}"
    name = one.subject.removeprefix("jobs.")
    return "" if name in catalog.jobs else f"the catalog has no job {name!r}{did_you_mean(name, catalog.jobs)}"


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """A baseline written anew: its entries by platform, and how it differs, as entries that count the difference."""

    entries: Mapping[str, tuple[Accepted, ...]]
    added: tuple[Accepted, ...]
    renewed: tuple[Accepted, ...]
    """They had ended, and are accepted anew."""
    dropped: tuple[Accepted, ...]
    """They are mended, or could accept nothing."""
    refused: tuple[Finding, ...]
    """They may not be accepted."""


def renewal(catalog: Catalog, found: Iterable[Finding], *, today: date, until: date, owner: str | None = None) -> Renewal:
    """The baseline that accepts everything in `found`, new and old, that it may. What stays keeps its days; what is new ends
    after `until`, and belongs to `owner`, else to whoever owns the job."""
    every = [*found]
    before = {identity(one): one for one in catalog.baseline if not mistake_in(one, catalog)}
    after = {key: one for key, one in before.items() if not is_decided_by_catalog(one.rule)}
    for new in accept(filter(may_be_old, every), since=today, until=until, owner=owner or ""):
        known = before.get(identity(new), replace(new, owner=owner or _job(new, catalog).owner))
        after[identity(new)] = replace(known, count=new.count, until=until if known.until < today else known.until)
    entries: dict[str, list[Accepted]] = {}
    for one in after.values():
        entries.setdefault(_job(one, catalog).platform, []).append(one)
    return Renewal(
        entries={platform: tuple(held) for platform, held in sorted(entries.items())},
        added=_more(after, before),
        renewed=tuple(one for key, one in after.items() if key in before and before[key].until < one.until),
        dropped=_more({identity(one): one for one in catalog.baseline}, after),
        refused=tuple(one for one in every if one.rule != BASELINE and not may_be_old(one)),
    )


def _more(these: Entries, than: Entries) -> tuple[Accepted, ...]:
    """What is accepted by the first and not by the others, or more of it."""
    more = ((one, one.count - (than[key].count if key in than else 0)) for key, one in these.items())
    return tuple(replace(one, count=number) for one, number in more if number > 0)


def _job(one: Accepted, catalog: Catalog) -> Job:
    return catalog.jobs[one.subject.removeprefix("jobs.")]
