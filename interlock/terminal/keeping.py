"""Keeps the hold of a backfill whose command runs: begins it, keeps its end ahead, and releases it or says that it failed.

Nothing here goes by this machine's clock, which may be off: requests say for how long, the coordinator answers until when, and
what has passed since is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from interlock.catalog import Json
from interlock.gcp import CloudError, local_url
from interlock.gcp.clock import elapsed
from interlock.gcp.coordinator import RequestRefused
from interlock.holds import HOLD_PREFIX, Hold, format_instant, parse_object_name
from interlock.names import exact
from interlock.runtime.checking import running, runs_already
from interlock.terminal.operating import Foreseen, carried_out, print_report
from interlock.terminal.printed import interlock
from interlock.terminal.site import PATIENCE, Site, asking
from interlock.terminal.tables import say_folded

LENGTH = timedelta(hours=4)
"""How far ahead the end is kept unless somebody says: so long its jobs stay held when nobody is there to extend it."""
KEPT_BACK = timedelta(minutes=1)
"""What is left of the longest hold, for the extension that says that the command failed."""
LOOKS, LOOKS_HERE = 60.0, 0.5
"""Seconds between two looks at the hold: of Google, and of the local target, whose clock may be set."""
NOT_THERE = 404
"""As which a release is refused of what is not held any more, or never was."""
TRIES = 3
"""How often a release, or that the command failed, is asked for, as many looks apart."""


def between_looks() -> float:
    """Seconds."""
    return LOOKS if local_url() is None else LOOKS_HERE


@dataclass(kw_only=True)
class Keeper:
    """The hold of one run. `end` is by the coordinator's clock, as `now` is."""

    site: Site
    scope: str
    id: str
    length: timedelta
    where: str
    """Where the command runs, for others: machine and process."""
    direct: bool = False
    drained: bool | None = None
    """Whether no run of its jobs is under way; None until that was looked at."""
    is_asked: bool = False
    """Whether the hold was asked for."""
    is_enough: Callable[[], bool] = bool
    """Whether somebody wants us to stop asking again and again."""
    is_gone: bool = False
    """It was begun, and is not there any more."""
    end: datetime = field(init=False)
    latest: datetime = field(init=False)
    """Beyond which no extension goes."""
    _owner: str = field(init=False)
    _told: datetime = field(init=False)
    _told_at: float = field(init=False)
    _said: set[str] = field(init=False, default_factory=set)

    @property
    def now(self) -> datetime:
        """Now, by the coordinator's clock: as late as it can be."""
        try:
            passed = elapsed() - self._told_at
        except CloudError:  # the stand-in is gone
            passed = 0.0
        return self._told + timedelta(seconds=passed)

    def begin(self, reason: str, owner: str, foreseen: Foreseen, *, with_force: bool) -> bool:
        """Holds. CloudError when that is refused, also since another one runs. True when all is done."""
        self._owner = owner
        longest = self.site.declaration.max_hold - KEPT_BACK
        self.length = min(self.length, longest)
        said: dict[str, Json] = {"reason": reason, "owner": owner, "run": self.where}
        self.is_asked = True
        try:
            report, ok = self._asked("hold", {**said, "for_s": self._seconds}, with_force=with_force)
        except RequestRefused:
            self.is_asked = False  # nothing is there to be given back
            raise
        self.latest = self._told + longest
        print_report(report, foreseen, ok=ok)
        if (first := self._first()).id != self.id:  # as fast as this one, on another instance of the coordinator
            raise CloudError(f"{runs_already(first)}; nothing was run")
        return ok

    def tend(self) -> str | None:
        """Looks at the hold, and extends it where it is time. Why it does not hold any more, or soon will not; None while it
        does. What can't be done just now is said, and tried again at the next look."""
        is_seen = True
        try:
            found = self._found()
        except CloudError as error:
            self._say(f"what holds can't be seen just now: {error}")
            found, is_seen = self.end, False
        if found is None:
            over, self.is_gone = self.now >= self.end, True
            return f"its hold has ended at {format_instant(self.end)}" if over else "somebody has released its hold"
        self.end = max(found, self.end)
        left = self.end - self.now
        if left < self.length * 3 / 4 and self.end < self.latest and (is_seen or left > self._notice):
            self._extend()
            left = self.end - self.now
        if self.end >= self.latest:
            self._say(
                f"no hold lasts longer than {exact(self.site.declaration.max_hold)}: it is not extended any more, and ends at"
                f" {format_instant(self.end)}"
            )
        return f"its hold ends at {format_instant(self.end)}" if left <= self._notice else None

    @property
    def looks_in(self) -> float:
        """Seconds until the next look: no later than its end is near."""
        left = (self.end - self.now - self._notice).total_seconds()
        return max(min(between_looks(), left), LOOKS_HERE) if left > 0 else between_looks()

    def fail(self, why: str) -> bool:
        """Keeps the hold, and says in it that the command failed, which is alerted. False when nobody could be told."""
        for_s = self.now + self.length
        if self.end < for_s <= self.latest:
            until: dict[str, Json] = {"for_s": self._seconds}
        else:
            last = min(max(self.end + timedelta(seconds=1), for_s), self.latest + KEPT_BACK - timedelta(seconds=10))
            until = {"until": format_instant(max(last, self.end + timedelta(seconds=1)))}

        def once() -> bool:
            _, ok = self._asked("extend", {**until, "failed": why})
            if not ok and all(hold.failed is None for hold in self._holds() if hold.id == self.id):
                raise CloudError("it could not write that the command failed")
            return True

        return self._insist(once)

    def release(self, reason: str, foreseen: Foreseen, id: str | None = None) -> bool:
        """Releases the hold, or another of the same backfill; one that is gone is released. False when it could not be asked;
        then it ends by itself."""

        def once() -> bool:
            asked: dict[str, Json] = {**self._named("release", id), "reason": reason, "owner": self._owner}
            try:
                report, ok = carried_out(self.site, asked, direct=self.direct, patience=PATIENCE)
            except RequestRefused as refusal:
                if refusal.status != NOT_THERE:
                    raise
                return True
            if not ok and self._end_of(id or self.id) is not None:
                raise CloudError("it could not release the hold, which is still there")
            print_report(report, foreseen, ok=ok)
            return True

        return self._insist(once)

    def others_that_failed(self) -> list[Hold]:
        """The holds of earlier commands of the backfill, which failed."""
        return [hold for hold in self._holds() if hold.failed is not None and hold.id != self.id]

    @property
    def is_held(self) -> bool:
        """Whether it was begun, and its end has not passed."""
        return hasattr(self, "end") and self.end > self.now and not self.is_gone

    @property
    def ending(self) -> str:
        """The command that ends the hold."""
        return interlock("release", self.scope, self.id)

    @property
    def _notice(self) -> timedelta:
        """How long before the end the command is told to stop."""
        return min(KEPT_BACK, self.length / 8)

    @property
    def _seconds(self) -> int:
        return int(self.length.total_seconds())

    def _holds(self) -> list[Hold]:
        """What holds the backfill, by the coordinator's clock."""
        with asking(self.site.environment):
            objects = self.site.reader.objects()
        return [hold for hold in objects.holds if hold.scope == self.scope and not hold.is_flag and hold.end > self.now]

    def _first(self) -> Hold:
        """Of the runs of the backfill the one that may go on: one that was extended already, then whose object is older by the
        bucket's clock. Whoever wrote later has seen it, so that all agree; this one where none is seen."""
        last = datetime.max.replace(tzinfo=UTC)
        own = Hold(scope=self.scope, id=self.id, end=self.end, object_name="")
        others = running(self._holds(), self.scope)
        return min(others, key=lambda hold: (hold.extended_by is None, hold.created or last, hold.id), default=own)

    def _named(self, action: str, id: str | None = None) -> dict[str, Json]:
        return {"action": action, "scope": self.scope, "id": id or self.id}

    def _extend(self) -> None:
        longer = {"for_s": self._seconds} if self.now + self.length <= self.latest else {"until": format_instant(self.latest)}
        try:
            self._asked("extend", longer)
        except CloudError as error:
            self._say(f"its hold can't be extended just now, and ends at {format_instant(self.end)}: {error}")

    def _asked(self, action: str, more: Mapping[str, Json], *, with_force: bool = False) -> tuple[Mapping[str, Json], bool]:
        """Asks, and takes over until when the hold is then. An answer that was lost on its way is as good as any."""
        before, known = elapsed(), getattr(self, "end", None)
        force: dict[str, Json] = {"with_force": True} if with_force else {}
        try:
            answer = carried_out(self.site, {**self._named(action), **more, **force}, direct=self.direct, patience=PATIENCE)
        except RequestRefused:
            raise
        except CloudError:
            if action != "hold" or self._found() is None:
                raise
            answer = {}, False
        found = self._found()
        if found is None:
            raise CloudError(f"{self.scope} is not held; the coordinator could not write it: {interlock('holds')}")
        self.end = found
        if "for_s" in more and found != known:  # else it was not carried out, and the end is counted from an earlier ask
            self._told, self._told_at = found - self.length, before
        return answer

    def _found(self) -> datetime | None:
        """The end of the hold as the bucket has it; None when it has none, or none that is not over."""
        last = self._end_of(self.id)
        return last if last is None or not hasattr(self, "_told") or last > self.now else None

    def _end_of(self, id: str) -> datetime | None:
        """The last end that an object of a hold of the backfill states; None when there is none."""
        with asking(self.site.environment):
            items = self.site.reader.outside.bucket.list(f"{HOLD_PREFIX}{self.scope}/{id}@")
        return max((hold.end for item in items if (hold := parse_object_name(item.name)) is not None), default=None)

    def _insist(self, once: Callable[[], bool]) -> bool:
        """Whether it went through, at last."""
        for left in reversed(range(TRIES)):
            try:
                return once()
            except RequestRefused as refusal:
                self._say(f"refused: {refusal}")
                return False
            except CloudError as error:
                self._say(f"the coordinator can't be asked just now: {error}")
                if left and not self._waits():
                    break
        return False

    def _waits(self) -> bool:
        """Until the next look; False when somebody wants no more of it."""
        until = time.monotonic() + between_looks()
        while time.monotonic() < until and not self.is_enough():
            time.sleep(0.1)
        return not self.is_enough()

    def _say(self, text: str) -> None:
        """Once, however often it is so."""
        if text not in self._said:
            self._said.add(text)
            say_folded(f"{self.scope}: {text}", err=True)
