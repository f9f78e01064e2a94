"""Interlock's own Cloud Scheduler jobs: the tick, and one that opens and one that closes each window on time.

They are in no scope and are never paused. All ask the same, to reconcile, and what happens follows from the clock: a timer
that is lost costs at most a tick, and one that fires too often costs nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from interlock.catalog import Catalog, Window
from interlock.cron import DAYS_A_WEEK, Cron
from interlock.environment import Environment
from interlock.graph import scopes
from interlock.names import OWN_PREFIX
from interlock.terraform.facts import window_facts
from stacks.cdk import (
    BaseStack,
    CloudSchedulerJob,
    CloudSchedulerJobHttpTarget,
    CloudSchedulerJobHttpTargetOidcToken,
    CloudSchedulerJobRetryConfig,
    ITerraformDependable,
    ServiceAccount,
    beside,
    literal,
)
from stacks.function import TIMEOUT_SECONDS
from stacks.jobs import KIND

BODY = base64.b64encode(b'{"action":"reconcile"}').decode()
MINUTES_A_DAY = 24 * 60


def add_timers(
    stack: BaseStack, catalog: Catalog, env: Environment, *, account: ServiceAccount, after: ITerraformDependable
) -> None:
    """The timers, which act as `account`; `after` is what they call."""
    covers, email, more = scopes(catalog), account.email, {}
    for timer in timers(catalog, env):
        CloudSchedulerJob(
            stack.among(CloudSchedulerJob),
            timer.name,
            name=timer.name,
            description=literal(timer.description),
            region=env.coordinator.region,
            schedule=timer.schedule,
            time_zone=timer.time_zone,
            attempt_deadline=f"{TIMEOUT_SECONDS}s",
            paused=False,
            retry_config=CloudSchedulerJobRetryConfig(
                retry_count=3,
                min_backoff_duration="5s",
                max_backoff_duration="60s",
                max_doublings=3,
                max_retry_duration="0s",
            ),
            http_target=CloudSchedulerJobHttpTarget(
                uri=f"{env.coordinator_url}/reconcile",
                http_method="POST",
                headers={"Content-Type": "application/json"},
                body=BODY,
                oidc_token=CloudSchedulerJobHttpTargetOidcToken(service_account_email=email, audience=env.coordinator_url),
            ),
            depends_on=[after],
        )
        window = timer.window
        facts = window_facts(window, covers[f"window/{window.name}"], env.max_hold) if window else {"owner": env.alerts_owner}
        more[timer.name] = beside(facts)
    stack.resources(KIND, more)


@dataclass(frozen=True)
class Timer:
    """A timer, and the window that it opens or closes."""

    name: str
    description: str
    schedule: str
    time_zone: str
    window: Window | None = None


def timers(catalog: Catalog, env: Environment) -> Iterator[Timer]:
    """The tick, and two of each window."""
    yield Timer(f"{OWN_PREFIX}tick", "Interlock looks, whatever happens", env.tick_schedule, "Etc/UTC")
    for name, window in sorted(catalog.windows.items()):
        zone = window.time_zone
        yield Timer(f"{OWN_PREFIX}open-{name}", f"Opens window/{name} on time", str(window.schedule), zone, window)
        yield Timer(f"{OWN_PREFIX}close-{name}", f"Closes window/{name} on time", closing(window), zone, window)


def closing(window: Window) -> str:
    """A schedule that fires whenever the window closes, and perhaps more often: cron can't say "two hours later" of every
    schedule. On a day on which the clock jumps in between, the tick closes the window."""
    schedule, minutes = window.schedule, int(window.duration / timedelta(minutes=1))
    ends = [time + minutes for time in schedule.times]
    days = {end // MINUTES_A_DAY for end in ends}
    at = {(end % MINUTES_A_DAY // 60, end % 60) for end in ends}
    fields = (_numbers({minute for _, minute in at}, 60), _numbers({hour for hour, _ in at}, 24))
    return " ".join([*fields, *_days(schedule, days)])


def _days(schedule: Cron, later: set[int]) -> tuple[str, str, str]:
    """Day of month, month and day of week of what is `later` by so many days."""
    of_month, month, of_week = schedule.text.split()[2:]
    if later == {0}:
        return of_month, month, of_week
    if of_week == "*":
        return "*", "*", "*"  # a day after the 31st is no number
    days = {(day + more) % DAYS_A_WEEK for day in schedule.weekdays for more in later}
    return "*", "*", _numbers(days, DAYS_A_WEEK)


def _numbers(numbers: set[int], every: int) -> str:
    return "*" if len(numbers) == every else ",".join(map(str, sorted(numbers)))
