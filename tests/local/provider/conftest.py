"""A cloud, a provider and a folder for a configuration, fresh for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator
from local.environment import for_command
from tests.e2e.deployment import clean_environ
from tests.local.provider.stand import Stand
from tests.providers import TERRAFORM, provider_of


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A fresh cloud without faults, and an empty configuration."""
    if shutil.which(TERRAFORM) is None:
        pytest.skip(f"{TERRAFORM} is not on PATH")
    with emulator.serve(tmp_path / "cloud") as cloud, provider_of(cloud.url) as provider:
        folder = tmp_path / "configuration"
        folder.mkdir()
        env = for_command(clean_environ(), url=cloud.url, provider=provider.variables, state=tmp_path)
        del env["CLOUDSDK_CORE_PROJECT"]  # these configurations say it themselves
        yield Stand(folder=folder, url=cloud.url, faults=cloud.faults, env=env)
