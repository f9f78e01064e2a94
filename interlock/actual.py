"""What Cloud Scheduler says of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from interlock.catalog import Json, identity

PAUSED, ENABLED = "PAUSED", "ENABLED"
"""States as the Cloud Scheduler API names them."""
MISSING, UNSEEN = "MISSING", "UNSEEN"
"""Our words for a job that it does not know, and for one of a region that could not be listed."""
UNREADABLE = "UNREADABLE"
"""And for one of which it says what we can't understand: it is left alone, and said."""


@dataclass(frozen=True, kw_only=True)
class ActualJob:
    """A job as Cloud Scheduler has it. `last_attempt` is aware UTC; `last_status` is a google.rpc code, 0 for success."""

    name: str
    region: str
    state: str
    schedule: str
    time_zone: str
    last_attempt: datetime | None
    last_status: int
    target: str = field(default="", repr=False)
    """The URL or the topic that it calls, which may hold a secret; empty for who may list jobs but not see that
    (cloudscheduler.jobs.fullView)."""

    resource: Mapping[str, Json] = field(default_factory=dict, repr=False, compare=False)
    """The whole job as the API says it; never printed, as it may hold secrets."""

    @property
    def identity(self) -> str:
        """What tells it from all others: region and name."""
        return identity(self.region, self.name)
