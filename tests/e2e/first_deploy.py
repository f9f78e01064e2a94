"""A platform's first deploy, a second one, a plan and a toggle, each in few lines that are as reviewed."""

from __future__ import annotations

import re
from pathlib import Path

from interlock.catalog import Catalog
from tests.e2e.deployment import CHANGES, FAILED, FAR, Deployment, instant
from tests.e2e.live import Live, next_noon
from tests.golden import FOLDER, golden


def deploy_twice_and_toggle(cloud: Deployment, catalog: Catalog, backfill: str, says: str, folder: Path = FOLDER) -> None:
    """Deploys `catalog`, which lies where the commands run, on a cloud with nothing in it; `says` is what status ends with."""
    Live(deployment=cloud).stand_at(next_noon())
    assert cloud.interlock("plan").code == CHANGES
    first = cloud.interlock("deploy").succeeded()
    golden("commands/deploy-first.txt", first.raw, folder)
    assert len(first.raw.splitlines()) <= 40
    assert cloud.jobs().keys() == catalog.jobs.keys()
    assert says in cloud.interlock("status").text
    before = cloud.writes()
    golden("commands/deploy-again.txt", cloud.interlock("deploy").succeeded().raw, folder)
    golden("commands/plan-nothing.txt", cloud.interlock("plan").succeeded().raw, folder)
    planned = cloud.interlock("plan", "--on", backfill)
    assert planned.code == CHANGES
    golden("commands/plan-on.txt", planned.raw, folder)
    assert cloud.interlock("plan", "--on", "nope").code == FAILED, "2 would say that there are changes"
    assert _changes(cloud.writes()) == _changes(before)
    _toggle(cloud, backfill, folder)


def _toggle(cloud: Deployment, backfill: str, folder: Path) -> None:
    """On and off, in few lines, none of them wider than a terminal."""
    narrow = {"TZ": "UTC", "COLUMNS": "80"}
    on = cloud.interlock("backfill", "on", backfill, "--until", instant(FAR), "--reason", "again", **narrow).succeeded()
    off = cloud.interlock("backfill", "off", backfill, **narrow).succeeded()
    for name, said in (("on", on), ("off", off)):
        golden(f"commands/backfill-{name}.txt", re.sub(r"until [^)]+ UTC\)", "until END", said.raw), folder)
        assert len(said.raw.splitlines()) <= 12
        assert max(map(len, said.raw.splitlines())) <= 80
    again = cloud.interlock("backfill", "off", backfill, **narrow).succeeded()
    assert again.raw.splitlines()[-1] == f"{backfill} was off already."


def _changes(writes: dict[str, int]) -> dict[str, int]:
    """The writes to jobs and buckets. Objects are Terraform's own state and lock, too."""
    return {name: n for name, n in writes.items() if "scheduler" in name or "buckets" in name}
