"""What a reconcile sees: the declaration, the objects of the bucket, and the jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from interlock.actual import ActualJob
from interlock.declaration import Declaration
from interlock.holding import Holding, HoldingWindow
from interlock.holds import FLAG_PREFIX, HOLD_PREFIX, Hold, decode, malformed, parse_object_name, with_content
from interlock.runtime.declaration_file import OBJECT, DeclarationError, parse
from interlock.runtime.ledger import CLAIM_PREFIX, LEDGER_PREFIX, Claim, held_job, held_since, parse_claim, parse_released
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Item
from interlock.seasons import Season

DECLARATION_TRIES = 3
"""How often the declaration is read when it is replaced between being listed and being read."""


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The flags, holds and ledger of the bucket. `now` is from before they were listed."""

    now: datetime
    items: Mapping[str, Item]
    holds: tuple[Hold, ...]
    """Flags and holds with their contents, active or not, released or not."""
    released: tuple[Hold, ...]
    """Tombstones of the openings that were released early."""

    def holding(
        self, scopes: Mapping[str, Iterable[str]], timed: Mapping[str, HoldingWindow | Season], identities: Mapping[str, str]
    ) -> Holding:
        """What holds which job by these scopes, what holds by the clock and identities, of a declaration or of a catalog."""
        return Holding(
            now=self.now,
            scopes=scopes,
            objects=self.holds,
            tombstones=self.released,
            windows=tuple(timed.values()),
            identities=identities,
        )

    def holding_by(self, declaration: Declaration) -> Holding:
        """What holds which declared job."""
        return self.holding(declaration.scopes, declaration.timed, declaration.identities)

    @cached_property
    def marks(self) -> dict[str, Item]:
        """The held object of each job that has one."""
        named = ((held_job(name), item) for name, item in self.items.items())
        return {job: item for job, item in named if job is not None}

    @property
    def malformed(self) -> list[str]:
        """Names that state nothing."""
        return malformed(self.items)

    @property
    def flags_and_holds(self) -> frozenset[Item]:
        """What must stand still while a reconcile acts: flags and holds, by name and generation."""
        return frozenset(item for name, item in self.items.items() if name.startswith((FLAG_PREFIX, HOLD_PREFIX)))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that a reconcile decides by."""

    declaration: Declaration
    declared: datetime | None
    """When the declaration was written: by a deploy, which then changes the jobs."""
    objects: Objects
    jobs: Mapping[str, ActualJob]
    """Those that are declared, by their names in the catalog, as Cloud Scheduler has them."""

    @property
    def now(self) -> datetime:
        """From before the objects were listed."""
        return self.objects.now

    @cached_property
    def holding(self) -> Holding:
        """What holds which job."""
        return self.objects.holding_by(self.declaration)


@dataclass
class Reader:
    """Reads from the bucket; a content is read once for each generation of its object."""

    outside: Outside
    _contents: dict[Item, bytes] = field(default_factory=dict)

    def declaration(self) -> tuple[Declaration, Item]:
        """The declaration and its object; DeclarationError when there is none or it can't be understood."""
        for _ in range(DECLARATION_TRIES):
            found = [item for item in self._list(OBJECT) if item.name == OBJECT]
            if not found:
                break
            if (content := self.content(found[0])) is not None:
                return parse(content), found[0]
        raise DeclarationError(f"there is no {OBJECT} in the bucket; deploy the schedules stack: make deploy")

    def objects(self) -> Objects:
        """Everything that holds, and the ledger.

        Holds before tombstones: a release writes the tombstone first, so that who sees the hold gone sees the tombstone.
        """
        now = self.outside.clock()
        items = {item.name: item for prefix in (FLAG_PREFIX, HOLD_PREFIX, LEDGER_PREFIX) for item in self._list(prefix)}
        named = [hold for name in items if (hold := parse_object_name(name)) is not None]
        holds = self.outside.each(lambda hold: self._with_content(hold, items[hold.object_name]), named)
        return Objects(
            now=now,
            items=items,
            holds=tuple(holds),
            released=tuple(hold for name in items if (hold := parse_released(name)) is not None),
        )

    def flags_and_holds(self) -> frozenset[Item]:
        """The flags and holds that are there now."""
        return frozenset(item for prefix in (FLAG_PREFIX, HOLD_PREFIX) for item in self._list(prefix))

    def jobs(self, declaration: Declaration) -> dict[str, ActualJob]:
        """The declared jobs as Cloud Scheduler has them in their declared regions, by their names in the catalog."""
        found = {job.identity: job for job in self.all_jobs(declaration.regions)}
        return {name: found[one] for name, one in declaration.identities.items() if one in found}

    def all_jobs(self, regions: Iterable[str]) -> list[ActualJob]:
        """Every job that Cloud Scheduler has in `regions`, strangers too, region by region."""
        outside = self.outside
        listed = outside.each(lambda region: outside.patiently(lambda: outside.scheduler.list(region)), sorted(regions))
        return [job for jobs in listed for job in jobs]

    def claims(self, objects: Objects) -> list[Claim]:
        """The catch-up runs that are being made, or were when their instance stopped."""
        names = [name for name in objects.items if name.startswith(CLAIM_PREFIX)]
        read = self.outside.each(lambda name: parse_claim(name, self.content(objects.items[name]) or b""), names)
        return [claim for claim in read if claim is not None]

    def held_since(self, objects: Objects, job: str) -> datetime | None:
        """Since when the ledger has the job called `job` held; None when it has no mark, or one that does not state it."""
        mark = objects.marks.get(job)
        return held_since(self.content(mark) or b"") if mark else None

    def content(self, item: Item) -> bytes | None:
        """What that generation holds, or None when it is gone."""
        if item not in self._contents:
            content = self.outside.patiently(lambda: self.outside.bucket.read(item))
            if content is None:
                return None
            self._contents[item] = content
        return self._contents[item]

    def _with_content(self, hold: Hold, item: Item) -> Hold:
        return replace(with_content(hold, decode(self.content(item) or b"")), created=item.created)

    def _list(self, prefix: str) -> list[Item]:
        return self.outside.patiently(lambda: self.outside.bucket.list(prefix))
