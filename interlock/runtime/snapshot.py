"""What a reconcile sees: the declaration, the objects of the bucket, and the jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from interlock.actual import ActualJob
from interlock.declaration import Declaration, together
from interlock.holding import Holding, HoldingWindow
from interlock.holds import (
    FLAG_PREFIX,
    HOLD_PREFIX,
    Hold,
    cut,
    decode,
    malformed,
    parse_object_name,
    with_content,
)
from interlock.runtime.declaration_file import PREFIX, DeclarationError, is_declaration, parse
from interlock.runtime.ledger import (
    CLAIM_PREFIX,
    HELD_PREFIX,
    LEDGER_PREFIX,
    MAX_CLOCK_SKEW,
    PLANNED_PREFIX,
    Claim,
    Held,
    held,
    held_job,
    is_known,
    parse_claim,
    parse_planned,
    parse_released,
)
from interlock.runtime.outside import PASSING, Failure, Outside
from interlock.runtime.ports import Item, Refused, Unknown
from interlock.seasons import Season
from interlock.windows import Planned

DECLARATION_TRIES = 3
"""How often the declaration is read when it is replaced between being listed and being read."""
FORBIDDEN = 403
LISTINGS = 5
"""How often objects are listed when one of them is gone as it is read: of a hold that was extended meanwhile the longer one
takes its place."""
MAX_READ, MAX_READ_BYTES = 2_000, 32 * 2**20
"""How many holds are read, and how much of them: what is beyond holds by its name. The coordinator has 512 MiB."""


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The flags, holds and ledger of the bucket. `now` is from before they were listed."""

    now: datetime
    items: Mapping[str, Item]
    holds: tuple[Hold, ...]
    """Flags and holds with their contents, active or not, released or not."""
    released: tuple[Hold, ...]
    """Tombstones of the openings that were released early."""
    planned: tuple[Planned, ...] = ()
    """Holds that are to begin at a time, begun or not, taken back or not."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why the contents of these objects are not known: they hold by their names alone."""
    unsure: frozenset[str] = frozenset()
    """Those of them that may be read at the next look."""

    def holding(
        self,
        scopes: Mapping[str, Iterable[str]],
        timed: Mapping[str, HoldingWindow | Season],
        identities: Mapping[str, str],
        max_hold: timedelta = timedelta.max,
    ) -> Holding:
        """What holds which job by these scopes, what holds by the clock and identities, of a declaration or of a catalog.

        An object that ends later than a hold may, by `max_hold` from now, counts until then; nobody need say that.
        Whoever asks whether it holds now, as Terraform and the guard do by its name, finds the same.
        """
        return Holding(
            now=self.now,
            scopes=scopes,
            objects=self.holds if max_hold == timedelta.max else tuple(cut(hold, self.now + max_hold) for hold in self.holds),
            tombstones=self.released,
            windows=(*timed.values(), *self._beginning(scopes, max_hold)),
            identities=identities,
        )

    def holding_by(self, declaration: Declaration) -> Holding:
        """What holds which declared job."""
        if id(declaration) not in self._by_declaration:
            held = self.holding(declaration.scopes, declaration.timed, declaration.identities, declaration.max_hold)
            self._by_declaration[id(declaration)] = declaration, held
        return self._by_declaration[id(declaration)][1]

    @cached_property
    def _by_declaration(self) -> dict[int, tuple[Declaration, Holding]]:
        """What `holding_by` has made, by which declaration object: a round asks twice."""
        return {}

    def _beginning(self, scopes: Mapping[str, Iterable[str]], max_hold: timedelta) -> list[Planned]:
        """What is planned of scopes that are known, none of it for longer than a hold may last."""
        known = [one for one in self.planned if one.scope in scopes]
        if max_hold == timedelta.max:
            return known
        return [replace(one, hold=cut(one.hold, one.start + max_hold)) for one in known]

    def too_long(self, max_hold: timedelta) -> list[Hold]:
        """The flags and holds that end later than any may."""
        return [hold for hold in self.holds if hold.end > self.now + max_hold + MAX_CLOCK_SKEW]

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
    def strange(self) -> list[str]:
        """Names of marks, claims and plans that state nothing."""
        kinds = (HELD_PREFIX, CLAIM_PREFIX, PLANNED_PREFIX)
        return sorted(name for name in self.items if name.startswith(kinds) and not is_known(name))

    @property
    def flags_and_holds(self) -> frozenset[Item]:
        """What must stand still while a reconcile acts: flags and holds, by name and generation."""
        return frozenset(item for name, item in self.items.items() if name.startswith((FLAG_PREFIX, HOLD_PREFIX)))


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All objects of the bucket, by one call. `now` is from before it."""

    now: datetime
    items: list[Item]

    def under(self, prefix: str) -> list[Item]:
        """Those whose names begin so."""
        return [item for item in self.items if item.name.startswith(prefix)]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that a reconcile decides by."""

    declaration: Declaration
    declared: datetime | None
    """When the declaration was written: by a deploy, which then changes the jobs."""
    objects: Objects
    jobs: Mapping[str, ActualJob]
    """Those that are declared, by their names in the catalog, as Cloud Scheduler has them."""
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """Why the jobs of these regions are not known: they are left alone."""

    @property
    def now(self) -> datetime:
        """From before the objects were listed."""
        return self.objects.now

    @property
    def is_being_deployed(self) -> bool:
        """Whether the declaration is younger than a tick: then the deploy that wrote it may still be at it."""
        return self.declared is not None and self.declared > self.now - self.declaration.tick

    @cached_property
    def holding(self) -> Holding:
        """What holds which job."""
        return self.objects.holding_by(self.declaration)


@dataclass
class Reader:
    """Reads from the bucket; a content is read once for each generation of its object."""

    outside: Outside
    _contents: dict[Item, bytes] = field(default_factory=dict)
    listed: list[Item] | None = None
    """All of the bucket, as it was listed last; None where it was not listed as a whole."""

    def look(self) -> tuple[Declaration, tuple[Item, ...], Objects]:
        """The declaration, what it consists of, and what holds, of one listing where the bucket may be listed as a whole."""
        listing = self._whole()
        return *self.declaration(listing), self.objects(listing)

    def stands_still(self, declared_in: tuple[Item, ...], objects: Objects) -> bool:
        """Whether what is declared and held is what was seen."""
        listing = self._whole()
        held = frozenset(item for prefix in (FLAG_PREFIX, HOLD_PREFIX) for item in self._list(prefix, listing))
        return held == objects.flags_and_holds and _declarations(self._list(PREFIX, listing)) == declared_in

    def declaration(self, listing: Listing | None = None) -> tuple[Declaration, tuple[Item, ...]]:
        """The declaration and the objects that it consists of, the last one written last: one, or one a platform. A `listing`
        is gone by first. DeclarationError when there is none or one of them can't be understood."""
        for _ in range(DECLARATION_TRIES):
            found = _declarations(self._list(PREFIX, listing))
            listing = None
            if not found:
                break
            contents = tuple(content for content in self.outside.each(self.content, found) if content is not None)
            if len(contents) == len(found):
                return _declared_in(tuple(item.name for item in found), contents), found
        raise DeclarationError("there is no declaration in the bucket; deploy the schedules: make deploy")

    def objects(self, listing: Listing | None = None) -> Objects:
        """Everything that holds, and the ledger. A `listing` is gone by first.

        Holds before tombstones, as names are in order, too: a release writes the tombstone first, so that who sees the hold
        gone sees the tombstone. What is gone as it is read is never taken for empty: everything is listed again.
        """
        for listed in range(1, LISTINGS + 1):
            now = listing.now if listing else self.outside.clock()
            prefixes = (FLAG_PREFIX, HOLD_PREFIX, LEDGER_PREFIX)
            items = {item.name: item for prefix in prefixes for item in self._list(prefix, listing)}
            listing = None
            named = [hold for name in items if (hold := parse_object_name(name)) is not None]
            plans = {name: one.hold for name in items if (one := parse_planned(name)) is not None}
            chosen, unread = _chosen([*named, *plans.values()], items, now)
            contents = dict(zip(chosen, self.outside.each(self._content_of, [items[name] for name in chosen]), strict=True))
            if None not in contents.values() or listed == LISTINGS:
                break
        unread |= {name: str(why) for name, why in contents.items() if isinstance(why, Refused | Unknown)}
        unread |= {name: "it keeps changing" for name, content in contents.items() if content is None}
        read = {name: decode(content) for name, content in contents.items() if isinstance(content, bytes)}
        return Objects(
            now=now,
            items=items,
            holds=tuple(_with_content(hold, read.get(hold.object_name), items[hold.object_name]) for hold in named),
            released=tuple(hold for name in items if (hold := parse_released(name)) is not None),
            planned=tuple(one for name in plans if (one := parse_planned(name, _bytes(contents.get(name))))),
            unread=unread,
            unsure=frozenset(name for name, content in contents.items() if _may_be_read_later(content)),
        )

    def flags_and_holds(self) -> frozenset[Item]:
        """The flags and holds that are there now."""
        return frozenset(item for prefix in (FLAG_PREFIX, HOLD_PREFIX) for item in self._list(prefix))

    def jobs(self, declaration: Declaration) -> dict[str, ActualJob]:
        """The declared jobs as Cloud Scheduler has them in their declared regions, by their names in the catalog."""
        return _declared(declaration, self.all_jobs(declaration.regions))

    def jobs_where_seen(self, declaration: Declaration) -> tuple[dict[str, ActualJob], dict[str, str]]:
        """The same of the regions that can be listed, and why the others can't. Raises when none can."""
        regions = declaration.regions
        answers = dict(zip(regions, self.outside.each(self._jobs_of, regions), strict=True))
        failures = {region: answer for region, answer in answers.items() if isinstance(answer, Refused | Unknown)}
        if failures and len(failures) == len(regions):
            raise next(iter(failures.values()))
        listed = [job for answer in answers.values() if isinstance(answer, list) for job in answer]
        return _declared(declaration, listed), {region: str(failure) for region, failure in failures.items()}

    def all_jobs(self, regions: Iterable[str]) -> list[ActualJob]:
        """Every job that Cloud Scheduler has in `regions`, strangers too, region by region."""
        outside = self.outside
        listed = outside.each(lambda region: outside.patiently(lambda: outside.scheduler.list(region)), sorted(regions))
        return [job for jobs in listed for job in jobs]

    def _jobs_of(self, region: str) -> list[ActualJob] | Failure:
        try:
            return self.outside.patiently(lambda: self.outside.scheduler.list(region), about=region)
        except (Refused, Unknown) as failure:
            return failure

    def claims(self, objects: Objects) -> list[Claim]:
        """The catch-up runs that are being made, or were when their instance stopped. One that is gone meanwhile is none; of
        one that can't be read, or that is one too many to be, only the name is known, and when it was written."""
        items = [item for name, item in objects.items.items() if parse_claim(name)]
        read = zip(items[:MAX_READ], self.outside.each(self._content_of, items[:MAX_READ]), strict=True)
        known = [(item, content if isinstance(content, bytes) else b"") for item, content in read if content is not None]
        known += [(item, b"") for item in items[MAX_READ:]]
        claims = (parse_claim(item.name, content, item.created) for item, content in known)
        return [claim for claim in claims if claim is not None]

    def held_since(self, objects: Objects, job: str) -> Held | None:
        """Since when the ledger has the job called `job` held; None when it has no mark, or that is gone by now. A mark that
        does not state it is of the time at which it was written. Refused and Unknown where it may be read later."""
        if (mark := objects.marks.get(job)) is None:
            return None
        content = self._content_of(mark)
        if isinstance(content, Refused | Unknown) and _may_be_read_later(content):
            raise content
        return None if content is None else held(content, mark.created, objects.now)

    def content(self, item: Item) -> bytes | None:
        """What that generation holds, or None when it is gone."""
        if item not in self._contents:
            about = None if is_declaration(item.name) else item.name
            content = self.outside.patiently(lambda: self.outside.bucket.read(item), about=about)
            if content is None:
                return None
            self._contents[item] = content
        return self._contents[item]

    def _content_of(self, item: Item) -> bytes | Failure | None:
        """The same, or why it can't be read: the others can be."""
        try:
            return self.content(item)
        except (Refused, Unknown) as failure:
            return failure

    def _list(self, prefix: str, listing: Listing | None = None) -> list[Item]:
        return self.outside.patiently(lambda: self.outside.bucket.list(prefix)) if listing is None else listing.under(prefix)

    def _whole(self) -> Listing | None:
        """All of the bucket; None where that is not for us, and each prefix is listed. So it is for some minutes after a deploy
        has granted it: https://cloud.google.com/iam/docs/access-change-propagation"""
        if not self.outside.lists_all:
            return None
        now = self.outside.clock()
        try:
            self.listed = self._list("")
            return Listing(now=now, items=self.listed)
        except Refused as refused:
            if refused.code != FORBIDDEN:
                raise
            return None


@lru_cache(maxsize=1)
def _declared_in(names: tuple[str, ...], contents: tuple[bytes, ...]) -> Declaration:
    """What they declare together. An instance keeps the last one: most of a tick with nothing to do was to read it again."""
    return together([parse(content, name) for name, content in zip(names, contents, strict=True)])


def _declarations(items: Iterable[Item]) -> tuple[Item, ...]:
    """Those that declare something, the last one written last."""
    found = (item for item in items if is_declaration(item.name))
    return tuple(sorted(found, key=lambda item: (item.created is not None, item.created, item.name)))


def _chosen(named: Iterable[Hold], items: Mapping[str, Item], now: datetime) -> tuple[list[str], dict[str, str]]:
    """The objects whose contents are read, and why others are not: flags first, then the oldest, so that a flood of new ones
    takes nothing from those that were there. Nobody needs what a hold says that has ended."""
    current = [items[hold.object_name] for hold in named if hold.end > now or hold.is_flag]
    current.sort(key=lambda item: (not item.name.startswith(FLAG_PREFIX), item.created is not None, item.created, item.name))
    chosen, unread, size = list[str](), dict[str, str](), 0
    for item in current:
        if len(chosen) < MAX_READ and size + (item.size or 0) <= MAX_READ_BYTES:
            chosen.append(item.name)
            size += item.size or 0
        else:
            unread[item.name] = f"there are more holds than are read: {MAX_READ:,}, or {MAX_READ_BYTES >> 20} MiB"
    return chosen, unread


def _with_content(hold: Hold, content: dict[str, object] | None, item: Item) -> Hold:
    return replace(hold, created=item.created) if content is None else with_content(hold, content, item.created)


def _bytes(content: bytes | Failure | None) -> bytes:
    return content if isinstance(content, bytes) else b""


def _may_be_read_later(content: bytes | Failure | None) -> bool:
    return content is None or isinstance(content, Unknown) or (isinstance(content, Refused) and content.code in PASSING)


def _declared(declaration: Declaration, listed: Iterable[ActualJob]) -> dict[str, ActualJob]:
    found = {job.identity: job for job in listed}
    return {name: found[one] for name, one in declaration.identities.items() if one in found}
