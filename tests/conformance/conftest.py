"""The suite in this process, on an emulator of one test, with the stacks synthesized once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.check import Answer
from conformance.cloud import Cloud, Reply
from conformance.stop import Stop
from conformance.suite import all_checks
from conformance.world import World
from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from tests.e2e.conftest import serve
from tests.e2e.deployment import ROOT, Deployment, local_environment, synthesize

RUN = "abc123"
Alter = Callable[[str, str, Callable[[Reply], Reply]], None]


def a_world(folder: Path) -> World:
    """A run, of which nothing has been made."""
    told: list[Answer] = []
    return World(cloud=Cloud(local_environment(), Stop()), run=RUN, folder=folder, checks=all_checks(), tell=told.append)


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stacks of the suite's catalog."""
    folder = tmp_path_factory.mktemp("conformance") / "local"
    text = a_world(folder).filled((ROOT / "conformance" / "catalog.yaml").read_text(encoding="utf-8"))
    synthesize(resolve_catalog([SourceFile(name="catalog/conformance/a.yaml", platform="conformance", text=text)]), folder)
    return folder


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """An empty cloud, which this process' calls reach, as the owner of the project, who runs the suite."""
    with serve(tmp_path / "cloud", lambda _url, _environment: "") as served:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", served.url)
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "local")
        yield served


@pytest.fixture
def world(cloud: Deployment, stacks: Path, tmp_path: Path) -> World:
    """A run on it, let in by nobody."""
    del cloud
    found = a_world(tmp_path)
    (found.work / "cdktf.out").mkdir(parents=True)
    (found.work / "cdktf.out" / "local").symlink_to(stacks)
    return found


@pytest.fixture
def alter(monkeypatch: pytest.MonkeyPatch) -> Alter:
    """Has the cloud answer otherwise: to a method and a path as a regular expression."""

    def altered(method: str, path: str, change: Callable[[Reply], Reply]) -> None:
        call = Cloud.call

        def other(self: Cloud, http: str, api: str, at: str, *args: object, **more: object) -> Reply:
            reply = call(self, http, api, at, *args, **more)  # type: ignore[arg-type]
            return change(reply) if http == method and re.search(path, at) else reply

        monkeypatch.setattr(Cloud, "call", other)

    return altered
