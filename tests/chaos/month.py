"""The month: the clock's steps, and the looks at what came of what happened."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from local.emulator import attempts
from tests.chaos.cloud import Cloud
from tests.chaos.fleet import SIZE, SKEW_SECONDS
from tests.chaos.people import Pace, People
from tests.chaos.truth import Truth, claims, openings
from tests.e2e.deployment import local_environment
from tests.e2e.live import TICK
from tests.model.world import active, covered, declaration

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
    people: People = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    ended: datetime = START

    def __post_init__(self) -> None:
        self.rng = random.Random(f"month {self.seed}")  # noqa: S311
        self.live, self.fleet, self.runtime = self.cloud.live, self.cloud.fleet, self.cloud.emulator.runtime
        self.truth = Truth(began=START)
        self.people = People(cloud=self.cloud, truth=self.truth, pace=self.pace, rng=self.rng, counts=self.counts)
        self._thaws: list[tuple[datetime, int]] = []
        self._read = 0
        self._seen_attempts = 0

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
        self.people.act()
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
                self.counts["of timers"] += 1
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
        self.people.threads = [thread for thread in self.people.threads if thread.is_alive()]
        return not (self.people.threads or self.fleet.busy or self.fleet.frozen)

    def _look(self) -> bool:
        """Has one look, and holds what there is against the truth when it says that all is done; whether it said so."""
        if not self._quiet():
            return False
        answer = self.people.ask({"action": "reconcile"})
        self.runtime.settle()
        self._follow()
        if answer.status != 200 or not self._quiet():
            return False
        state = self.cloud.state()
        self.truth.settled(state)
        self.people.seen_flags = {name for name in state.objects if name.startswith("backfills/")}
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
            self.truth.wrong(
                self.now, f"nothing fails any more, and it does not settle: {self.people.ask({'action': 'reconcile'})}"
            )
        self._resolve()
        self.fleet.faulty = True

    def _go_on(self) -> None:
        for instance in self.fleet.instances:
            instance.kill_in = instance.freeze_in = None
        for instance in self.fleet.frozen:
            self._thaw(instance.number)
        self._thaws.clear()
        for thread in self.people.threads:
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
                    self.people.ask(
                        {"action": "release", "scope": hold.scope, "id": hold.id, "owner": "ops", "reason": "the end"}
                    )
            if not covered(state.objects, self.now - HOUR) and not any(openings(declaration(state.objects) or {}, self.now)):
                break
            self._advance(HOUR)
        for _ in range(LAST_HOURS):
            self._advance(HOUR)
            self._calm()
            ledger = [n for n in self.cloud.state().objects if n.startswith(("ledger/held/", "ledger/claims/", "holds/"))]
            if not ledger or self.truth.violations:
                break
        self.fleet.faulty = False
        self.truth.left_over(self.cloud.state())

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
            "virtual days": f"{days:.1f} of {self.length / timedelta(days=1):g}",
            "requests": f"{fleet['requests']:,}, {mine['of timers']:,} of them of timers; {fleet['requests lost']:,} lost",
            "instances": f"{self.fleet.started} were started, {SIZE} at a time; clocks up to {SKEW_SECONDS:g} s off",
            "calls of instances": f"{fleet['calls']:,}",
            "faults": f"{fleet['faults']:,}",
            "kills, freezes": f"{fleet['kills']}, {fleet['freezes']}",
            "holds": f"{mine['hold, done']} made, {mine['extend, done']} extended, {mine['release, done']} released",
            "breaker": f"{mine['incidents']} incidents",
            "command line": f"{mine['commands']} commands, {mine['commands that failed']} of them refused, failed or with news",
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
