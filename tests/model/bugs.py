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
    _bug("an end is included", "holds:active", "hold.end > now", "hold.end >= now", 13),
    _bug(
        "a scope is widened to all", "holding:Holding._members", "self.scopes.get(scope, ())", "self.scopes.get('all', ())", 0
    ),
    _bug(
        "the jobs of a scope are only those at creation",
        "holding:_Index._scopes",
        "if scope in self._by_scope",
        "if False",
        0,
    ),
    _bug("an expired flag is deleted", "runtime.steps:leftovers", " or hold.is_flag", "", 32),
    _bug("holds are deleted before their end", "runtime.steps:leftovers", "objects.now - MAX", "objects.now + 60 * MAX", 9),
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
        13,
    ),
)
MOVES = (
    _bug(
        "what holds is not looked at again",
        "runtime.reconcile:_round",
        "moved = not reader.stands_still(declared_in, objects)",
        "moved = False",
        11,
    ),
    _bug("what has moved does not matter", "runtime.reconcile:_round", "repeat=moved or to_be_seen", "repeat=to_be_seen", 37),
)
WINDOWS = (
    _bug(
        "an opening that was released opens anew",
        "runtime.operations:_Operation._release",
        "if start is not None and start <= objects.now + 2 * MAX_CLOCK_SKEW:",
        "if False:",
        17,
    ),
    _bug("a window ends its duration after it is noticed", "windows:openings", "end=fire + ", "end=start + ", 3),
    _bug("a window's id is when it is noticed", "windows:openings", "start=fire,", "start=start,", 2),
)
REQUESTS = (
    _bug("an extension deletes before it writes", "runtime.operations:_Operation._extend", _CREATE, _DELETE_FIRST + _CREATE, 0),
    _bug("an extension leaves the old name", "runtime.operations:_Operation._extend", "if older.end < end:", "if False:", 0),
    _bug(
        "a release leaves a name", "runtime.operations:_Operation._release", "for name in names:", "for name in names[1:]:", 3
    ),
    _bug("the breaker stacks holds", "runtime.operations:_Operation._trip", "if end > held[0].end:", "if True:", 27),
    _bug(
        "the longest hold is not checked",
        "runtime.checking:end_of",
        "if end > _whole(now) + declaration.max_hold:",
        "if False:",
        18,
    ),
    _bug(
        "the shortest hold is not checked",
        "runtime.checking:end_of",
        "if _whole(now) + shortest - slack > end:",
        "if False:",
        3,
    ),
    _bug(
        "an unknown scope is not refused",
        "runtime.checking:_check_scope",
        "if scope not in declaration.scopes:",
        "if False:",
        15,
    ),
)
RUNS = (
    _bug(
        "whose mark it was does not matter",
        "runtime.catchup_runs:_Maker._make",
        "if not self._bucket.delete(mark):",
        "if self._bucket.delete(mark) is None:",
        6,
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
    _bug("what is skipped is run", "runtime.catchup:Traffic.decide", 'job.catch_up == "skip" or ', "", 10),
    _bug(
        "the last attempt is ignored",
        "runtime.catchup:missed_fires",
        "max(since, last_attempt + datetime.resolution)",
        "since",
        26,
    ),
    _bug("a consumer does not wait", "runtime.catchup:Traffic._why_not", "self._producers(job) or ", "", 5),
    _bug("a service takes any number of starts", "runtime.catchup:Traffic._why_not", " or self._budget(job)", "", 12),
    _bug("a run is made into a window", "runtime.catchup:Traffic._why_not", "self._next_window(job) or ", "", 113),
)
_BY_IDENTITY = """job.identity: job for job in listed}
    return {name: found[one] for name, one in declaration.identities.items() if one in found}"""
_BY_NAME = """job.name: job for job in listed}
    return {name: found[name] for name in declaration.jobs if name in found}"""

RACES = (
    _bug(
        "the ledger is listed before the holds",
        "runtime.snapshot:Reader.objects",
        "(FLAG_PREFIX, HOLD_PREFIX, LEDGER_PREFIX)",
        "(LEDGER_PREFIX, FLAG_PREFIX, HOLD_PREFIX)",
        17,
    ),
    _bug(
        "a tombstone goes although its opening has been made longer",
        "runtime.steps:leftovers",
        "if is_over and (hold.scope, hold.id) not in still_open:",
        "if is_over:",
        2,
    ),
    _bug(
        "what ends while runs are made up for is not looked at again",
        "runtime.reconcile:reconcile",
        "if last.snapshot.holding.active_at(outside.clock()) == last.snapshot.holding.active:",
        "if True:",
        13,
    ),
    _bug("a job of the same name in another region is ours", "runtime.snapshot:_declared", _BY_IDENTITY, _BY_NAME),
    _bug(
        "the claim of another is withdrawn",
        "runtime.catchup_runs:_Maker._withdraw",
        " and self._reader.content(item) == content",
        "",
        17,
    ),
    _bug(
        "what is gone as it is read is empty",
        "runtime.snapshot:Reader._content_of",
        "return self.content(item)",
        "return self.content(item) or b''",
        21,
    ),
    _bug(
        "the claim of an instance at work is cleared away",
        "runtime.ledger:in_progress",
        "now < claim.claimed + CLAIM_PATIENCE",
        "False",
        3,
    ),
)
LATE = (
    _bug("a claim may be of any age", "runtime.catchup_runs:_Maker._make", "> RUN_WITHIN", "> 99 * RUN_WITHIN", 50),
    _bug(
        "a run that was not started is forgotten",
        "runtime.catchup_runs:_Maker._make",
        " and self._is_put_back(claim, mark)",
        "",
        7,
    ),
    _bug(
        "a request that outlives its timeout goes on", "runtime.reconcile:_changed", "if outside.is_overdue:", "if False:", 59
    ),
    _bug("people wait as long as timers", "runtime.outside:Outside.begun", "self.patience / share", "self.patience", 47),
    _bug(
        "a hold can be extended for ever",
        "runtime.checking:checked_extension",
        "latest_end(hold, declaration, now)",
        "now + declaration.max_hold",
        10,
    ),
    _bug(
        "an incident that comes again and again holds for ever",
        "runtime.operations:_Operation._trip",
        "if incident.started is None and first is not None:",
        "if False:",
        43,
    ),
)
UNREADABLE = (
    _bug("an object that can't be read stops everything", "runtime.snapshot:Reader._content_of", "return failure", "raise", 79),
    _bug(
        "a mark that can't be read is none",
        "runtime.snapshot:Reader.held_since",
        "None if content is None else",
        "None if not isinstance(content, bytes) else",
        12,
    ),
)
BUGS = (*HOLDS, *JOBS, *MOVES, *WINDOWS, *REQUESTS, *RUNS, *RACES, *LATE, *UNREADABLE)
