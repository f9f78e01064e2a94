"""The planted bugs: mistakes that somebody could make in the core, and the seed of the model that finds each.

When the core's text changes, the table says which entry no longer fits: plant the same mistake in the new text, and let
`python -m tests.model.search` look for a seed again.
"""

from __future__ import annotations

from tests.model.plant import Bug


def _bug(name: str, where: str, was: str, becomes: str, seed: int = 0) -> Bug:
    return Bug(name=name, where=where, was=was, becomes=becomes, seed=seed)


_PAUSE_FIRST = "if step.verb:\n            outside.patiently(lambda: call(job.region, job.name))\n        if step.mark:"
_DELETE_FIRST = "for older in self._names(objects, hold):\n            self._delete(objects.items[older.object_name])\n        "
_CREATE = "if self._create(hold_name(hold.scope, hold.id, end), content):"

HOLDS = (
    _bug("an end is ignored", "holds:active", "if hold.end > now and", "if"),
    _bug("an end is included", "holds:active", "hold.end > now", "hold.end >= now"),
    _bug("the earliest end of an identity wins", "holds:active", "hold.end > latest[key].end", "hold.end < latest[key].end"),
    _bug("a scope is widened to all", "holds:covers", "scopes.get(hold.scope, ())", "scopes.get('all', ())"),
    _bug("the jobs at a hold's creation are forgotten", "holds:covers", "job in hold.jobs or ", ""),
    _bug("the jobs of a scope are only those at creation", "holds:covers", " or job in scopes.get(hold.scope, ())", ""),
    _bug("an expired flag is deleted", "plan:leftovers", " or name.startswith(FLAG_PREFIX)", ""),
    _bug("holds are deleted before their end", "plan:leftovers", "objects.now - MAX", "objects.now + 60 * MAX"),
    _bug("ended holds stay", "plan:leftovers", "elif hold.end <= over:", "elif False:"),
)
JOBS = (
    _bug("a job is paused before the ledger says so", "reconcile:_take", "if step.mark:", _PAUSE_FIRST),
    _bug("the ledger is not written", "reconcile:_take", "if step.mark:", "if False:"),
    _bug("a job that is declared paused wakes", "plan:_step", "if held_by or job.paused:", "if held_by:"),
    _bug(
        "what moved meanwhile is not looked at", "reconcile:_round", "moved = reader.holding() != objects.holding or", "moved ="
    ),
    _bug("a new declaration is not looked at", "reconcile:_round", " or reader.declaration()[1] != declared_in", ""),
    _bug("the clock is not looked at again", "reconcile:_round", "active(objects.holds, outside.clock())", "objects.active"),
    _bug("a refusal that passes is not waited out", "outside:Outside.patiently", "failure.code in passing if", "False if"),
)
WINDOWS = (
    _bug("a window ends its duration after it is noticed", "windows:openings", "end=fire + ", "end=start + "),
    _bug("a window's id is when it is noticed", "windows:openings", "start=fire,", "start=start,"),
    _bug("a tombstone is ignored", "plan:windows_to_open", "(*objects.holds, *objects.released)", "objects.holds"),
    _bug(
        "a window is released without a tombstone",
        "operations:_Operation._release",
        'if hold.scope.startswith("window/"):',
        "if False:",
    ),
)
REQUESTS = (
    _bug("an extension deletes before it writes", "operations:_Operation._extend", _CREATE, _DELETE_FIRST + _CREATE),
    _bug("an extension leaves the old name", "operations:_Operation._extend", "if older.end < end:", "if False:"),
    _bug("an extension forgets jobs", "operations:_Operation._extend", "hold.jobs | set(", "set("),
    _bug("a release leaves a name", "operations:_Operation._release", "for name in names:", "for name in names[1:]:"),
    _bug("the breaker stacks holds", "operations:_Operation._trip", "elif end > held[0].end:", "else:"),
    _bug("the longest hold is not checked", "requests:end_of", "if end > _whole(now) + declaration.max_hold:", "if False:"),
    _bug("the shortest hold is not checked", "requests:end_of", "if _whole(now) + shortest > end:", "if False:"),
    _bug(
        "an unknown scope is not refused", "requests:checked_hold", "if request.scope not in declaration.scopes:", "if False:"
    ),
)
RUNS = (
    _bug(
        "whose mark it was does not matter",
        "claims:_Maker._make",
        "if not self._bucket.delete(mark):",
        "if self._bucket.delete(mark) is None:",
    ),
    _bug(
        "a run is made without a claim",
        "claims:_Maker._make",
        "if not self._bucket.create(claim.object_name, content):",
        "if False:",
    ),
    _bug("a run without an answer is repeated", "claims:_Maker._make", "unanswered=False", "unanswered=True"),
    _bug("nothing is caught up", "reconcile:reconcile", "if not last.moved:", "if False:"),
    _bug("what is skipped is run", "catchup:Traffic.decide", 'job.catch_up == "skip" or ', ""),
    _bug("a fire at the end of a hold is forgotten", "catchup:Traffic.decide", "self._just_now(job, last)", "False"),
    _bug("the clock of who made the mark is trusted", "catchup:Traffic.decide", "since - MAX_CLOCK_SKEW", "since"),
    _bug("the last attempt is ignored", "catchup:missed_fires", "max(since, last_attempt + datetime.resolution)", "since"),
    _bug("a consumer does not wait", "catchup:Traffic._why_not", "self._producers(job) or ", ""),
    _bug("a service takes any number of starts", "catchup:Traffic._why_not", " or self._budget(job)", ""),
    _bug("a run is made into a window", "catchup:Traffic._why_not", "self._next_window(job) or ", ""),
)
BUGS = (*HOLDS, *JOBS, *WINDOWS, *REQUESTS, *RUNS)
