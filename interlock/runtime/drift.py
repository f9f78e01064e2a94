"""Jobs that are not what was declared: somebody changed them by hand. The coordinator says so and leaves them to a deploy.

Each tick compares, which costs no call. What it finds is logged once a day, and at once when it is other drift than was logged
that day: an object of the ledger remembers which. Logged first and remembered afterwards, so that it is said twice at worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from interlock.actual import UNREADABLE
from interlock.live import live_attributes
from interlock.parts import differing_by_digest
from interlock.runtime.events import ACTION_FAILED, JOB_DRIFTED
from interlock.runtime.ledger import drift_content, drift_name
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.report import Record, Recorder
from interlock.runtime.snapshot import Snapshot


def say_drift(outside: Outside, snapshot: Snapshot, recorder: Recorder) -> None:
    """Logs what has drifted, unless that was done today."""
    drifted = find_drift(snapshot)
    if not drifted or (name := drift_name(snapshot.now.date(), drifted)) in snapshot.objects.items:
        return
    for job, parts in drifted.items():
        why = f"not as declared: {', '.join(parts)}; run make deploy, or change the catalog"
        recorder(Record(event=JOB_DRIFTED, job=job, why=why))
    try:
        outside.patiently(partial(outside.bucket.create, name, drift_content(drifted)), about=name)
    except (Refused, Unknown) as failure:
        recorder(Record(event=ACTION_FAILED, hold=name, why=f"can't be written: {failure}"))


def find_drift(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """The parts in which declared jobs are not as declared, by job. While the declaration is younger than a tick, the deploy
    that wrote it may still be changing them."""
    declaration = snapshot.declaration
    if snapshot.is_being_deployed:
        return {}
    both = ((name, job, snapshot.jobs.get(name)) for name, job in declaration.jobs.items())
    found = {
        name: differing_by_digest(job.digests, live_attributes(actual.resource))
        for name, job, actual in both
        if actual is not None and actual.state != UNREADABLE and job.digests
    }
    return {name: parts for name, parts in found.items() if parts}
