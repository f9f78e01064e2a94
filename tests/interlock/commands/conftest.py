"""Runs the command line as people do, on a small catalog."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1, storage

from interlock.catalog import Catalog
from interlock.commands import main
from interlock.declare import declare
from interlock.reading.files import load_catalog, load_environment
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.terminal import local_target
from local.emulator import scheduler, serve
from tests.interlock.live_jobs import job_of, resource_of

ROOT = Path(__file__).parents[3]
SMALL = Path(__file__).parent / "small.yaml"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Direct = Callable[..., "subprocess.CompletedProcess[str]"]
NOW = "2026-03-10T12:05:00Z"
EVERY_REGION = scheduler.REGIONS
FEW_REGIONS = ("asia-northeast1", "europe-west1", "us-central1", "us-east1", "us-east4", "us-west2")
"""That of the small catalog, and some more."""
ENVIRONMENT = load_environment(ROOT / "environments", "local")
_loaded: dict[str, Catalog] = {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the small catalog."""
    folder = tmp_path / "catalog"
    (folder / "small").mkdir(parents=True)
    (folder / "small/all.yaml").write_text(SMALL.read_text())
    return folder


@pytest.fixture
def environ(root: Path) -> dict[str, str]:
    """INTERLOCK_CATALOG, and nothing of ours besides."""
    foreign = ("INTERLOCK_", "GOOGLE_", "CLOUDSDK_", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"INTERLOCK_CATALOG": str(root)}


def loaded(root: Path) -> Catalog:
    """The catalog in a folder, for what is to be in the cloud: read once, however many tests have one that says the same."""
    says = "".join(path.read_text() for path in sorted(root.rglob("*.yaml")))
    if says not in _loaded:
        _loaded[says] = load_catalog(root)
    return _loaded[says]


@pytest.fixture(autouse=True)
def _no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that needs the local target would become another process: not this one."""

    def refuse(path: str, words: list[str]) -> None:
        raise AssertionError(f"would become {path} {words}")

    monkeypatch.setattr(local_target.os, "fork", lambda: 1)
    monkeypatch.setattr(local_target.os, "execv", refuse)


@pytest.fixture
def run(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `interlock ARGUMENTS` in the root of the repository, in this process: Google's libraries take a second to import."""
    monkeypatch.chdir(ROOT)
    runner = CliRunner()

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["interlock", *arguments])
        unset = {name: None for name in os.environ if name not in environ}
        done = runner.invoke(main, arguments, prog_name="interlock", env={**unset, **environ, **env})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    return call


@pytest.fixture
def run_alone(environ: dict[str, str]) -> Run:
    """The same in a process of its own, as people have it."""

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from interlock.commands import main; main(prog_name='interlock')", *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**environ, **env},
            timeout=120,
        )

    return call


def parsed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that a command printed; all of standard output is one object with a list `jobs` of objects with `name`."""
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    assert all(isinstance(job["name"], str) for job in value["jobs"])
    return value


class Cloud:
    """The emulated project, as Google's own clients change it. The catalog is deployed, unless it `is_deployed` already."""

    def __init__(self, url: str, catalog: Catalog, *, is_deployed: bool = False) -> None:
        anonymous = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": url}}  # type: ignore[no-untyped-call]
        self.url = url
        self.regions = {job.name: job.region for job in catalog.jobs.values()}
        self.jobs = scheduler_v1.CloudSchedulerClient(transport="rest", **anonymous)  # type: ignore[arg-type]
        self.bucket = storage.Client(project=ENVIRONMENT.project, **anonymous).bucket(ENVIRONMENT.bucket)
        if not is_deployed:
            self._deploy(catalog)

    def _deploy(self, catalog: Catalog) -> None:
        self.bucket.create()
        for job in catalog.jobs.values():
            self.jobs.create_job(parent=self.name(job.name).partition("/jobs/")[0], job=job_of(resource_of(job, ENVIRONMENT)))
            if job.paused:
                self.jobs.pause_job(name=self.name(job.name))

    def name(self, job: str) -> str:
        return f"projects/{ENVIRONMENT.project}/locations/{self.regions.get(job, 'us-west2')}/jobs/{job}"

    def create(self, job: str, region: str = "us-west2") -> None:
        """Makes a job that no catalog knows."""
        parent = f"projects/{ENVIRONMENT.project}/locations/{region}"
        target = scheduler_v1.HttpTarget(uri="https://nothing.invalid/")
        made = scheduler_v1.Job(name=f"{parent}/jobs/{job}", schedule="0 * * * *", time_zone="Etc/UTC", http_target=target)
        self.jobs.create_job(parent=parent, job=made)

    def declare(self, catalog: Catalog) -> None:
        """Writes what the schedules stack writes."""
        content = to_json(declare(catalog, ENVIRONMENT))
        self.bucket.blob(OBJECT).upload_from_string(content)

    def at(self, instant: str) -> None:
        """Sets the clock of the emulated cloud, which the commands go by."""
        self._local("clock", {"set": instant})

    def fault(self, *faults: str) -> None:
        """Has calls fail from now on (local/emulator/faults.py)."""
        self._local("faults", {"faults": [*faults]})

    def mend(self) -> None:
        """Has no call fail any more."""
        self._local("faults", {}, "DELETE")

    def _local(self, what: str, said: dict[str, object], method: str = "POST") -> None:
        body = json.dumps(said).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_local/{what}", body, headers, method=method)  # noqa: S310
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def state(self, job: str) -> str:
        """ENABLED or PAUSED."""
        return self.jobs.get_job(name=self.name(job)).state.name

    def objects(self, prefix: str) -> list[str]:
        """The names of the objects under `prefix`."""
        return [blob.name for blob in self.bucket.list_blobs(prefix=prefix)]

    def hold(self, name: str, content: str = '{"reason": "reprocess", "owner": "ana"}') -> None:
        self.bucket.blob(name).upload_from_string(content)


@pytest.fixture(autouse=True)
def _few_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks everywhere asks once a region, and few are as good as Google's 31, but where a test takes `EVERY_REGION`."""
    monkeypatch.setattr(scheduler, "REGIONS", FEW_REGIONS)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The state of a cloud where this catalog is deployed, to be copied; of each catalog made once."""
    made: dict[str, Path] = {}

    def state(root: Path) -> Path:
        text = "".join(path.read_text() for path in sorted(root.rglob("*.yaml")))
        if text not in made:
            folder = tmp_path_factory.mktemp("deployed")
            with serve(folder) as running:
                Cloud(running.url, loaded(root))
            made[text] = folder
        return made[text]

    return state


@pytest.fixture
def cloud(tmp_path: Path, root: Path, deployed: Callable[[Path], Path]) -> Iterator[Cloud]:
    """The small catalog, deployed as declared. It is NOW there, at whatever hour this runs: a window may be open."""
    shutil.copytree(deployed(root), tmp_path / "state")
    with serve(tmp_path / "state") as running:
        cloud = Cloud(running.url, loaded(root), is_deployed=True)
        cloud.at(NOW)
        yield cloud


@pytest.fixture
def site(run: Run, cloud: Cloud, root: Path) -> Direct:
    """Runs a command in New York at NOW, where the small catalog is deployed."""
    cloud.declare(loaded(root))

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        env = {"INTERLOCK_LOCAL_URL": cloud.url, "TZ": "America/New_York", "INTERLOCK_OWNER": "ana", **env}
        return run(*arguments, **env)

    return call
