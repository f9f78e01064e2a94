"""A cloud, a provider and a folder for a configuration, fresh for every test."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator, provider
from tests.local.provider.stand import PROJECT, Stand


def made_account(url: str, account: str) -> None:
    """Make a service account of the project, as its owner."""
    body = json.dumps({"accountId": account}).encode()
    urllib.request.urlopen(f"{url}/v1/projects/{PROJECT}/serviceAccounts", body).close()  # noqa: S310 - loopback


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A fresh cloud without faults, and an empty configuration."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    with (
        tempfile.TemporaryDirectory(prefix="stand-") as short,  # pytest's own folder is too deep for a socket's path
        emulator.serve(tmp_path / "cloud") as cloud,
        provider.serve(Path(short) / "p.sock", url=cloud.url) as served,
    ):
        for account in ("pusher", "coordinator"):  # whom configurations name
            made_account(cloud.url, account)
        folder = tmp_path / "configuration"
        folder.mkdir()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "GOOGLE_", "CLOUDSDK_"))}
        env |= {"TF_REATTACH_PROVIDERS": json.dumps(served.reattach), "CHECKPOINT_DISABLE": "1"}
        yield Stand(folder=folder, url=cloud.url, faults=cloud.faults, env=env)
