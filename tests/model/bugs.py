"""The planted bugs: mistakes that somebody could make in the core, and the seed of the model that finds each.

When the core's text changes, the table says which entry no longer fits: plant the same mistake in the new text, and let
`python -m tests.model.search` look for a seed again.
"""

from __future__ import annotations

from tests.model.plant import Bug


def _bug(name: str, where: str, was: str, becomes: str, seed: int = 0) -> Bug:
    return Bug(name=name, where=where, was=was, becomes=becomes, seed=seed)


_PAUSE_FIRST = "if step.verb:\n            outside.patiently(lambda: call(job.region, job.name))\n        if step.mark:"
_DELETE_FIRST = "for older in self._names(objects, hold):\n        self._delete(objects.items[older.object_name])\n    "
_CREATE = "if self._create(longer.object_name, hold_content(longer)):"

HOLDS = (
    _bug("an end is ignored", "holds:active", "if hold.end > now and", "if", 0),
    _bug("an end is included", "holds:active", "hold.end > now", "hold.end >= now", 4),
    _bug("a scope is widened to all", "holding:Holding._covers", "self._members(hold.scope)", "self._members('all')", 0),
    _bug(
        "the jobs of a scope are only those at creation",
        "holding:Holding._covers",
        "job in self._members(hold.scope) or ",
        "",
        4,
    ),
    _bug("an expired flag is deleted", "runtime.steps:leftovers", " or hold.is_flag", "", 1),
    _bug("holds are deleted before their end", "runtime.steps:leftovers", "objects.now - MAX", "objects.now + 60 * MAX", 0),
    _bug("ended holds stay", "runtime.steps:leftovers", "elif hold.end <= over:", "elif False:", 0),
)
JOBS = (
    _bug("a job is paused before the ledger says so", "runtime.reconcile:_take", "if step.mark:", _PAUSE_FIRST, 0),
    _bug("the ledger is not written", "runtime.reconcile:_take", "if step.mark:", "if False:", 0),
    _bug("a job that is declared paused wakes", "runtime.steps:_step", "if held_by or job.paused:", "if held_by:", 0),
    _bug(
        "a refusal that passes is not waited out",
        "runtime.outside:Outside.patiently",
        "failure.code in passing if",
        "False if",
        4,
    ),
)
MOVES = (
    _bug(
        "what holds is not looked at again",
        "runtime.reconcile:_round",
        "moved = reader.flags_and_holds() != objects.flags_and_holds or reader.declaration()[1] != declared_in",
        "moved = False",
        0,
    ),
    _bug("what has moved does not matter", "runtime.reconcile:_round", "repeat=moved or to_be_seen", "repeat=to_be_seen", 31),
)
WINDOWS = (
    _bug(
        "an opening that was released opens anew",
        "runtime.operations:_Operation._release",
        'if hold.scope.startswith("window/"):',
        "if False:",
        17,
    ),
    _bug("a window ends its duration after it is noticed", "windows:openings", "end=fire + ", "end=start + ", 0),
    _bug("a window's id is when it is noticed", "windows:openings", "start=fire,", "start=start,", 0),
)
REQUESTS = (
    _bug("an extension deletes before it writes", "runtime.operations:_Operation._extend", _CREATE, _DELETE_FIRST + _CREATE, 3),
    _bug("an extension leaves the old name", "runtime.operations:_Operation._extend", "if older.end < end:", "if False:", 5),
    _bug(
        "a release leaves a name", "runtime.operations:_Operation._release", "for name in names:", "for name in names[1:]:", 3
    ),
    _bug("the breaker stacks holds", "runtime.operations:_Operation._trip", "elif end > held[0].end:", "else:", 3),
    _bug(
        "the longest hold is not checked",
        "runtime.requests:end_of",
        "if end > _whole(now) + declaration.max_hold:",
        "if False:",
        5,
    ),
    _bug(
        "the shortest hold is not checked",
        "runtime.requests:end_of",
        "if _whole(now) + shortest - slack > end:",
        "if False:",
        3,
    ),
    _bug(
        "an unknown scope is not refused",
        "runtime.requests:checked_hold",
        "if request.scope not in declaration.scopes:",
        "if False:",
        2,
    ),
)
RUNS = (
    _bug(
        "whose mark it was does not matter",
        "runtime.catchup_runs:_Maker._make",
        "if not self._bucket.delete(mark):",
        "if self._bucket.delete(mark) is None:",
        5,
    ),
    _bug(
        "a run is made without a claim",
        "runtime.catchup_runs:_Maker._make",
        "if not self._bucket.create(claim.object_name, content):",
        "if False:",
        1,
    ),
    _bug(
        "nothing is caught up",
        "runtime.reconcile:reconcile",
        "catch_up(reader, last.snapshot, recorder)",
        "pass",
        0,
    ),
    _bug("what is skipped is run", "runtime.catchup:Traffic.decide", 'job.catch_up == "skip" or ', "", 1),
    _bug(
        "the last attempt is ignored",
        "runtime.catchup:missed_fires",
        "max(since, last_attempt + datetime.resolution)",
        "since",
        1,
    ),
    _bug("a consumer does not wait", "runtime.catchup:Traffic._why_not", "self._producers(job) or ", "", 3),
    _bug("a service takes any number of starts", "runtime.catchup:Traffic._why_not", " or self._budget(job)", "", 3),
    _bug("a run is made into a window", "runtime.catchup:Traffic._why_not", "self._next_window(job) or ", "", 8),
)
BUGS = (*HOLDS, *JOBS, *MOVES, *WINDOWS, *REQUESTS, *RUNS)
