"""Every job of Cloud Scheduler of a project, wherever it is. Reads only."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

from interlock.actual import ActualJob
from interlock.apis import enable_command
from interlock.gcp import CloudError
from interlock.gcp.ports import GoogleScheduler
from interlock.runtime.ports import Refused, Unknown

T = TypeVar("T")
UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
WAITS_SECONDS = (2, 5, 15, 40)
"""The quota of reads is counted by the minute: https://cloud.google.com/scheduler/quotas"""
VIEWER = "roles/cloudscheduler.viewer"
FULL_VIEW = "cloudscheduler.jobs.fullView"
"""What shows a job's target: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/list"""


class LiveJobs:
    """What Cloud Scheduler has in a project."""

    def __init__(self, project: str, says: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
        """`says` hears of each wait. CloudError without credentials."""
        self._project, self._says, self._sleep = project, says, sleep
        self._scheduler = self._answer("Cloud Scheduler", lambda: GoogleScheduler(project))

    def locations(self) -> tuple[str, ...]:
        """Where Cloud Scheduler is, sorted. CloudError."""
        return tuple(self._answer("its locations", self._scheduler.regions))

    def jobs(self, region: str) -> list[ActualJob]:
        """The jobs of a region. CloudError."""
        return self._answer(f"the jobs in {region}", lambda: self._scheduler.list(region))

    def _answer(self, what: str, call: Callable[[], T]) -> T:
        """What a call answers; one that a quota refuses is made again."""
        for seconds in WAITS_SECONDS:
            try:
                return self._explained(what, call)
            except _TooMany:
                self._says(f"Cloud Scheduler's quota is used up for now (429); waiting {seconds} seconds")
                self._sleep(seconds)
        try:
            return self._explained(what, call)
        except _TooMany as error:
            raise CloudError(f"{error}; again in some minutes") from error

    def _explained(self, what: str, call: Callable[[], T]) -> T:
        where = f"project {self._project}: nobody can list {what}"
        try:
            return call()
        except Refused as error:
            said = f"{where}: {error}"
            if error.code == TOO_MANY:
                raise _TooMany(said) from error
            raise CloudError(f"{said}{self._next(error)}") from error
        except Unknown as error:
            raise CloudError(f"{where}: no answer: {error}") from error

    def _next(self, error: Refused) -> str:
        if error.code == UNAUTHENTICATED:
            return "; log in: gcloud auth application-default login"
        if re.search("SERVICE_DISABLED|has not been used in project|is disabled", str(error)):
            return f"; turn the API on: {enable_command(('cloudscheduler',), self._project)}"
        if error.code == FORBIDDEN:
            return f"; it takes {VIEWER}, and {FULL_VIEW} to see what jobs call"
        return "; is that the id of the project?" if error.code == NOT_FOUND else ""


class _TooMany(CloudError):
    """A quota is used up."""
