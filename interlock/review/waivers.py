"""The waivers of a catalog: how old each is, which are new, and which end soon or have ended. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from interlock.catalog import Catalog, Waiver
from interlock.findings import waivable
from interlock.names import count
from interlock.review.remark import Remark, Topic

SOON = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class WaiverNote:
    """A waiver of `subject`. `days_left` counts from today to its last day, negative when it has ended; `age_days` from the day
    since when it is accepted, None when nobody says."""

    subject: str
    waiver: Waiver
    is_new: bool
    days_left: int
    age_days: int | None

    @property
    def is_due(self) -> bool:
        """Whether to look at it now: it is new, ends within 30 days, or has ended."""
        return self.is_new or self.days_left <= SOON.days

    @property
    def has_ended(self) -> bool:
        """Whether it waives nothing any more."""
        return self.days_left < 0

    @property
    def age(self) -> str:
        """For how long it has been accepted, for people."""
        return "age unknown" if self.age_days is None else f"{count(max(self.age_days, 0), 'day')} old"

    @property
    def says(self) -> str:
        """What there is about it, for people."""
        if self.days_left < 0:
            ends = f"ended {count(-self.days_left, 'day')} ago"
        else:
            ends = f"ends in {count(self.days_left, 'day')}" if self.days_left else "ends today"
        return f"new, {ends}" if self.is_new else ends


def waiver_notes(before: Catalog, after: Catalog, today: date) -> tuple[WaiverNote, ...]:
    """The waivers of `after`; what ends first comes first. New is what `before` has not."""
    known = {subject: set(thing.waivers) for subject, thing in waivable(before).items()}
    found = (
        WaiverNote(
            subject=subject,
            waiver=waiver,
            is_new=waiver not in known.get(subject, ()),
            days_left=(waiver.until - today).days,
            age_days=(today - waiver.since).days if waiver.since else None,
        )
        for subject, thing in waivable(after).items()
        for waiver in thing.waivers
    )
    return tuple(sorted(found, key=lambda note: (note.days_left, note.subject, note.waiver.rule, note.waiver.reason)))


def ended(notes: tuple[WaiverNote, ...], new: Collection[str]) -> Iterator[Remark]:
    """One for each that has ended; a finding where its subject is among the `new` ones, as that of another change is old here:
    what fails the pull request of somebody else is mended by nobody."""
    for note in notes:
        if note.has_ended:
            text = f"the waiver of {note.waiver.rule} ended on {note.waiver.until}: {note.waiver.reason} ({note.waiver.owner})"
            yield Remark(topic=Topic.WAIVER, subject=note.subject, text=text, is_finding=note.subject in new)
