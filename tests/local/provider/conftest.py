"""A cloud, a provider and a folder for a configuration, fresh for every test."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import emulator
from local.environment import for_command
from tests.e2e.deployment import clean_environ
from tests.local.provider.contract import AllKept, keep
from tests.local.provider.stand import PROJECT, Stand
from tests.providers import TERRAFORM, provider_of


def made_account(url: str, account: str) -> None:
    """Make a service account of the project, as its owner."""
    body = json.dumps({"accountId": account}).encode()
    urllib.request.urlopen(f"{url}/v1/projects/{PROJECT}/serviceAccounts", body).close()  # noqa: S310 - loopback


@contextmanager
def standing(folder: Path) -> Iterator[Stand]:
    """A fresh cloud without faults, and an empty configuration."""
    if shutil.which(TERRAFORM) is None:
        pytest.skip(f"{TERRAFORM} is not on PATH")
    with emulator.serve(folder / "cloud") as cloud, provider_of(cloud.url) as provider:
        for account in ("pusher", "runner"):  # whom configurations name
            made_account(cloud.url, account)
        configuration = folder / "configuration"
        configuration.mkdir()
        env = for_command(clean_environ(), url=cloud.url, provider=provider.variables, state=folder)
        del env["CLOUDSDK_CORE_PROJECT"]  # these configurations say it themselves
        yield Stand(folder=configuration, url=cloud.url, faults=cloud.faults, store=cloud.runtime.store, env=env)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """One for a test."""
    with standing(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AllKept]:
    """What came of the CONTRACTS of a file, with what its `prepare` made before. Its SHARED are names of more than one."""
    file = request.module
    with standing(tmp_path_factory.mktemp("contracts")) as found:
        getattr(file, "prepare", lambda _: None)(found)
        yield keep(found, [param.values[0] for param in file.CONTRACTS], getattr(file, "SHARED", ()))
