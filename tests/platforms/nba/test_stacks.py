"""The platform's jobs, as Terraform gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import Catalog
from tests.e2e.deployment import local_environment
from tests.golden import golden
from tests.platforms.nba.conftest import GOLDEN
from tests.stacks.conftest import synthesize
from tests.stacks.test_synth import body_of, jobs_of


@pytest.mark.golden
def test_the_jobs_of_the_platform_are_as_reviewed(nba: Catalog, tmp_path: Path) -> None:
    jobs = jobs_of(synthesize(nba, local_environment(), tmp_path))
    golden("stacks-jobs.txt", "\n".join(line(name, job) for name, job in sorted(jobs.items())) + "\n", GOLDEN)


def line(name: str, job: Mapping[str, Any]) -> str:
    """A job as people review it."""
    target = job.get("http_target") or job["pubsub_target"]
    token = "oauth" if "oauth_token" in target else "oidc" if "oidc_token" in target else "pubsub"
    body = "-" if body_of(job) is None else json.dumps(body_of(job), separators=(",", ":"))
    where = target.get("uri") or target["topic_name"]
    columns = (name, job["region"], job["schedule"], job["time_zone"], job.get("attempt_deadline", "-"), token, where)
    return " | ".join([*columns, body, str(job["paused"])])
