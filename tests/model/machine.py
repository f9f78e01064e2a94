"""The state machine that takes the world apart: every way in which requests, clocks, people, Terraform and calls go wrong.

`Watcher` holds every call against the invariants; here are those of a request that has come to its end, and of the world
after everything has calmed down. In the words of the issue: after a reconcile with no crash no covered job is enabled and no
uncovered intended job is paused; every hold ends; the declaration is restored exactly; no missed run is run twice; timers are
never paused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from interlock.holds import parse_object_name
from interlock.runtime.checking import BREAKER_ID
from interlock.runtime.outside import OF_OPERATORS, PATIENCE
from tests.model.instance import FOREVER, MUTATIONS, Fault, Instance
from tests.model.service import BAD_REQUESTS, Outcome, Request, serve
from tests.model.terraform import BACKFILLS, EDITS, NAMESAKES, STRANGERS, TICK, Terraform, first_world
from tests.model.watcher import SKEW, windows_open
from tests.model.world import Violation, active, covered, declaration, fires, read_hold

MINUTE = timedelta(minutes=1)
BREAKER_HOLD = timedelta(minutes=30)
HELD_SCOPES = (
    "table/nba_raw.games",
    "table/nba_raw.odds",
    "service/scrapers",
    "job/load",
    "platform/nba",
    "all",
    "backfill/odds",
)
IDS = ("a", "b")
TABLES = ("nba_raw.games", "nba_raw.odds")
CALM_TICKS = 40
MOST_IN_FLIGHT = 2


@dataclass(frozen=True)
class Fate:
    """What becomes of an instance while it serves."""

    skew: timedelta = timedelta()
    dies_at: int = FOREVER
    suspended_at: int | None = None
    fault: Fault | None = None
    pace: timedelta = timedelta()
    stops: str = ""


ANY_CALL, STATES = MUTATIONS | {"list", "read"}, frozenset({"pause", "resume"})
CALLS = st.integers(1, 40)
SKEWS = st.sampled_from((timedelta(), SKEW, -SKEW))
PACES = st.sampled_from((timedelta(seconds=2), timedelta(seconds=9)))
RUNNING = st.sampled_from(("create ledger/claims/", "delete ledger/held/", "run ", "list ledger/claims/", "pause", "resume"))
"""Where an instance that makes up for runs is suspended, and one that pauses and resumes."""
FREEZES = st.sampled_from((0, 4, 17, 90, 200))
"""Minutes for which an instance is frozen, and nothing ends it."""
FATES = st.one_of(
    st.builds(Fate, skew=SKEWS),
    st.builds(Fate, skew=SKEWS, dies_at=CALLS),
    st.builds(Fate, skew=SKEWS, suspended_at=CALLS),
    st.builds(Fate, skew=SKEWS, fault=st.builds(Fault, at=CALLS, happened=st.booleans())),
    st.builds(
        Fate,
        fault=st.builds(
            Fault,
            at=CALLS,
            times=st.sampled_from((1, 2, 30)),
            code=st.sampled_from((409, 429, 503, 400)),
            kinds=st.sampled_from((ANY_CALL, STATES)),
        ),
    ),
    st.builds(
        Fate,
        skew=SKEWS,
        fault=st.builds(Fault, at=CALLS, happened=st.booleans(), kinds=st.sampled_from((frozenset({"run"}), MUTATIONS))),
    ),
    st.builds(Fate, skew=SKEWS, pace=PACES),
)
SENT = st.one_of(st.none(), st.just(Fate()), st.builds(Fate, skew=SKEWS), FATES)
STEPS = st.sampled_from((1, 3, 7, 11, 20, 29, 45, 61, 120, 241))


class Model(RuleBasedStateMachine):
    """One world, from the first deploy until everything has calmed down."""

    steps = 0
    """Of all runs; reset by who is interested."""
    lists_all = False
    """Whether instances list the bucket as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.world = first_world()
        self.mailbox: list[Request] = []
        self.in_flight: list[tuple[Instance, Request]] = []
        self.terraform: tuple[Terraform, object] | None = None
        self.declared = declaration(self.world.objects)
        self.lost_declaration: bytes | None = None
        self.unclean: set[object] = set()
        self.edited: dict[str, datetime] = {}
        self.edits: set[str] = set()
        """The jobs that Terraform changes in what it is at."""
        self.incidents = 0
        self.crashed = False
        self.failed = False

    @invariant()
    def a_step_is_taken(self) -> None:
        """Counts."""
        Model.steps += 1

    # Requests: sent, and then delivered late, twice, in another order, or never.

    @rule(
        scope=st.sampled_from(HELD_SCOPES),
        own_id=st.sampled_from(IDS),
        minutes=st.sampled_from((25, 45, 90, 300)),
        ends=st.booleans(),
        fate=SENT,
    )
    def send_hold(self, scope: str, own_id: str, minutes: int, ends: bool, fate: Fate | None) -> None:
        self._send(Request("hold", scope=scope, id=own_id, **self._end(minutes, ends)), fate)

    @rule(which=st.integers(0, 5), minutes=st.sampled_from((30, 60, 200)), ends=st.booleans(), fate=SENT)
    def send_extend(self, which: int, minutes: int, ends: bool, fate: Fate | None) -> None:
        if held := self._held(which):
            self._send(Request("extend", scope=held[0], id=held[1], **self._end(minutes, ends)), fate)

    @rule(which=st.integers(0, 5), fate=SENT)
    def send_release(self, which: int, fate: Fate | None) -> None:
        if held := self._held(which):
            self._send(Request("release", scope=held[0], id=held[1]), fate)

    @rule(table=st.sampled_from(TABLES), state=st.sampled_from(("open", "open", "closed")), says=st.booleans(), fate=SENT)
    def send_incident(self, table: str, state: str, says: bool, fate: Fate | None) -> None:
        self.incidents += 1
        opened, name = self.world.now, f"0.{self.incidents}"
        self._send(Request("incident", table=table, state=state, incident=name, opened=opened, says=says), fate)

    @rule(table=st.sampled_from(TABLES), says=st.booleans(), minutes=st.sampled_from((7, 20, 29)))
    def an_incident_comes_again_and_again(self, table: str, says: bool, minutes: int) -> None:
        if not self.in_flight:
            self.incidents += 1
            told = Request("incident", table=table, incident=f"0.{self.incidents}", opened=self.world.now, says=says)
            for time in range(6):
                self._serve(told, Fate())
                if says and time == 1:  # somebody needs it for longer than the incident does
                    self._serve(Request("extend", scope=f"table/{table}", id=BREAKER_ID, seconds=200 * 60), Fate())
                self.world.advance(minutes * MINUTE)

    @rule(which=st.integers(0, 5), fate=FATES, twice=st.booleans())
    def deliver(self, which: int, fate: Fate, twice: bool) -> None:
        if self.mailbox and len(self.in_flight) < MOST_IN_FLIGHT:
            request = self.mailbox[which % len(self.mailbox)]
            if not twice:
                self.mailbox.remove(request)
            self._serve(request, fate)

    @rule(which=st.integers(0, 5))
    def lose(self, which: int) -> None:
        if self.mailbox:
            self.mailbox.pop(which % len(self.mailbox))

    @rule(fate=FATES)
    def tick(self, fate: Fate) -> None:
        if len(self.in_flight) < MOST_IN_FLIGHT:
            self._serve(Request("reconcile"), fate)

    @rule(bad=st.sampled_from(sorted(BAD_REQUESTS)))
    def send_nonsense(self, bad: str) -> None:
        if not self.in_flight:
            instance = self._serve(BAD_REQUESTS[bad](self.world.now), Fate())
            if instance.result.outcome is not Outcome.REFUSED or instance.watcher.mutations:
                self._fail(f"a bad request is not refused, or changes something: {bad}")

    # Two at once: an instance goes on, or dies.

    @precondition(lambda self: self.in_flight)
    @rule(which=st.integers(0, 1), calls=st.one_of(CALLS, st.just(FOREVER)))
    def go_on(self, which: int, calls: int) -> None:
        instance, request = self.in_flight[which % len(self.in_flight)]
        with self._noting():
            instance.step(calls)
        self._came_back(instance, request)

    @precondition(lambda self: self.in_flight)
    @rule(which=st.integers(0, 1))
    def kill(self, which: int) -> None:
        instance, request = self.in_flight[which % len(self.in_flight)]
        with self._noting():
            instance.kill()
        self._came_back(instance, request)

    @rule(calls=CALLS, skews=st.tuples(SKEWS, SKEWS), other=st.booleans(), before=st.sampled_from((1, 7, 100)))
    def slow_around_an_end(self, calls: int, skews: tuple[timedelta, timedelta], other: bool, before: int) -> None:
        """An instance begins before a hold ends and goes on after it, while another has perhaps been and gone."""
        self.time_passes_to_an_end(-before)
        if not self.in_flight:
            self._serve(Request("reconcile"), Fate(skew=skews[0], suspended_at=calls))
            self.time_passes_to_an_end(8)
            if other:
                self._serve(Request("reconcile"), Fate(skew=skews[1]))
            if self.in_flight:
                self.go_on(0, FOREVER)

    @rule(scope=st.sampled_from(HELD_SCOPES), calls=CALLS, releases=st.booleans())
    def slow_while_what_holds_changes(self, scope: str, calls: int, releases: bool) -> None:
        """An instance holds a scope, or ticks, and goes on after another has been and gone, which released it, or held it."""
        if self.in_flight or self.terraform:
            return
        hold, release = Request("hold", scope=scope, id="slow", seconds=90 * 60), Request("release", scope=scope, id="slow")
        self._serve(hold if releases else Request("reconcile"), Fate(suspended_at=calls))
        there = any((h.scope, h.id) == hold.identity for h in active(self.world.objects, self.world.now))
        if self.in_flight and there == releases:
            self._serve(release if releases else hold, Fate())
        if self.in_flight:
            self.go_on(0, FOREVER)

    @rule(before=RUNNING, minutes=FREEZES, ticks=st.integers(0, 3), holds=st.booleans())
    def frozen(self, before: str, minutes: int, ticks: int, holds: bool) -> None:
        """A job has missed runs; an instance that makes up for them is frozen, and goes on, perhaps long after its time."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        self._serve(Request("hold", scope="job/scrape", id="frozen", seconds=240 * 60), Fate())
        self.world.advance(230 * MINUTE)
        self._serve(Request("release", scope="job/scrape", id="frozen"), Fate(stops=before))
        if self.in_flight and holds:
            self._serve(Request("hold", scope="job/scrape", id="a", seconds=300 * 60), Fate())
        for _ in range(ticks):
            self.world.advance(minutes * MINUTE / 3)
            if self.in_flight:
                self._serve(Request("reconcile"), Fate())
        self.world.advance(minutes * MINUTE)
        if self.in_flight:
            self.go_on(0, FOREVER)

    @rule(before=RUNNING, others=RUNNING, minutes=st.sampled_from((16, 40)))
    def frozen_while_another_claims(self, before: str, others: str, minutes: int) -> None:
        """The same while a second one takes the run over, and is in the middle of it, or has died there."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        self._serve(Request("hold", scope="job/scrape", id="frozen", seconds=200 * 60), Fate())
        self.world.advance(201 * MINUTE)
        self._serve(Request("reconcile"), Fate(stops=before))
        self.world.advance(minutes * MINUTE)
        if self.in_flight:
            self._serve(Request("reconcile"), Fate(stops=others))
            self.go_on(0, FOREVER)
            if self.in_flight:
                self.go_on(0, FOREVER)

    @rule(calls=st.integers(1, 14), seconds=st.sampled_from((20, 1000)))
    def slow_while_an_opening_is_released(self, calls: int, seconds: int) -> None:
        """Between two of its listings, say."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        window = self.declared["windows"]["morning"]
        start = next(at for at in fires(window["schedule"], window["time_zone"]) if at > self.world.now)
        self.world.advance(start + timedelta(seconds=seconds) - self.world.now)
        own_id = f"{start:%Y%m%dT%H%M%SZ}"
        self._serve(Request("reconcile"), Fate())
        self._serve(Request("reconcile"), Fate(suspended_at=calls))
        self._serve(Request("release", scope="window/morning", id=own_id), Fate())
        if self.in_flight:
            self.go_on(0, FOREVER)

    @rule(seconds=st.sampled_from((30, 900)), again=st.booleans())
    def a_released_opening_is_made_longer(self, seconds: int, again: bool) -> None:
        """By a deploy; the coordinator looks on, until the longer one is over."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        window = self.declared["windows"]["morning"]
        start = next(at for at in fires(window["schedule"], window["time_zone"]) if at > self.world.now)
        self.world.advance(start + timedelta(seconds=seconds) - self.world.now)
        self._serve(Request("release", scope="window/morning", id=f"{start:%Y%m%dT%H%M%SZ}"), Fate())
        self.apply(None, (), 30, "longer", True)
        for minutes in (40, 20, 30, 60):
            self.world.advance(minutes * MINUTE)
            self._serve(Request("reconcile"), Fate())
        if again:
            self.apply(None, (), 30, "longer", True)

    @rule(calls=st.integers(1, 20), minutes=st.sampled_from((60, 200)))
    def slow_while_a_hold_is_extended(self, calls: int, minutes: int) -> None:
        """One that holds a job by its contents alone. It may be gone between being listed and being read."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        name = f"holds/table/nba_raw.odds/x@{self._whole(50):%Y-%m-%dT%H:%M:%SZ}.json"
        if any((h.scope, h.id) == ("table/nba_raw.odds", "x") for h in active(self.world.objects, self.world.now)):
            return
        self.world.put(name, {"jobs": ["load", "daily"]})
        self._serve(Request("reconcile"), Fate())
        self._serve(Request("reconcile"), Fate(suspended_at=calls))
        self._serve(Request("extend", scope="table/nba_raw.odds", id="x", seconds=minutes * 60), Fate())
        if self.in_flight:
            self.go_on(0, FOREVER)

    @rule(scope=st.sampled_from(HELD_SCOPES), hours=st.sampled_from((2, 4)))
    def extended_on_and_on(self, scope: str, hours: int) -> None:
        """Until the longest hold is over, and somewhat longer."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        self._serve(Request("hold", scope=scope, id="long", seconds=300 * 60), Fate())
        for _ in range(16 // hours):
            self.world.advance(timedelta(hours=hours))
            self._serve(Request("extend", scope=scope, id="long", seconds=300 * 60), Fate())

    @rule(pace=st.sampled_from((2, 4)).map(lambda seconds: timedelta(seconds=seconds)), calls=st.integers(26, 43), skew=SKEWS)
    def an_end_comes_while_runs_are_made_up_for(self, pace: timedelta, calls: int, skew: timedelta) -> None:
        """Two holds end within minutes; the runs of the first are being made up for when the second ends."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        first, second = self._whole(200), self._whole(204)
        self._serve(Request("hold", scope="service/scrapers", id="a", until=first), Fate())
        self._serve(Request("hold", scope="job/load", id="b", until=second), Fate())
        self.time_passes_to(second - calls * pace)
        self._serve(Request("reconcile"), Fate(skew=skew, pace=pace))

    # Time, with every timer of it lost unless a tick is delivered.

    @rule(minutes=STEPS)
    def time_passes(self, minutes: int) -> None:
        self.world.advance(minutes * MINUTE)

    def time_passes_to(self, instant: datetime) -> None:
        """Until then, if that is to come."""
        if instant > self.world.now:
            self.world.advance(instant - self.world.now)

    @rule(after=st.sampled_from((-8, -3, 0, 3, 8)))
    def time_passes_to_an_end(self, after: int) -> None:
        ends = [h.end for h in active(self.world.objects, self.world.now)]
        if ends and (step := min(ends) + timedelta(seconds=after) - self.world.now) > timedelta():
            self.world.advance(step)

    @rule(job=st.sampled_from(("scrape", "daily", "load")), after=st.sampled_from((-8, -3, 0, 3, 8, 70)))
    def time_passes_to_a_fire(self, job: str, after: int) -> None:
        truth = self.world.jobs[job]
        at = next(t for t in fires(truth.schedule, truth.zone) if t > self.world.now + MINUTE)
        self.world.advance(at + timedelta(seconds=after) - self.world.now)

    # Terraform: toggles and catalog edits, applied at once, or a write at a time, or not to the end.

    @rule(
        mode=st.sampled_from((True, True, False, None)),
        names=st.sampled_from((BACKFILLS, BACKFILLS[:1], BACKFILLS[1:])),
        minutes=st.sampled_from((30, 75, 240)),
        edit=st.sampled_from(("", "", *EDITS)),
        at_once=st.booleans(),
    )
    def apply(self, mode: bool | None, names: tuple[str, ...], minutes: int, edit: str, at_once: bool) -> None:
        if self.terraform or self.lost_declaration is not None:
            return
        planned = Terraform(self.world, self._declared_now(), mode=mode, names=names, end=self._whole(minutes), edit=edit)
        if planned.refused:
            return
        old, new = self.declared["jobs"], planned.declared["jobs"]
        self.edits = {job for job in old.keys() | new.keys() if old.get(job) != new.get(job)}
        self.edited |= dict.fromkeys(self.edits, self.world.now)
        self.declared = planned.declared
        self.unclean.add(planned)
        self.terraform = (planned, planned.writes())
        if at_once:
            self.apply_goes_on(FOREVER)

    @precondition(lambda self: self.terraform)
    @rule(writes=st.sampled_from((1, 2, FOREVER)))
    def apply_goes_on(self, writes: int) -> None:
        _, rest = self.terraform
        self.edited |= dict.fromkeys(self.edits, self.world.now)  # what is declared changes with one of these writes
        for _ in range(min(writes, 100)):
            if next(rest, rest) is rest:
                self.terraform = None
                return

    @precondition(lambda self: self.terraform)
    @rule()
    def apply_dies(self) -> None:
        self.terraform = None
        self.declared = self._declared_now()

    # What people and accidents do.

    @rule(job=st.sampled_from(("scrape", "daily", "off")), state=st.sampled_from(("ENABLED", "PAUSED")))
    def somebody_clicks(self, job: str, state: str) -> None:
        if self.world.jobs[job].state != "ABSENT":
            self.world.set_state(job, state, "console")
            self.edited[job] = self.world.now
            self.unclean.add("console")

    @rule(how=st.sampled_from(("name", "scope", "date", "jobs", "content")))
    def somebody_writes_an_object(self, how: str) -> None:
        end = f"{self._whole(50):%Y-%m-%dT%H:%M:%SZ}"
        name = {
            "name": "holds/nonsense",
            "scope": f"holds/platform/nhl/x@{end}.json",
            "date": "holds/job/load/x@2026-02-30T00:00:00Z.json",
            "jobs": f"holds/job/load/x@{end}.json",
            "content": f"holds/table/nba_raw.odds/x@{end}.json",
        }[how]
        for instance, request in self.in_flight:  # a release that has looked already can't know of it
            if (hold := parse_object_name(name)) is not None and request.identity == (hold.scope, hold.id):
                instance.overlapped = True
        self.world.put(
            name,
            {"jobs": {"jobs": ["interlock-tick", "legacy", "no-such-job", "load"]}, "content": b"\xff{"}.get(how, {"jobs": []}),
        )

    @rule(which=st.integers(0, 9), marks=st.booleans())
    def somebody_seals_an_object(self, which: int, marks: bool) -> None:
        """A hold, a flag or a mark is written anew, and nobody else can read it."""
        kinds = ("ledger/held/",) if marks else ("holds/", "backfills/")
        names = sorted(name for name in self.world.objects if name.startswith(kinds) and "nonsense" not in name)
        if names and not self.in_flight and not self.terraform:
            name = names[which % len(names)]
            self.world.seal(name)
            if marks:
                self.edited[name.removeprefix("ledger/held/").removesuffix(".json")] = self.world.now

    @rule(which=st.integers(0, 9), hours=st.sampled_from((2, 4)))
    def a_mark_is_sealed_and_its_hold_is_released(self, which: int, hours: int) -> None:
        """Runs are missed in between."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        self._serve(Request("hold", scope="all", id="sealed", seconds=300 * 60), Fate())
        self.somebody_seals_an_object(which, True)
        self.world.advance(timedelta(hours=hours))
        self._serve(Request("release", scope="all", id="sealed"), Fate())

    @rule(content=st.sampled_from((None, b"", b"{}", b'{"version": 1, "jobs": {}}')))
    def declaration_is_lost(self, content: bytes | None) -> None:
        if self.terraform or self.lost_declaration is not None:
            return
        self.lost_declaration = self.world.objects["declaration/current.json"][1]
        if content is None:
            self.world.take("declaration/current.json")
        else:
            self.world.put("declaration/current.json", content)

    @precondition(lambda self: self.lost_declaration is not None)
    @rule()
    def declaration_is_back(self) -> None:
        self.world.put("declaration/current.json", self.lost_declaration)
        self.lost_declaration = None

    # How a request is served, and what must be true when it has been.

    def _send(self, request: Request, fate: Fate | None) -> None:
        """Into the mailbox, or with a fate to an instance at once."""
        if fate is None or len(self.in_flight) >= MOST_IN_FLIGHT:
            self.mailbox.append(request)
        else:
            self._serve(request, fate)

    def _end(self, minutes: int, ends: bool) -> dict[str, object]:
        return {"until": self._whole(minutes)} if ends else {"seconds": minutes * 60}

    def _whole(self, minutes: int) -> datetime:
        return (self.world.now + minutes * MINUTE).replace(microsecond=0)

    def _held(self, which: int) -> tuple[str, str] | None:
        held = sorted({(h.scope, h.id) for h in active(self.world.objects, self.world.now) if h.name.startswith("holds/")})
        return held[which % len(held)] if held else None

    def _declared_now(self) -> dict:
        return json.loads(self.world.objects["declaration/current.json"][1])

    def _serve(self, request: Request, fate: Fate) -> Instance:
        instance = Instance(
            world=self.world,
            operation=request.action,
            identity=request.identity,
            skew=fate.skew,
            pace=fate.pace,
            stops=fate.stops,
            incident=request.incident,
            fault=fate.fault,
            dies_at=fate.dies_at,
            lists_all=self.lists_all,
            overlapped=bool(self.in_flight),
        )
        for other, _ in self.in_flight:
            other.overlapped = True
        self.unclean.add(instance)
        if request.incident:
            self.world.told.setdefault(request.incident, self.world.now)
        budget = FOREVER if fate.stops else fate.suspended_at
        if budget is not None:
            self.in_flight.append((instance, request))
        with self._noting():
            instance.start(lambda: serve(instance, request), budget)
        self._came_back(instance, request)
        return instance

    def _came_back(self, instance: Instance, request: Request) -> None:
        if not instance.done:
            return
        self.in_flight = [pair for pair in self.in_flight if pair[0] is not instance]
        if instance.dead:
            self.crashed = True
            return
        if instance.error is not None:
            self.failed = True
            raise instance.error
        self._check_patience(instance, request)
        answer = instance.result
        if answer.outcome is Outcome.CLEAN:
            if instance.is_late:  # nobody waits for what it answers, and it says what was true when it looked
                return
            self.unclean.discard(instance)
            self._check_answer(instance, request)
            if not self.in_flight and not self.terraform:
                self._check_jobs(instance)
        elif answer.outcome is Outcome.FAILED:
            self.crashed = True
            self._check_failure_is_due(instance, answer)
        elif instance.watcher.mutations:
            self._fail(f"{request} is refused, and changed something")

    def _check_patience(self, instance: Instance, request: Request) -> None:
        """Of those whose calls take no time: all that passed was waited."""
        patience = PATIENCE if request.action == "reconcile" else PATIENCE / OF_OPERATORS
        if not instance.was_suspended and not instance.pace and self.world.now - instance.started > patience:
            self._fail(f"{request} waited for longer than {patience}")

    def _check_failure_is_due(self, instance: Instance, answer) -> None:
        fault = instance.fault
        broken = self.lost_declaration is not None or instance.overlapped or self.terraform or instance.is_late
        short = fault and fault.code in (409, 429, 503) and fault.times <= 2 and fault.kinds == STATES
        if not broken and (fault is None or not instance.faulted or short):
            self._fail(f"{instance.operation} fails for no reason: {answer.why}")

    def _check_answer(self, instance: Instance, request: Request) -> None:
        if instance.overlapped or request.identity is None or request.action == "reconcile":
            return
        said = [h for h in active(self.world.objects, instance.now()) if (h.scope, h.id) == request.identity]
        said = [h for h in said if h.name.startswith("holds/")]
        if request.action == "release" and said:
            self._fail(f"{said[0].name} was released, and is still there")
        if request.action in ("hold", "extend") and not (said and said[0].end >= request.end(instance.started + instance.skew)):
            self._fail(f"{request} was answered with yes, and the hold is not there")
        is_new = request.opened is not None and self.world.now < request.opened + BREAKER_HOLD - SKEW
        if request.action == "incident" and request.state == "open" and is_new and not said:
            self._fail(f"{request} opened, and its table is not held")
        prefix = f"holds/{request.identity[0]}/{request.identity[1]}@"
        found = [read_hold(n, content) for n, (_, content) in self.world.objects.items() if n.startswith(prefix)]
        # Of one whose end has passed by the fastest clock another instance may have taken no notice.
        names = [hold.name for hold in found if hold is not None and hold.end > self.world.now + SKEW]
        if len(names) > 1 and not self.crashed:
            self._fail(f"holds stack: {names}")

    def _check_jobs(self, instance: Instance) -> None:
        said = declaration(self.world.objects)
        if said is None:
            return
        margin = SKEW if instance.overlapped else timedelta()
        surely = covered(instance.watcher.answered_for(), (self.world.now + margin) if margin else instance.now())
        maybe = covered(self.world.objects, (self.world.now - margin) if margin else instance.now())
        for name, job in said["jobs"].items():
            state = self.world.jobs[name].state
            if state == "ENABLED" and (name in surely or job["paused"]) and not self._touched_since(instance, name):
                why = "is paused by declaration" if job["paused"] else "is covered"
                self._fail(f"{name} {why} and is enabled after a {instance.operation} that went well")
            if state == "PAUSED" and name not in maybe and not job["paused"] and not self._touched_since(instance, name):
                self._fail(f"{name} is held by nothing and is paused after a {instance.operation} that went well")

    def _touched_since(self, instance: Instance, job: str) -> bool:
        """Whether somebody who did not see it through to the end paused or resumed it after the instance had listed it."""
        listed = instance.watcher.listed_jobs.get(self.world.jobs[job].region, 0)
        return any(at > listed and name == job and who in self.unclean for at, name, who in self.world.job_writes)

    # The end of every run: everything calms down.

    def teardown(self) -> None:
        """Lets everything come to its end, passes the end of every hold, and looks at what is left."""
        calm = not self.failed
        for instance, request in list(self.in_flight):
            if calm:
                with self._noting():
                    instance.step()
                self._came_back(instance, request)
            else:
                instance.dead = True
                instance.step()
        if calm:
            self._calm_down()

    def _calm_down(self) -> None:
        if self.terraform:
            self.apply_goes_on(FOREVER)
        if self.lost_declaration is not None:
            self.declaration_is_back()
        self.apply(None, (), 30, "", True)
        ends = [hold.end for hold in active(self.world.objects, self.world.now) if hold.scope.partition("/")[0] != "window"]
        if ends:
            self.world.advance(max(ends) + timedelta(seconds=1) - self.world.now)
        for _ in range(CALM_TICKS):
            self._serve(Request("reconcile"), Fate())
            if not windows_open(self.declared, self.world.now) and not self._waits():
                break
            self.world.advance(TICK)
        self._check_the_end()

    def _waits(self) -> bool:
        """Whether something still has to be caught up or taken away."""
        return any(
            name.startswith(("ledger/held/", "ledger/released/", "holds/")) and "nonsense" not in name and "02-30" not in name
            for name in self.world.objects
        )

    def _check_the_end(self) -> None:
        for name, content in self.world.objects.items():
            if name.startswith("holds/") and not name.startswith(("holds/nonsense", "holds/job/load/x@2026-02-30")):
                self._fail(f"{name} did not end")
            if name.startswith(("ledger/held/", "ledger/released/")):
                self._fail(f"{name} is left")
            if name.startswith("ledger/claims/") and not self.crashed:
                self._fail(f"{name} is left: {content[1].decode()}")
        for name, job in self.declared["jobs"].items():
            if self.world.jobs[name].state != ("PAUSED" if job["paused"] else "ENABLED"):
                self._fail(f"{name} is not as it is declared")
            if not job["paused"] and job["catch_up"] == "latest":
                self._check_caught_up(name)
        namesakes = {f"{region}/{name}": state for name, (region, state) in NAMESAKES.items()}
        for name, state in (STRANGERS | namesakes).items():
            if self.world.jobs[name].state != state:
                self._fail(f"{name} is not as it was")

    def _check_caught_up(self, name: str) -> None:
        job = self.world.jobs[name]
        known = [
            at
            for at, on_the_ledger in job.missed.items()
            if on_the_ledger and at > self.edited.get(name, datetime.min.replace(tzinfo=UTC))
        ]
        claimed = any(n.startswith(f"ledger/claims/{name}@") for n in self.world.objects)
        if known and not claimed and not any(at >= max(known) for at, _ in job.attempts):
            self._fail(f"{name} missed a run at {max(known)}, and nothing caught up")

    def _fail(self, message: str) -> None:
        self.failed = True
        raise Violation(f"{message} ({self.world.now})")

    def _noting(self) -> _Noting:
        return _Noting(self)


class _Noting:
    """Notes that a run has failed, so that its end is not held against more."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *_: object) -> None:
        self.model.failed = self.model.failed or kind is not None
