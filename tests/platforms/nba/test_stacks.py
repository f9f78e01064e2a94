"""The platform's jobs, as Terraform gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from interlock.catalog import Catalog
from interlock.cron import Cron
from tests.e2e.deployment import local_environment
from tests.golden import golden
from tests.platforms.nba.conftest import GOLDEN
from tests.stacks.conftest import Stacks
from tests.stacks.test_synth import body_of, jobs_of


@pytest.mark.golden
def test_the_jobs_of_the_platform_are_as_reviewed(stacks: Stacks) -> None:
    golden("stacks-jobs.txt", "\n".join(line(name, job) for name, job in sorted(jobs_of(stacks).items())) + "\n", GOLDEN)


def line(name: str, job: Mapping[str, Any]) -> str:
    """A job as people review it."""
    target = job.get("http_target") or job["pubsub_target"]
    token = "oauth" if "oauth_token" in target else "oidc" if "oidc_token" in target else "pubsub"
    body = "-" if body_of(job) is None else json.dumps(body_of(job), separators=(",", ":"))
    where = target.get("uri") or target["topic_name"]
    columns = (name, job["region"], job["schedule"], job["time_zone"], job.get("attempt_deadline", "-"), token, where)
    return " | ".join([*columns, body, str(job["paused"])])


def test_no_tick_is_at_a_minute_at_which_many_jobs_start(nba: Catalog) -> None:
    ticks = Cron.parse(local_environment().tick_schedule).minutes
    at = [minute for job in nba.jobs.values() for minute in job.schedule.minutes if len(job.schedule.minutes) < 12]
    busiest = sorted(range(60), key=at.count)[-6:]
    assert not ticks & set(busiest)
