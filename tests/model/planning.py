"""The same world where backfills are planned ahead, taken back and opened too. A machine of its own: the seeds that find the
planted bugs are of the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from interlock.runtime.ledger import parse_planned
from tests.model.instance import Instance
from tests.model.machine import CALLS, FATES, FOREVER, MINUTE, SENT, Fate, Model
from tests.model.service import Request
from tests.model.terraform import BACKFILLS, TICK
from tests.model.watcher import SKEW
from tests.model.world import active


class Planning(Model):
    """One world with plans in it."""

    @rule(backfill=st.sampled_from(BACKFILLS), ahead=st.sampled_from((3, 17, 61)), minutes=st.sampled_from((25, 90)), fate=SENT)
    def send_plan(self, backfill: str, ahead: int, minutes: int, fate: Fate | None) -> None:
        start = self._whole(ahead)
        self._send(_plan(backfill, start, minutes), fate)

    @rule(which=st.integers(0, 5), fate=SENT)
    def take_back(self, which: int, fate: Fate | None) -> None:
        if plans := self._plans():
            scope, own_id, _ = plans[which % len(plans)]
            self._send(Request("release", scope=scope, id=own_id), fate)

    @rule(which=st.integers(0, 5), after=st.sampled_from((-30, -8, 0, 8, 300)), fate=FATES)
    def a_look_around_a_beginning(self, which: int, after: int, fate: Fate) -> None:
        if plans := self._plans():
            self.time_passes_to(plans[which % len(plans)][2] + timedelta(seconds=after))
            if len(self.in_flight) < 2:
                self._serve(Request("reconcile"), fate)

    @rule(calls=CALLS, before=st.sampled_from((-15, -5, 5, 200)))
    def slow_while_it_is_taken_back(self, calls: int, before: int) -> None:
        """An instance that opens it, perhaps, and goes on after another has taken it back."""
        if self.in_flight or self.terraform or self.lost_declaration is not None:
            return
        start = self._whole(5)
        self._serve(_plan(BACKFILLS[0], start, 90), Fate())
        self.time_passes_to(start + timedelta(seconds=before))
        self._serve(Request("reconcile"), Fate(suspended_at=calls))
        self._serve(Request("release", scope=f"backfill/{BACKFILLS[0]}", id=_id(start)), Fate())
        if self.in_flight:
            self.go_on(0, FOREVER)
        self.world.advance(TICK)
        self._serve(Request("reconcile"), Fate())
        held = [(hold.scope, hold.id) for hold in active(self.world.objects, self.world.now)]
        if (f"backfill/{BACKFILLS[0]}", _id(start)) in held and not self.crashed:
            self._fail("what was taken back is held a tick later")

    def _check_answer(self, instance: Instance, request: Request) -> None:
        start = dict(request.more).get("at")
        if start is None:
            super()._check_answer(instance, request)
        elif not instance.overlapped and not any(self._is_of(name, request.scope, str(start)) for name in self.world.objects):
            self._fail(f"{request} was answered with yes, and nothing is planned")

    def _is_of(self, name: str, scope: str, start: str) -> bool:
        """Whether an object is that plan, or the hold that it has become."""
        own_id = start.replace("-", "").replace(":", "")
        return name.startswith((f"ledger/planned/{scope}/{own_id}@", f"holds/{scope}/{own_id}@"))

    def _plans(self) -> list[tuple[str, str, datetime]]:
        found = sorted(name for name in self.world.objects if name.startswith("ledger/planned/"))
        plans = [plan for name in found if (plan := parse_planned(name)) is not None]
        return [(plan.scope, plan.hold.id, plan.start) for plan in plans]

    def _calm_down(self) -> None:
        """Lets what is planned begin and end first."""
        while plans := [start for _, _, start in self._plans() if start > self.world.now]:
            if self.terraform:
                self.apply_goes_on(FOREVER)
            if self.lost_declaration is not None:
                self.declaration_is_back()
            self.time_passes_to(min(plans) + SKEW)
            self._serve(Request("reconcile"), Fate())
        super()._calm_down()

    def _waits(self) -> bool:
        return super()._waits() or bool(self._plans())

    def _check_the_end(self) -> None:
        super()._check_the_end()
        if plans := self._plans():
            self._fail(f"{plans[0]} is left")


def _id(start: datetime) -> str:
    return f"{start:%Y%m%dT%H%M%SZ}"


def _plan(backfill: str, start: datetime, minutes: int) -> Request:
    more = (("at", f"{start:%Y-%m-%dT%H:%M:%SZ}"), ("id", None))
    return Request("hold", scope=f"backfill/{backfill}", seconds=int(minutes * MINUTE.total_seconds()), more=more)
