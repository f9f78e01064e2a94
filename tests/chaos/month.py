"""What happens when in the virtual month: requests, deploys, failures, the clock's steps, and the looks at what came of it."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from interlock.holds import FLAG_ID
from local.emulator import HOST, attempts
from local.emulator.faults import Faults
from local.emulator.server import Emulator, Server
from local.emulator.services import services
from local.environment import ACCOUNT, for_command
from tests.chaos.fleet import Fleet
from tests.chaos.truth import State, Truth, claims, openings
from tests.e2e.deployment import Deployment, clean_environ, local_environment
from tests.e2e.granting import prepare
from tests.e2e.live import OPERATOR, TICK, Answer, Live, written
from tests.model.world import active, covered, declaration
from tests.providers import provider_of

START = datetime(2026, 3, 7, 0, 1, tzinfo=UTC)
"""In the month that follows the clocks of New York and of Europe go forward."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CALM_EVERY = 12 * HOUR
TRIES = 6
"""Looks within which everything has to settle once nothing fails any more."""
LAST_HOURS = 30
"""Ticks go on after the month until nothing is held."""
COLUMNS = 110
CLAIM_AGE = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a step of the clock, ten minutes as a rule, comes with what; shares of one."""

    hold: float = 0.03
    extend: float = 0.008
    release: float = 0.015
    command: float = 0.008
    flag: float = 0.008
    breaker: float = 0.005
    redeploy: float = 0.003
    kill: float = 0.02
    freeze: float = 0.02
    together: float = 0.02
    look: float = 0.3

    def times(self, factor: float) -> Pace:
        """As often again, for a run of hours."""
        return Pace(**{name: min(share * factor, 0.5) for name, share in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The deployed platform on the stand-in, served by a fleet."""

    live: Live
    emulator: Emulator
    fleet: Fleet
    log: list[str]

    def state(self) -> State:
        """What there is now."""
        bucket = local_environment().bucket
        store, kept = self.emulator.store, {}
        with store.transaction():
            for meta in store.objects(bucket):
                name = meta["name"]
                if name.startswith("coordinator/"):
                    continue
                found = store.object(bucket, name)
                assert found is not None
                kept[name] = (int(meta["generation"]), found[1])
            jobs = {name.rpartition("/")[2]: job["state"] for name, job in store.under(attempts.JOBS, "")}
        return State(now=self.emulator.runtime.clock.now(), objects=kept, jobs=jobs)


@contextmanager
def serve(folder: Path, *, seed: int, planted: Callable[[Path], None] = lambda _: None) -> Iterator[Cloud]:
    """The cloud whose state is in `folder`, as tests/e2e serve it, with a fleet in the place of its functions. What instances
    print is kept here and not in the cloud's log: a month of it would cost more than the month."""
    with ExitStack() as stack:
        emulator = Emulator(folder / "cloud", services(), enabled=())
        stack.callback(emulator.close)
        server = stack.enter_context(Server(emulator, 0))
        url, runtime, log = f"http://{HOST}:{server.server_port}", emulator.runtime, list[str]()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        stack.callback(server.shutdown)
        runtime.logged = lambda _function, line, _stream: log.append(line)
        fleet = Fleet(
            store=emulator.store,
            folder=folder / "cloud" / "functions",
            environment=runtime._environment,
            logged=lambda function, line, stream: runtime.logged(function, line, stream),
            may_invoke=runtime.may_invoke,
            emulator=emulator,
            rng=random.Random(f"fleet {seed}"),  # noqa: S311
            planted=planted,
        )
        runtime.functions = fleet
        deployer = prepare(url, local_environment())
        provider = stack.enter_context(provider_of(url, account=deployer))
        environ = clean_environ() | {ACCOUNT: deployer}
        environ = for_command(environ, url=url, provider=provider.variables, state=folder)
        environ |= {"TF_IN_AUTOMATION": "1", "CI": "1", "COLUMNS": "200"}
        deployment = Deployment(folder=folder / "work", url=url, faults=Faults(), environ=environ)
        yield Cloud(live=Live(deployment=deployment), emulator=emulator, fleet=fleet, log=log)


@dataclass
class Month:
    """One run. `until` is when it has to come to its end, by time.monotonic."""

    cloud: Cloud
    seed: int
    length: timedelta
    pace: Pace
    until: float
    says: Callable[[str], None] = lambda _: None
    truth: Truth = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    ended: datetime = START

    def __post_init__(self) -> None:
        self.rng = random.Random(f"month {self.seed}")  # noqa: S311
        self.live, self.fleet, self.runtime = self.cloud.live, self.cloud.fleet, self.cloud.emulator.runtime
        self.truth = Truth(began=START)
        self._threads: list[threading.Thread] = []
        self._thaws: list[tuple[datetime, int]] = []
        self._read = 0
        self._seen_attempts = 0
        self._flags_sure: set[str] = set()
        self._n = 0

    @property
    def now(self) -> datetime:
        """Virtual time."""
        return self.runtime.clock.now()

    # the run

    def run(self) -> bool:
        """Goes through it; whether every invariant held."""
        self.runtime.clock.set(START)
        self._seen_attempts = len(self.runtime.attempts)
        self.fleet.wake()
        self._calm()
        end, calm = START + self.length, START + CALM_EVERY
        while self.now < end and time.monotonic() < self.until and not self.truth.violations:
            self._step(timedelta(minutes=self.rng.randint(4, 16), seconds=self.rng.randint(0, 59)))
            if self.now >= calm:
                self._calm()
                calm = self.now + CALM_EVERY
        self.ended = self.now
        if not self.truth.violations:
            self._come_to_rest()
        return not self.truth.violations

    def _step(self, by: timedelta) -> None:
        self._act()
        self._advance(by)
        for at, number in [*self._thaws]:
            if at <= self.now:
                self._thaws.remove((at, number))
                self._thaw(number)
        if self.rng.random() < self.pace.look:
            self._look()

    def _thaw(self, number: int) -> None:
        for instance in self.fleet.frozen:
            if instance.number == number:
                self.truth.let_go()
                self.fleet.note(f"instance {number} goes on")
                instance.thaw()
        if self.rng.random() < 0.5:
            self.fleet.wait_idle()

    def _advance(self, by: timedelta) -> None:
        to = self.now + by
        if not attempts.advance(self.runtime, to):
            self.truth.wrong(self.now, "the clock does not get on: a request neither ends nor is given up")
        for instance in self.fleet.frozen:
            if instance.number not in {number for _, number in self._thaws}:
                after = self.rng.choice((MINUTE, 3 * MINUTE, 7 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR))
                self._thaws.append((self.now + after, instance.number))
        self._follow()
        self.says(self.line())

    def _follow(self) -> None:
        """Shows the truth what was attempted and printed since."""
        tried, found = [], list(self.runtime.attempts)
        for attempt in found[self._seen_attempts :]:
            name = attempt["job"].rpartition("/")[2]
            if name.startswith("interlock-"):
                self.counts["ticks and openings"] += 1
            else:
                tried.append((name, datetime.fromisoformat(attempt["time"]).astimezone(UTC)))
        self._seen_attempts = len(found)
        said = declaration(self.cloud.state().objects)
        if said is not None:
            self.truth.attempts(said, tried, self.now)
        lines = self.cloud.log[self._read :]
        self._read += len(lines)
        for line in lines:
            if "Traceback" in line or "the coordinator failed" in line:
                self.truth.wrong(self.now, f"a stack trace in the log: {line[-1500:]}")
            with suppress(ValueError, AttributeError):
                self.events[json.loads(line).get("event", "?")] += 1

    # looks

    def _quiet(self) -> bool:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return not (self._threads or self.fleet.busy or self.fleet.frozen)

    def _look(self) -> bool:
        """Has one look, and holds what there is against the truth when it says that all is done; whether it said so."""
        if not self._quiet():
            return False
        answer = self._ask({"action": "reconcile"})
        self.runtime.settle()
        self._follow()
        if answer.status != 200 or not self._quiet():
            return False
        state = self.cloud.state()
        self.truth.settled(state)
        self._flags_sure = {name for name in state.objects if name.startswith("backfills/")}
        return True

    def _calm(self) -> None:
        """Nothing fails for some ticks; then everything must be as it should be, and a person does what the log asks for."""
        self.fleet.faulty = False
        self._go_on()
        answered = False
        self._advance(2 * TICK)
        for _ in range(TRIES):
            self._go_on()
            if answered := self._look():
                break
            self._advance(3 * MINUTE)
        if not answered:
            self.truth.wrong(self.now, f"nothing fails any more, and it does not settle: {self._ask({'action': 'reconcile'})}")
        self._resolve()
        self.fleet.faulty = True

    def _go_on(self) -> None:
        for instance in self.fleet.instances:
            instance.kill_in = instance.freeze_in = None
        for instance in self.fleet.frozen:
            self._thaw(instance.number)
        self._thaws.clear()
        for thread in self._threads:
            thread.join()
        if not self.fleet.wait_idle():
            self.truth.wrong(self.now, "an instance is at a request for minutes, though nothing fails")

    def _resolve(self) -> None:
        """What `unresolved_claim` asks of a person: to look whether the run was made, to make it, to delete the claim."""
        state = self.cloud.state()
        said = declaration(state.objects) or {"jobs": {}}
        for name, job, claimed in list(claims(state)):
            if claimed > self.now - CLAIM_AGE:
                continue
            self.counts["left to a person"] += 1
            last = self.truth.runs[job].last
            if last is None or last < claimed - MINUTE:
                place = said["jobs"][job]["region"]
                self.truth.by_hand.add((job, self.now))
                self.live.deployment.api("POST", f"/v1/projects/{local_environment().project}/locations/{place}/jobs/{job}:run")
                self.runtime.settle()
            self.live.deployment.remove(name)
        self._follow()

    def _come_to_rest(self) -> None:
        """People release what they hold, deploys remove the flags, windows close: then nothing may be left."""
        self._calm()
        self.truth.let_go()
        for name in self.cloud.state().objects:
            if name.startswith("backfills/"):
                self.live.deployment.remove(name)
        for _ in range(LAST_HOURS):
            state = self.cloud.state()
            for hold in active(state.objects, self.now):
                if not hold.scope.startswith("window/"):
                    self._ask({"action": "release", "scope": hold.scope, "id": hold.id, "owner": "ops", "reason": "the end"})
            if not covered(state.objects, self.now - HOUR) and not any(openings(declaration(state.objects) or {}, self.now)):
                break
            self._advance(HOUR)
        for _ in range(LAST_HOURS):
            self._advance(HOUR)
            self._calm()
            ledger = [n for n in self.cloud.state().objects if n.startswith(("ledger/held/", "ledger/claims/", "holds/"))]
            if not ledger:
                break
        self.fleet.faulty = False
        self.truth.left_over(self.cloud.state())

    # what happens

    def _act(self) -> None:
        for name, share in vars(self.pace).items():
            if name != "look" and self.rng.random() < share:
                getattr(self, f"_{name}")()

    def _ask(self, request: dict[str, object]) -> Answer:
        self.fleet.note(f"asked: {json.dumps(request)}")
        try:
            answer = self.live.ask(request)
        except OSError as error:
            return Answer(status=0, body=str(error).encode())
        self.fleet.note(f"answered: {answer.status} {answer.body[:200].decode(errors='replace')}")
        self.counts["asked"] += 1
        if answer.status == 500:
            self.truth.wrong(self.now, f"the answer is a fault of ours: {answer.body[:500].decode()}")
        return answer

    def _scope(self) -> str:
        said = declaration(self.cloud.state().objects)
        assert said is not None
        chosen = [name for name in sorted(said["scopes"]) if not name.startswith(("season/", "backfill/", "window/"))]
        return self.rng.choice(chosen)

    def _hold(self) -> None:
        self._n += 1
        minutes = self.rng.choice((25, 40, 90, 240, 600, 1500))
        until = self.now + timedelta(minutes=minutes, seconds=self.rng.randint(0, 59))
        asked = {"action": "hold", "scope": self._scope(), "until": written(until), "reason": "chaos", "owner": "ops"}
        answer = self._ask(asked | ({"id": f"hold-{self._n}"} if self.rng.random() < 0.5 else {}))
        self.counts["holds"] += answer.status in (200, 503)

    def _any_hold(self) -> tuple[str, str] | None:
        state = self.cloud.state()
        found = sorted({(hold.scope, hold.id) for hold in active(state.objects, state.now) if hold.id != FLAG_ID})
        return self.rng.choice(found) if found else None

    def _extend(self) -> None:
        if (found := self._any_hold()) is not None:
            request = {"action": "extend", "scope": found[0], "id": found[1], "for_s": self.rng.randint(1800, 30000)}
            self.counts["extended"] += self._ask(request).status == 200

    def _release(self) -> None:
        if (found := self._any_hold()) is not None:
            self.truth.let_go()
            request = {"action": "release", "scope": found[0], "id": found[1], "owner": "ops", "reason": "done"}
            self.counts["released"] += self._ask(request).status == 200

    def _command(self) -> None:
        """The command line in a process of its own, as an operator."""
        choices: list[tuple[str, ...]] = [
            ("hold", "--for", "2h", "--reason", "chaos", "--owner", "ops", "--yes", "--", self._scope()),
            ("status",),
            ("holds",),
        ]
        if (found := self._any_hold()) is not None:
            choices += [("extend", "--for", "5h", "--yes", "--", *found), ("release", "--yes", "--", *found)]
        words = self.rng.choice(choices)
        self.truth.let_go()
        self.fleet.note(f"typed: interlock {' '.join(words)}")
        done = self.live.deployment.interlock(*words, INTERLOCK_LOCAL_ACCOUNT=local_environment().account(OPERATOR))
        self.fleet.note(f"{words[0]} ended with {done.code}: {done.text[-200:]}")
        self.counts["commands"] += 1
        self.counts["commands that failed"] += done.code != 0
        if "Traceback" in done.raw:
            self.truth.wrong(self.now, f"interlock {' '.join(words)} ends with a stack trace: {done.raw[-1500:]}")

    def _flag(self) -> None:
        """As Terraform writes flags: on, the flag and then its jobs; longer, the new flag first; off, the jobs first."""
        state = self.cloud.state()
        said = declaration(state.objects)
        assert said is not None
        backfill = self.rng.choice(sorted(name for name in said["scopes"] if name.startswith("backfill/")))
        name = backfill.partition("/")[2]
        on = [flag for flag in state.objects if flag.startswith(f"backfills/{name}@")]
        if not on or self.rng.random() < 0.3:
            self._flag_on(said, name, on)
        elif set(on) <= self._flags_sure:  # one that nobody has seen yet would be one that never was
            self._flag_off(said, name, on)

    def _flag_on(self, said: dict, name: str, on: list[str]) -> None:
        end = self.now + timedelta(minutes=self.rng.choice((60, 300, 1500, 4000)))
        jobs = said["scopes"][f"backfill/{name}"]
        content = {"backfill": name, "until": written(end), "reason": "again", "owner": "analytics", "jobs": jobs}
        content["identities"] = [f"{said['jobs'][job]['region']}/{job}" for job in jobs]
        flag = f"backfills/{name}@{written(end)}.json"
        self.fleet.note(f"terraform: {flag}")
        self.truth.let_go()
        self.live.deployment.put(flag, json.dumps(content | {"tables": said["tables"].get(f"backfill/{name}", [])}))
        for old in on:
            if old != flag:
                self.live.deployment.remove(old)
        self.counts["flags"] += 1
        if self.rng.random() < 0.7:  # else it is interrupted
            self._set(said, jobs, "pause")
            self._ask({"action": "reconcile"})

    def _flag_off(self, said: dict, name: str, on: list[str]) -> None:
        self.truth.let_go()
        objects = {key: value for key, value in self.cloud.state().objects.items() if key not in on}
        free = set(said["scopes"][f"backfill/{name}"]) - covered(objects, self.now)
        self.fleet.note(f"terraform: {name} off")
        if self.rng.random() < 0.7:
            self._set(said, sorted(free), "resume")
        for flag in on:
            self.live.deployment.remove(flag)
        self._ask({"action": "reconcile"})

    def _set(self, said: dict, jobs: list[str], verb: str) -> None:
        for job in jobs:
            if not said["jobs"][job].get("paused"):
                self.live.deployment.job(job, verb)

    def _breaker(self) -> None:
        said = declaration(self.cloud.state().objects)
        assert said is not None
        tables = sorted(name.partition("/")[2] for name in said["scopes"] if name.startswith("table/"))
        self._n += 1
        incident = {
            "incident_id": f"incident-{self._n}",
            "policy_name": "conflicts",
            "policy_user_labels": {"interlock": "breaker"},
            "state": "open",
            "started_at": int(self.now.timestamp()),
            "metric": {"labels": {"table": self.rng.choice(tables)}},
        }
        status = self.live.push({"version": "1.2", "incident": incident}).status
        self.counts["incidents"] += status in (200, 503)
        self.counts["incidents refused"] += status == 400

    def _redeploy(self) -> None:
        """A deploy that changes nothing writes nothing; one of other zone data, say, writes the declaration anew."""
        content = self.cloud.state().objects["declaration/current.json"][1].decode()
        self.live.deployment.put("declaration/current.json", content)
        self.counts["declarations"] += 1

    def _kill(self) -> None:
        if able := [each for each in self.fleet.instances if each.able]:
            self.rng.choice(able).kill_in = self.rng.randint(1, 25)

    def _freeze(self) -> None:
        if len(able := [each for each in self.fleet.instances if each.able]) > 1:
            self.rng.choice(able).freeze_in = self.rng.randint(1, 25)

    def _together(self) -> None:
        """Several requests at the same time as what the clock brings."""
        for act in self.rng.choices((self._hold, self._release, self._extend, self._plain), k=2):
            thread = threading.Thread(target=act, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _plain(self) -> None:
        self._ask({"action": "reconcile"})

    # a deploy

    def deploys(self, backfill: str) -> None:
        """A backfill on and off by the real command line, with Terraform, which goes by the real clock: so after the month."""
        self.runtime.clock.set(datetime.now(UTC))
        self.truth.jump(self.now)
        self._calm()
        for words in (("on", "--reason", "chaos", "--owner", "ops", "--for", "3h", "--", backfill), ("off", "--", backfill)):
            self.truth.let_go()
            for instance in self.fleet.instances[:1]:
                instance.kill_in = 10
            done = self.live.deployment.interlock("backfill", *words)
            self.counts["deploys"] += 1
            if done.code != 0:
                self.truth.wrong(self.now, f"interlock backfill {' '.join(words)} fails: {done.raw[-1500:]}")
            self._calm()
        self.truth.left_over(self.cloud.state())

    # what it says

    def line(self) -> str:
        """Progress."""
        day = (self.now - START) / timedelta(days=1)
        counts = self.fleet.counts
        return (
            f"day {day:5.2f}  {counts['requests']} requests, {counts['calls']} calls, {counts['faults']} faults, "
            f"{counts['kills']} kills, {counts['freezes']} freezes, {self.truth.counts['made up']} made up"
        )

    def figures(self) -> Iterator[str]:
        """At the end."""
        mine, fleet, truth = self.counts, self.fleet.counts, self.truth.counts
        days = (self.ended - START) / timedelta(days=1)
        rows = {
            "virtual days": f"{days:.1f}",
            "requests": f"{fleet['requests']:,}, {fleet['requests lost']:,} of them lost; {mine['ticks and openings']:,} of timers",
            "calls of instances": f"{fleet['calls']:,}",
            "faults": f"{fleet['faults']:,}",
            "kills, freezes": f"{fleet['kills']}, {fleet['freezes']}",
            "holds": f"{mine['holds']} asked for, {mine['extended']} extended, {mine['released']} released",
            "breaker": f"{mine['incidents']} incidents",
            "command line": f"{mine['commands']} commands, {mine['commands that failed']} of them refused or failed",
            "deploys": f"{mine['flags']} flags, {mine['declarations']} declarations; {mine['deploys']} by Terraform",
            "runs": f"{truth['on schedule']:,} on schedule, {truth['made up']} made up for "
            f"{truth['missed runs made up for']} missed, none twice; {mine['left to a person']} left to a person",
            "settled looks": f"{truth['settled looks']:,}",
            "violations": f"{len(self.truth.violations)}",
        }
        for name, text in rows.items():
            yield f"{name:20}{text}"


def show(line: str) -> None:
    """Progress, on one line of a terminal; elsewhere it would be thousands."""
    if sys.stdout.isatty():
        print(f"\r{line:<{COLUMNS}.{COLUMNS}}", end="", flush=True)
