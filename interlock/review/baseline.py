"""What a change accepts as old, and what it takes out of the baseline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from interlock.baseline import identity
from interlock.catalog import Accepted, Catalog
from interlock.names import count
from interlock.review.remark import Remark, Topic, listed


def about_baseline(before: Catalog, after: Catalog) -> Iterator[Remark]:
    """A note for each day until which findings are accepted that were not, or not for so long, and one for what is left out."""
    was, now = ({identity(one): one for one in catalog.baseline} for catalog in (before, after))
    new: dict[tuple[bool, date], list[Accepted]] = {}
    for key, one in now.items():
        old = was.get(key)
        if old is None or old.until < one.until or old.count < one.count:
            new.setdefault((old is None, one.until), []).append(one)
    for (is_new, until), entries in sorted(new.items(), reverse=True):
        longer = "" if is_new else ", more or for longer than before"
        yield _note(f"accepts {_findings(entries)} until {until}{longer}", entries)
    if gone := [one for key, one in was.items() if key not in now]:
        yield _note(f"no longer accepts {_findings(gone)}", gone)


def _note(what: str, entries: Iterable[Accepted]) -> Remark:
    jobs: dict[str, list[str]] = {}
    for one in entries:
        jobs.setdefault(one.rule, []).append(one.subject.removeprefix("jobs."))
    text = "; ".join([what, *(f"{rule} of {listed(names)}" for rule, names in sorted(jobs.items()))])
    return Remark(topic=Topic.BASELINE, subject="baseline", text=text, is_finding=False)


def _findings(entries: Iterable[Accepted]) -> str:
    return count(sum(one.count for one in entries), "finding")
