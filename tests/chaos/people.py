"""What people, deploys and bad luck do to a deployed platform, at random: each method one such thing."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from interlock.holds import FLAG_ID
from local.environment import ACCOUNT, token
from tests.chaos.cloud import Cloud
from tests.chaos.truth import Truth
from tests.e2e.deployment import local_environment
from tests.e2e.live import OPERATOR, Answer, written
from tests.model.world import active, covered, declaration

OPERATES = {ACCOUNT: local_environment().account(OPERATOR)}
OPERATES["GOOGLE_OAUTH_ACCESS_TOKEN"] = token(OPERATES)
Request = dict[str, object]
NO_HOLD = ("all", "nobody-has-this")
KILLED_WITHIN = 25
"""Calls: more than one reconcile has, so that some befalls each."""


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


@dataclass
class People:
    """Acts on the cloud; `truth` is told what ends holds, and what is wrong in an answer."""

    cloud: Cloud
    truth: Truth
    pace: Pace
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    threads: list[threading.Thread] = field(default_factory=list)
    """Of requests that come while the clock goes on."""
    seen_flags: set[str] = field(default_factory=set)
    """Flags that a look has seen."""
    number: int = 0

    def __post_init__(self) -> None:
        self.live, self.fleet = self.cloud.live, self.cloud.fleet

    @property
    def now(self) -> datetime:
        """Virtual time."""
        return self.fleet.now()

    def act(self) -> None:
        for name, share in vars(self.pace).items():
            if name != "look" and self.rng.random() < share:
                getattr(self, f"_{name}")()

    def ask(self, request: Request) -> Answer:
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
        self._send(self._new_hold())

    def _new_hold(self) -> Request:
        self.number += 1
        minutes = self.rng.choice((25, 40, 90, 240, 600, 1500))
        until = self.now + timedelta(minutes=minutes, seconds=self.rng.randint(0, 59))
        asked = {"action": "hold", "scope": self._scope(), "until": written(until), "reason": "chaos", "owner": "ops"}
        return asked | ({"id": f"hold-{self.number}"} if self.rng.random() < 0.5 else {})

    def _any_hold(self) -> tuple[str, str] | None:
        state = self.cloud.state()
        found = sorted({(hold.scope, hold.id) for hold in active(state.objects, state.now) if hold.id != FLAG_ID})
        return self.rng.choice(found) if found else None

    def _extend(self) -> None:
        self._send(self._longer())

    def _longer(self) -> Request:
        scope, id = self._any_hold() or NO_HOLD
        return {"action": "extend", "scope": scope, "id": id, "for_s": self.rng.randint(1800, 30000)}

    def _release(self) -> None:
        self.let_go(*(self._any_hold() or NO_HOLD))

    def let_go(self, scope: str, id: str) -> None:
        """Releases a hold."""
        self._send({"action": "release", "scope": scope, "id": id, "owner": "ops", "reason": "done"})

    def _send(self, request: Request) -> None:
        """Counts it as what it asked for, when it was carried out."""
        if request["action"] == "release":
            self.truth.let_go()
        self.counts[f"{request['action']}, done"] += self.ask(request).status == 200

    def _command(self) -> None:
        """The command line in a process of its own, as an operator who is an admin, or as the deployer, who is none."""
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
        done = self.live.deployment.interlock(*words, **self.rng.choice(({}, OPERATES)))
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
        elif set(on) <= self.seen_flags:  # one that nobody has seen yet would be one that never was
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
            self.ask({"action": "reconcile"})

    def _flag_off(self, said: dict, name: str, on: list[str]) -> None:
        self.truth.let_go()
        objects = {key: value for key, value in self.cloud.state().objects.items() if key not in on}
        free = set(said["scopes"][f"backfill/{name}"]) - covered(objects, self.now)
        self.fleet.note(f"terraform: {name} off")
        if self.rng.random() < 0.7:
            self._set(said, sorted(free), "resume")
        for flag in on:
            self.live.deployment.remove(flag)
        self.ask({"action": "reconcile"})

    def _set(self, said: dict, jobs: list[str], verb: str) -> None:
        for job in jobs:
            if not said["jobs"][job].get("paused"):
                self.live.deployment.job(job, verb)

    def _breaker(self) -> None:
        said = declaration(self.cloud.state().objects)
        assert said is not None
        tables = sorted(name.partition("/")[2] for name in said["scopes"] if name.startswith("table/"))
        self.number += 1
        incident = {
            "incident_id": f"incident-{self.number}",
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
            self.rng.choice(able).kill_in = self.rng.randint(1, KILLED_WITHIN)

    def _freeze(self) -> None:
        if len(able := [each for each in self.fleet.instances if each.able]) > 1:
            self.rng.choice(able).freeze_in = self.rng.randint(1, KILLED_WITHIN)

    def _together(self) -> None:
        """Several requests at the same time as what the clock brings."""
        hold = self._any_hold() or NO_HOLD
        choices: list[Request] = [
            self._new_hold(),
            self._longer(),
            {"action": "release", "scope": hold[0], "id": hold[1], "owner": "ops", "reason": "done"},
            {"action": "reconcile"},
        ]
        for request in self.rng.choices(choices, k=2):
            thread = threading.Thread(target=self._send, args=(request,), daemon=True)
            self.threads.append(thread)
            thread.start()
