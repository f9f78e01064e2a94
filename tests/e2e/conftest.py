"""Clouds on which the stacks are deployed already: made once for a test session, copied for each test."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog
from interlock.terminal.initialized import note
from local import emulator
from local.emulator import guest
from local.environment import ACCOUNT, for_command
from tests import forked
from tests.e2e.deployment import (
    STACKS,
    Deployment,
    clean_environ,
    instant,
    link_repository,
    local_environment,
    parsed,
    synthesize_as_commands_do,
)
from tests.e2e.granting import prepare
from tests.e2e.live import Live
from tests.providers import TERRAFORM, provider_of

SMALL = Path(__file__).parent / "catalog"
DAY = Path(__file__).parent / "day"
PATIENCE_SECONDS = 60
ARCHIVE = re.compile(r'"/[^"]*/(cdktf\.out/[^"]*/coordinator-[^"]*\.zip)"')
Serve = Callable[[Path], AbstractContextManager[Deployment]]


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    for tool in (TERRAFORM, "node"):
        assert shutil.which(tool), f"these tests run the real {tool}; install it"


@contextmanager
def serve(folder: Path, *, as_owner: bool = False) -> Iterator[Deployment]:
    """The cloud whose state is in `folder`, with the commands' folder beside it. Commands act as the deployer, or as the owner
    of the project."""
    with ExitStack() as stack:
        if forked.SAFE:
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(guest, "subprocess", forked.LIKE_SUBPROCESS)
        cloud = stack.enter_context(emulator.serve(folder / "cloud", enabled=()))
        deployer = prepare(cloud.url, local_environment())
        account = "" if as_owner else deployer
        provider = stack.enter_context(provider_of(cloud.url, account=account))
        environ = clean_environ() | {ACCOUNT: account}
        environ = for_command(environ, url=cloud.url, provider=provider.variables, state=folder)
        environ |= {"TF_IN_AUTOMATION": "1", "CI": "1", "COLUMNS": "200"}
        deployment = Deployment(
            folder=folder / "work", url=cloud.url, faults=cloud.faults, environ=environ, store=cloud.runtime.store
        )
        _stands_here(deployment)
        yield deployment


def _stands_here(deployment: Deployment) -> None:
    """Of the local target a state has the absolute path of the coordinator's archive. In a copy of a cloud that is another one,
    which would be a change in every plan of the stack."""
    bucket, name = local_environment().state_bucket, "interlock/local/coordination/default.tfstate"
    with deployment.store.transaction():
        found = deployment.store.object(bucket, name)
    before = found[1].decode() if found else ""
    if (state := ARCHIVE.sub(rf'"{deployment.folder}/\1"', before)) != before:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        with urllib.request.urlopen(deployment.url + path, state.encode()) as reply:  # noqa: S310 - loopback
            assert reply.status == HTTPStatus.OK


def _synthesize_once(root: Path, folder: Path) -> None:
    synthesize_as_commands_do(root, link_repository(folder), clean_environ())


def _deploy_once(synthesized: Path, folder: Path) -> None:
    shutil.copytree(synthesized, folder / "work", symlinks=True)
    with serve(folder) as deployment:
        env = local_environment()
        deployment.storage().create_bucket(env.state_bucket, location=env.location)
        for stack in STACKS:
            deployment.terraform(stack, "init", "-input=false").succeeded()
            note(deployment.stack(stack), TERRAFORM, deployment.environ)  # as a first command leaves it
            deployment.apply(stack).succeeded()
        _start_function(deployment)


def _start_function(deployment: Deployment) -> None:
    """So that its source lies there unpacked and compiled for each copy of the cloud, which has nothing else from that."""
    deployment.api("POST", "/_local/functions")
    end = time.monotonic() + PATIENCE_SECONDS
    while not deployment.api("GET", "/_local/functions")["processes"]:
        assert time.monotonic() < end, "the coordinator does not start"
        time.sleep(0.05)


def once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], object]) -> Path:
    """The folder that the first worker makes and all of them copy."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / name
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / f"{name}.done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (base / f"{name}.done").touch()
    return folder


def synthesized(name: str, root: Path, factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands run, where the stacks of a catalog are synthesized: a deploy of it takes them as they
    are."""
    return once(f"synthesized-{name}", factory, partial(_synthesize_once, root))


def shared(name: str, root: Path, factory: pytest.TempPathFactory) -> Path:
    """The folder of a cloud in which they are deployed, with such a folder in it."""
    made = synthesized(name, root, factory)
    return once(f"deployed-{name}", factory, partial(_deploy_once, made))


@pytest.fixture(scope="session")
def small_text() -> str:
    """The YAML of the small catalog, for tests that change it."""
    return (SMALL / "small" / "small.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def small_catalog(small_text: str) -> Catalog:
    return parsed(small_text)


@pytest.fixture
def deployed_small(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small catalog, deployed, for a `local run`; nobody serves it."""
    made = shared("small", SMALL, tmp_path_factory)
    return Path(shutil.copytree(made, tmp_path / "small", symlinks=True))


@pytest.fixture
def small(deployed_small: Path) -> Iterator[Deployment]:
    """The small catalog, deployed."""
    with serve(deployed_small) as deployment:
        deployment.environ["INTERLOCK_CATALOG"] = str(SMALL)
        yield deployment


BOOKS_ON = {"backfill_mode": True, "backfills": ["books"], "backfill_reason": "reprocess", "backfill_owner": "me"}


def _turn_on_once(deployed: Path, folder: Path) -> None:
    shutil.copytree(deployed, folder, symlinks=True)
    with serve(folder) as deployment:
        deployment.deploy(**BOOKS_ON, backfill_until=instant(timedelta(hours=24)))


@pytest.fixture
def held(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The small catalog, deployed, with `books` on for a day, as BOOKS_ON has it. The plan after that was empty."""
    made = once("held-small", tmp_path_factory, partial(_turn_on_once, shared("small", SMALL, tmp_path_factory)))
    with serve(Path(shutil.copytree(made, tmp_path / "held", symlinks=True))) as deployment:
        deployment.environ["INTERLOCK_CATALOG"] = str(SMALL)
        yield deployment


@pytest.fixture
def nothing(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A cloud with nothing in it, and the small catalog beside it."""
    shutil.copytree(synthesized("small", SMALL, tmp_path_factory), tmp_path / "nothing" / "work", symlinks=True)
    with serve(tmp_path / "nothing") as deployment:
        deployment.environ["INTERLOCK_CATALOG"] = str(SMALL)
        yield deployment


@pytest.fixture(scope="session")
def day_catalog() -> Catalog:
    return load_catalog(DAY)


@contextmanager
def _live(folder: Path, factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The catalog of the virtual day, deployed, with its coordinator."""
    shutil.copytree(shared("day", DAY, factory), folder, symlinks=True)
    with serve(folder) as deployment:
        deployment.environ["INTERLOCK_CATALOG"] = str(DAY)
        yield Live(deployment=deployment)


@pytest.fixture
def live(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A cloud of one test."""
    with _live(tmp_path / "day", tmp_path_factory) as found:
        yield found


@pytest.fixture(scope="module")
def shared_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A cloud of one file, whose tests leave it as they found it."""
    with _live(tmp_path_factory.mktemp("shared") / "day", tmp_path_factory) as found:
        yield found
