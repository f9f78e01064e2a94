"""One stack a platform: jobs move there and back without a call that changes them, and each stack is toggled alone."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from interlock.declaration import together as joint
from interlock.declare import declare
from interlock.reading.files import load_catalog
from interlock.runtime.declaration_file import parse
from interlock.terminal import synthesized
from interlock.terraform.drift import declared_digests
from tests.e2e.conftest import SMALL, once, serve
from tests.e2e.deployment import NO_CHANGES, Deployment, link_repository, local_environment

BETA = Path(__file__).parent / "two" / "beta" / "beta.yaml"
OF_JOBS = "cloudscheduler.projects.locations.jobs."
MOVE = "move.json"
SMALL_STACK, BETA_STACK, ONE = "schedules-small", "schedules-beta", "schedules"


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    """Two platforms."""
    return _catalog(tmp_path / "apart", "small", "beta")


@pytest.fixture
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same jobs as one platform; no test changes it."""
    return once("catalog-joined", tmp_path_factory, lambda folder: _catalog(folder, "small", "small"))


def _catalog(root: Path, of_small: str, of_beta: str) -> Path:
    for folder, file in ((of_small, SMALL / "small" / "small.yaml"), (of_beta, BETA)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / folder)
    return root


def deploy(cloud: Deployment, catalog: Path, *words: str) -> str:
    cloud.synthesize(catalog)
    return cloud.interlock("deploy", "--yes", *words, INTERLOCK_CATALOG=str(catalog)).succeeded().text


def job_writes(cloud: Deployment) -> Counter[str]:
    return Counter({name: number for name, number in cloud.writes().items() if name.startswith(OF_JOBS)})


def states(cloud: Deployment) -> dict[str, int]:
    """How many jobs each state of the schedules knows."""
    bucket = cloud.storage().bucket(local_environment().state_bucket)
    names = [blob.name for blob in bucket.list_blobs(prefix="interlock/local/schedules") if blob.name.endswith(".tfstate")]
    return {
        name.split("/")[2]: bucket.blob(name).download_as_bytes().count(b'"type": "google_cloud_scheduler_job"')
        for name in names
    }


def flags_of(cloud: Deployment) -> list[str]:
    return [name for name in cloud.objects() if name.startswith("backfills/")]


def declared_by_all(cloud: Deployment) -> list[str]:
    return sorted(blob.name for blob in cloud.storage().list_blobs(cloud.bucket(), prefix="declaration/"))


@pytest.fixture
def together(joined: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a cloud with the jobs of both, deployed as one platform, with a backfill on."""
    return once("deployed-together", tmp_path_factory, partial(_deploy_together, joined))


@pytest.fixture
def together_first(together: Path, tmp_path: Path) -> Iterator[Deployment]:
    """A copy of that."""
    with serve(Path(shutil.copytree(together, tmp_path / "together", symlinks=True))) as cloud:
        yield cloud


def _deploy_together(catalog: Path, folder: Path) -> None:
    link_repository(folder / "work")
    with serve(folder) as cloud:
        deploy(cloud, catalog)
        cloud.interlock("backfill", "on", "books", "--reason", "why", INTERLOCK_CATALOG=str(catalog)).succeeded()


@pytest.fixture
def moved(together: Path, apart: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The same after a deploy of the two platforms, with the backfill still on. MOVE beside it says what came of that."""
    made = once("deployed-apart", tmp_path_factory, partial(_move_apart, together))
    with serve(Path(shutil.copytree(made, tmp_path / "moved", symlinks=True))) as cloud:
        cloud.synthesize(apart)
        yield cloud


def _move_apart(deployed: Path, folder: Path) -> None:
    shutil.copytree(deployed, folder, symlinks=True)
    with serve(folder) as cloud:
        before, stood = job_writes(cloud), (sorted(cloud.paused()), flags_of(cloud))
        said = deploy(cloud, _catalog(folder / "catalog", "small", "beta"))
        stands = (sorted(cloud.paused()), flags_of(cloud))
        move = {"said": said, "written": job_writes(cloud) - before, "before": stood, "after": stands}
        (cloud.folder / MOVE).write_text(json.dumps(move), encoding="utf-8")


def test_what_is_synthesized_here_a_command_takes_for_its_own(nothing: Deployment, apart: Path) -> None:
    """The other tests go by that: cdktf takes seconds to start, and runs here already."""
    out, environ = nothing.folder / "cdktf.out" / "local", {"INTERLOCK_CATALOG": str(apart)}
    nothing.interlock("synth", **environ).succeeded()
    stamp = (out / synthesized.FILE).read_bytes()
    shutil.rmtree(out)
    nothing.synthesize(apart)
    assert (out / synthesized.FILE).read_bytes() == stamp


def test_jobs_move_to_stacks_of_their_platforms_and_back_and_none_is_written(
    moved: Deployment, joined: Path, apart: Path
) -> None:
    cloud, move = moved, json.loads((moved.folder / MOVE).read_text(encoding="utf-8"))
    assert "no stack of this catalog any more" in move["said"]
    assert (move["written"], move["after"]) == ({}, move["before"])
    assert states(cloud) == {ONE: 0, SMALL_STACK: 6, BETA_STACK: 2}
    assert declared_by_all(cloud) == ["declaration/platforms/beta.json", "declaration/platforms/small.json"]
    parts = [parse(cloud.bucket().blob(name).download_as_bytes(), name) for name in declared_by_all(cloud)]
    catalog, env = load_catalog(apart), local_environment()
    assert joint(parts) == declare(catalog, env, declared_digests(catalog, env))
    before, paused, flags = job_writes(cloud), cloud.paused(), flags_of(cloud)
    assert deploy(cloud, apart).count("nothing to do") == 4

    deploy(cloud, joined)
    assert states(cloud) == {ONE: 8, SMALL_STACK: 0, BETA_STACK: 0}
    assert declared_by_all(cloud) == ["declaration/current.json"]
    assert deploy(cloud, joined).count("nothing to do") == 3
    assert (job_writes(cloud) - before, cloud.paused(), flags_of(cloud)) == (Counter(), paused, flags)


def test_a_move_that_is_killed_between_two_states_goes_on_and_writes_no_job(
    together_first: Deployment, joined: Path, apart: Path
) -> None:
    cloud = together_first
    before, paused = job_writes(cloud), cloud.paused()
    cloud.synthesize(apart)
    cloud.interlock("synth", "--imports", INTERLOCK_CATALOG=str(apart)).succeeded()
    cloud.terraform(SMALL_STACK, "init", "-input=false").succeeded()
    cloud.apply(SMALL_STACK).succeeded()  # and no further
    assert states(cloud) == {ONE: 8, SMALL_STACK: 6}
    deploy(cloud, joined)  # of a colleague whose catalog still has one
    assert states(cloud) == {ONE: 8, SMALL_STACK: 0}
    cloud.synthesize(apart)
    cloud.interlock("synth", "--imports", INTERLOCK_CATALOG=str(apart)).succeeded()
    cloud.terraform(ONE, "init", "-input=false").succeeded()
    cloud.apply(ONE).succeeded()  # out of turn: nobody knows of the jobs now
    assert states(cloud) == {ONE: 0, SMALL_STACK: 0}
    deploy(cloud, apart)
    assert states(cloud) == {ONE: 0, SMALL_STACK: 6, BETA_STACK: 2}
    assert (job_writes(cloud) - before, cloud.paused()) == (Counter(), paused)


@pytest.mark.long
def test_a_platform_that_goes_is_deleted_by_its_number_and_the_one_that_stays_is_not_touched(
    together_first: Deployment, joined: Path, apart: Path
) -> None:
    cloud = together_first
    cloud.interlock("backfill", "off", "books", INTERLOCK_CATALOG=str(joined)).succeeded()
    deploy(cloud, apart)
    shutil.rmtree(apart / "beta")
    before = job_writes(cloud)
    refused = cloud.interlock("deploy", "--yes", INTERLOCK_CATALOG=str(apart)).refused().text
    assert "2 of the 8 jobs that are deployed would be deleted or let go" in refused
    deploy(cloud, apart, "--yes-delete", "2")
    assert job_writes(cloud) - before == Counter({f"{OF_JOBS}delete": 2})
    assert states(cloud) == {ONE: 6, SMALL_STACK: 0, BETA_STACK: 0}


def test_a_backfill_holds_jobs_of_another_platform_and_one_stack_writes_its_flag(moved: Deployment, apart: Path) -> None:
    cloud, environ = moved, {"INTERLOCK_CATALOG": str(apart)}
    cloud.interlock("backfill", "off", "books", **environ).succeeded()
    before = cloud.paused()
    held = {"gamebooks", "gamebooks-late", "amendments"}
    cloud.interlock("backfill", "on", "books", **environ).succeeded()
    [flag] = flags_of(cloud)
    assert set(cloud.content(flag)["jobs"]) == {*held, "gamebooks-summer"}
    assert cloud.paused() - before == held
    plans = {stack: cloud.plan(stack, read_empty=True) for stack in (SMALL_STACK, BETA_STACK)}
    assert {stack: plan.changes for stack, plan in plans.items()} == {SMALL_STACK: {}, BETA_STACK: {}}
    assert 'google_storage_bucket_object.flags["books"]' not in plans[BETA_STACK].shown
    assert cloud.interlock("plan", **environ).code == NO_CHANGES, "no stack says anything of another one's flags"

    cloud.job("amendments", "resume")  # as after a toggle that was killed between the two
    assert cloud.plan(BETA_STACK).jobs == {"amendments": "pause"}
    cloud.interlock("backfill", "off", "books", **environ).succeeded()
    assert (cloud.paused(), flags_of(cloud)) == (before, [])

    said = cloud.interlock("backfill", "on", "reorder", **environ).succeeded().text
    assert BETA_STACK in said
    assert SMALL_STACK not in said
    assert cloud.paused() - before == {"orders"}
