"""A cloud, a provider and a folder for a configuration, fresh for every test."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator, provider
from tests.local.provider.stand import Stand


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
        folder = tmp_path / "configuration"
        folder.mkdir()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "GOOGLE_", "CLOUDSDK_"))}
        env |= {"TF_REATTACH_PROVIDERS": json.dumps(served.reattach), "CHECKPOINT_DISABLE": "1"}
        yield Stand(folder=folder, url=cloud.url, faults=cloud.faults, env=env)
