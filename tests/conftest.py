"""What holds for every test."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent

# A Terraform of a few jobs takes four times as long when it tidies its memory as when it leaves that until it has much:
# https://go.dev/doc/gc-guide#GOGC
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "512MiB")

# No test asserts a time: on a busy machine an example may take long, and says nothing about what it shows.
settings.register_profile("interlock", deadline=None)
settings.load_profile("interlock")


def pytest_collection(session: pytest.Session) -> None:
    """Each worker first imports a part of the tests, so that what pytest writes into their asserts is written once, not by all.

    It keeps that beside the byte code, and every worker imports every test.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode or session.config.args_source.name != "TESTPATHS":
        return
    mine, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    files = sorted(path for path in HERE.rglob("test_*.py") if (path.parent / "__init__.py").exists())
    for path in files[mine::workers]:
        with suppress(Exception):  # collecting it says what is wrong
            import_module(".".join(path.relative_to(HERE.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What was imported and collected lasts to the end: to go through it for garbage again and again is in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
