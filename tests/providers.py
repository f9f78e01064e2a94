"""Which provider the tests that run Terraform have: the stand-in, or with INTERLOCK_LOCAL_PROVIDER=real the real one.

    INTERLOCK_LOCAL_PROVIDER=real .venv/bin/python -m pytest tests/e2e tests/local/provider

Everything that these tests ask for holds for both, but for what is marked `only_the_stand_in`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from local.acting import OURS, REAL, VARIABLE, Acting, acting
from local.environment import ACCOUNT
from local.installed import terraform_binary

TERRAFORM = terraform_binary(os.environ)
"""The program: Terraform or, with TERRAFORM_BINARY_NAME, OpenTofu."""
KIND = os.environ.get(VARIABLE) or OURS
_USERS = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
"""Where the real one is to be had."""


def only_the_stand_in(reason: str) -> pytest.MarkDecorator:
    """Of a test about the stand-in's own rules or words; `reason` says which."""
    return pytest.mark.skipif(KIND == REAL, reason=f"the stand-in only: {reason}")


def leading() -> dict[str, str]:
    """The variables that a `local run` of a test needs to have that provider."""
    if KIND == OURS:
        return {}
    return {VARIABLE: REAL} | {name: os.environ[name] for name in _USERS if name in os.environ}


@contextmanager
def provider_of(url: str, *, account: str = "") -> Iterator[Acting]:
    """The provider of the emulator at `url`, which acts as `account`, or as the owner of the project. A host that it asked for
    beside this machine fails the test."""
    with acting(KIND, url=url, folder=_folder(), env={**os.environ, ACCOUNT: account}) as provider:
        yield provider
        assert provider.elsewhere == (), f"only this machine is to be asked, not {', '.join(provider.elsewhere)}"


@cache
def _folder() -> Path:
    """Where this process has installed it; ours needs no folder."""
    folder = Path(tempfile.mkdtemp(prefix="interlock-provider-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
