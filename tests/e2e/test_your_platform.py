"""docs/your-platform.md is true: its catalog and its commands, as written there, in a repository without any platform."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.cloud import scheduler_v1

from tests.e2e.conftest import serve
from tests.e2e.deployment import ROOT, Deployment, link_repository, local_environment
from tests.e2e.granting import Owner
from tests.e2e.test_adoption import replace_sections
from tests.golden import DOCS
from tests.interlock.adoption.real_shapes import SECRET, SHAPES

PAGE = (DOCS / "your-platform.md").read_text(encoding="utf-8")
FOR_MAKE = ("Makefile", "interlock", "local", "requirements", "pyproject.toml", "package.json", "package-lock.json", "tools")
"""What make needs to see that nothing is to be set up."""
pytestmark = pytest.mark.long


def example(name: str) -> str:
    """A block of the page."""
    found = re.search(rf"<!-- example: {name} -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


@contextmanager
def repository(folder: Path) -> Iterator[Deployment]:
    """A repository whose folder `catalog` is empty, and an empty cloud."""
    (folder / "catalog").mkdir(parents=True)
    work = link_repository(folder / "work", folder / "catalog")
    for name in FOR_MAKE:
        (work / name).symlink_to(ROOT / name)
    with serve(folder) as deployment:
        deployment.environ.pop("INTERLOCK_CATALOG", None)
        yield deployment


def run_all(cloud: Deployment, commands: str) -> list[str]:
    """What each command says; each has to succeed."""
    return [cloud.run("sh", "-c", command).succeeded().text for command in commands.splitlines()]


def test_a_platform_comes_from_nothing(tmp_path: Path) -> None:
    with repository(tmp_path) as cloud:
        (tmp_path / "catalog" / "shop").mkdir()
        (tmp_path / "catalog" / "shop" / "shop.yaml").write_text(example("platform"), encoding="utf-8")
        validated, deployed, on, status, off = run_all(cloud, example("from-nothing"))
        assert "1 job" in validated
        assert "1 jobs: 1 enabled, 0 paused" in deployed
        assert "1 job held by backfill/orders" in status
        assert "1 to pause" in on
        assert "1 to resume" in off
        assert cloud.paused() == set()


def test_a_platform_that_runs_is_adopted_without_a_change(tmp_path: Path) -> None:
    """Real jobs; `adopt` exits with 1 for those whose secret nobody may write down, so that none is among them."""
    with repository(tmp_path) as cloud:
        made = [shape for shape in SHAPES if SECRET not in str(shape.body)]
        Owner(url=cloud.url, env=local_environment()).enable("cloudscheduler")
        client = cloud.scheduler()
        for shape in made:
            resource = shape.resource()
            parent = str(resource["name"]).rpartition("/jobs/")[0]
            client.create_job(parent=parent, job=scheduler_v1.Job.from_json(json.dumps(resource)))
        first = sorted(cloud.jobs())[0]
        cloud.job(first, "pause")
        before, writes = settled(cloud), job_changes(cloud)
        commands = example("from-live").splitlines()
        run_all(cloud, commands[0])
        (cloud.folder / "environments").unlink()
        shutil.copytree(ROOT / "environments", cloud.folder / "environments")
        pasted = (tmp_path / "catalog" / "shop" / "environment.txt").read_text(encoding="utf-8")
        replace_sections(cloud.folder / "environments" / "local.yaml", pasted)
        run_all(cloud, commands[1])
        planned = cloud.run("sh", "-c", commands[2])
        assert planned.code == 2, planned.raw
        deployed = cloud.run("sh", "-c", commands[3]).succeeded()
        assert f"{len(made)} to import" in deployed.text
        assert settled(cloud) == before
        assert job_changes(cloud) == writes


def settled(cloud: Deployment) -> dict[str, str]:
    """The jobs but for when they run next, which the clock changes."""
    jobs = {name: scheduler_v1.Job.to_dict(job) for name, job in cloud.jobs().items()}
    return {name: json.dumps({**job, "schedule_time": None}, sort_keys=True, default=str) for name, job in jobs.items()}


def job_changes(cloud: Deployment) -> dict[str, int]:
    """Calls that change a job which is there; Interlock's own timers are made, and resumed as the provider does."""
    changing = ("jobs.patch", "jobs.pause", "jobs.delete", "jobs.run")
    return {name: number for name, number in cloud.writes().items() if name.endswith(changing)}
