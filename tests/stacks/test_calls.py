"""Each call of jsii is a message to Node.js that waits for its answer: what a stack grows by costs one each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from tests.stacks.conftest import ROOT, synthesize

JOB = """
  one-more:
    description: One more
    schedule: "0 6 * * *"
    target: {service: scrapers, path: /scrape}
    runs: [gamebook]
"""
WINDOW = """
  night: {schedule: "0 8 1 * *", time_zone: Etc/UTC, duration: 2h, covers: [all], reason: r, owner: o}
"""


def small(*, job: str = "", window: str = "") -> Catalog:
    """The small catalog, with one more job or a window."""
    text = (ROOT / "tests" / "stacks" / "small.yaml").read_text(encoding="utf-8")
    for section, entry in (("jobs", job), ("windows", window)):
        assert f"\n{section}:\n" in text
        text = text.replace(f"\n{section}:\n", f"\n{section}:{entry or chr(10)}")
    return resolve_catalog([SourceFile(name="small.yaml", platform="small", text=text)])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is called from now on: the method, else the kind of the request."""
    from jsii._kernel.providers import process

    import stacks.cdk  # noqa: F401  # what loading it asks is no stack's

    asked: list[str] = []
    send = process._NodeProcess.send

    def noted(self: Any, request: Any, response: Any) -> Any:
        asked.append(getattr(request, "method", type(request).__name__))
        return send(self, request, response)

    monkeypatch.setattr(process._NodeProcess, "send", noted)
    return asked


def test_a_job_costs_one_call_and_so_does_each_timer_of_a_window(env: Environment, tmp_path: Path, calls: list[str]) -> None:
    costs = []
    for catalog in (small(), small(job=JOB), small(window=WINDOW)):
        calls.clear()
        synthesize(catalog, env, tmp_path)
        costs.append(len(calls))
    assert [more - costs[0] for more in costs[1:]] == [1, 2]


def test_an_operator_costs_one_call_for_each_grant(env: Environment, tmp_path: Path, calls: list[str]) -> None:
    costs = []
    for operators in (("user:a@example.com",), ("user:a@example.com", "user:b@example.com")):
        calls.clear()
        synthesize(small(), replace(env, coordinator=replace(env.coordinator, operators=operators)), tmp_path)
        costs.append(len(calls))
    assert costs[1] - costs[0] == len(("jobs", "looks", "views", "invokes"))


def test_nothing_is_renamed_once_it_is_there(env: Environment, tmp_path: Path, calls: list[str]) -> None:
    synthesize(small(), env, tmp_path)
    assert "synth" in calls
    assert "overrideLogicalId" not in calls
