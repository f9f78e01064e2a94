"""What the run-time part of Interlock needs of the outside: a bucket, Cloud Scheduler, and a clock.

The coordinator and the command line bring Google's; tests bring their own, which may fail between any two calls. A call that
fails raises; one whose outcome is not known raises `Unknown`, and then it may or may not have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from interlock.actual import ActualJob

Clock = Callable[[], datetime]
"""Now, as an aware UTC instant."""


class Refused(Exception):
    """Google refused, for good as far as this call goes: `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class NoBucket(Refused):
    """There is no such bucket: nothing is deployed there."""


class Unknown(Exception):
    """The call got no answer: it may have happened."""


@dataclass(frozen=True, kw_only=True, order=True)
class Item:
    """An object of the bucket: its name and generation, which every write of it moves."""

    name: str
    generation: int
    created: datetime | None = field(default=None, compare=False)
    """When it was written, by the bucket's clock; None where it is not known."""
    size: int | None = field(default=None, compare=False)
    """Bytes of its content; None where it is not known."""
    metadata: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What its writer said of it beside the content."""


class Bucket(Protocol):
    """The coordination bucket. Listings are strongly consistent: https://cloud.google.com/storage/docs/consistency"""

    def list(self, prefix: str) -> list[Item]:
        """The objects whose names begin with `prefix`."""

    def read(self, item: Item) -> bytes | None:
        """The content of that generation, or None when it is gone."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes an object that must not exist (ifGenerationMatch=0); False when it does."""

    def delete(self, item: Item) -> bool:
        """Deletes exactly that generation (ifGenerationMatch); False when it is gone or another."""


class Scheduler(Protocol):
    """Cloud Scheduler, in the regions of the declared jobs."""

    def list(self, region: str) -> list[ActualJob]:
        """Every job of the region."""

    def pause(self, region: str, job: str) -> None:
        """Pauses an enabled job."""

    def resume(self, region: str, job: str) -> None:
        """Resumes a paused job."""

    def run(self, region: str, job: str) -> None:
        """Starts a run now, whatever the schedule is. Not idempotent: repeated only when it was certainly refused."""
