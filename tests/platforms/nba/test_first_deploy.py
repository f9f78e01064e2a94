"""The platform's first deploy, a second one, a plan and a toggle, each in few lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from interlock.catalog import Catalog
from tests.e2e.deployment import CHANGES, FAILED, FAR, Deployment, instant
from tests.e2e.live import Live
from tests.golden import golden
from tests.platforms.nba.conftest import GOLDEN


@pytest.mark.golden
def test_a_first_deploy_makes_everything_and_a_second_changes_nothing(nothing: Deployment, nba: Catalog) -> None:
    assert nothing.interlock("plan").code == CHANGES
    first = nothing.interlock("deploy").succeeded()
    golden("commands/deploy-first.txt", first.raw, GOLDEN)
    assert len(first.raw.splitlines()) <= 40
    assert nothing.jobs().keys() == nba.jobs.keys()
    assert "143 jobs: 133 enabled, 10 paused (10 by declaration); no drift" in nothing.interlock("status").text
    before = nothing.writes()
    golden("commands/deploy-again.txt", nothing.interlock("deploy").succeeded().raw, GOLDEN)
    golden("commands/plan-nothing.txt", nothing.interlock("plan").succeeded().raw, GOLDEN)
    planned = nothing.interlock("plan", "--on", "tdza")
    assert planned.code == CHANGES
    golden("commands/plan-on.txt", planned.raw, GOLDEN)
    assert nothing.interlock("plan", "--on", "nope").code == FAILED, "2 would say that there are changes"
    assert _changes(nothing.writes()) == _changes(before)
    _toggle(nothing, "tdza")


def _toggle(cloud: Deployment, backfill: str) -> None:
    """On and off, in few lines, none of them wider than a terminal."""
    # In the midst of a minute, so that no run is due meanwhile, or so soon that it has to be waited for, and is caught up.
    Live(deployment=cloud).stand_at(datetime.now(UTC).replace(second=40, microsecond=0))
    narrow = {"TZ": "UTC", "COLUMNS": "80"}
    on = cloud.interlock("backfill", "on", backfill, "--until", instant(FAR), "--reason", "again", **narrow).succeeded()
    off = cloud.interlock("backfill", "off", backfill, **narrow).succeeded()
    for name, said in (("on", on), ("off", off)):
        golden(f"commands/backfill-{name}.txt", re.sub(r"until [^)]+ UTC\)", "until END", said.raw), GOLDEN)
        assert len(said.raw.splitlines()) <= 12
        assert max(map(len, said.raw.splitlines())) <= 80
    again = cloud.interlock("backfill", "off", backfill, **narrow).succeeded()
    assert again.raw.splitlines()[-1] == f"{backfill} was off already."


def _changes(writes: dict[str, int]) -> dict[str, int]:
    """The writes to jobs and buckets. Objects are Terraform's own state and lock, too; a policy is read to be compared."""
    kinds = ("scheduler", "buckets")
    return {name: n for name, n in writes.items() if any(k in name for k in kinds) and not name.endswith("getIamPolicy")}
