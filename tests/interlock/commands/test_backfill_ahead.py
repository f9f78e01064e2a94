"""`interlock backfill on --at` and what shows, opens and ends it, as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.commands import backfill
from interlock.terminal import ahead, operating
from tests.interlock.commands.conftest import Cloud, Direct

ON = ("backfill", "on", "marts", "--at", "14:24", "--owner", "ana", "--reason", "reload")
ID = "20260310T182400Z"
PLANNED = f"ledger/planned/backfill/marts/{ID}@2026-03-12T15:24:00Z.json"


@pytest.fixture
def site(site: Direct, monkeypatch: pytest.MonkeyPatch) -> Direct:
    """The coordinator is served here: no function is deployed."""
    carried_out = operating.carried_out

    def here(*arguments: object, direct: bool, **_: object) -> object:
        assert not direct
        return carried_out(*arguments, direct=True)  # type: ignore[arg-type]

    monkeypatch.setattr(operating, "carried_out", here)
    return site


@pytest.fixture
def planned(site: Direct) -> Callable[..., str]:
    """A command, once the backfill is planned for 14:24 in New York; what it says, with its lines joined."""
    assert site(*ON).returncode == 0

    def call(*arguments: str) -> str:
        return " ".join(site(*arguments).stdout.split())

    return call


def test_it_is_planned_without_terraform_and_nothing_is_held_yet(site: Direct, cloud: Cloud) -> None:
    done = site(*ON)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert cloud.objects("ledger/") == [PLANNED]
    assert cloud.objects("holds/") == []
    assert cloud.state("gamebook-scraper") == "ENABLED"
    assert (
        "backfill/marts is held from 14:24 EDT (18:24 UTC) on, until 2026-03-12 11:24 EDT (2026-03-12 15:24 UTC): 2 jobs will"
        " pause when the coordinator looks next, and miss 135 runs. To take it back: make backfill-off NAME=marts"
    ) in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(
            ("status",), "backfill/marts will hold from 14:24 EDT (18:24 UTC) on, until 2026-03-12 11:24 EDT", id="status"
        ),
        pytest.param(("holds",), f"backfill/marts {ID}, planned by ana, asked by operator@", id="holds"),
        pytest.param(("holds", "--format", "markdown"), f"backfill/marts {ID}, planned by ana", id="a handoff document"),
        pytest.param(("why", "gamebook-scraper"), "Held next by backfill/marts from 14:24 EDT (18:24 UTC) on, until", id="why"),
        pytest.param(
            ("why", "gamebook-scraper", "--at", "14:30"), "held by backfill/marts until 2026-03-12 11:24 EDT", id="why, then"
        ),
        pytest.param(("backfill", "status"), f"marts backfill/marts {ID}, planned by ana", id="backfill status"),
    ],
)
def test_everybody_shows_it(planned: Callable[..., str], command: tuple[str, ...], said: str) -> None:
    assert said in planned(*command)


def test_programs_read_it_apart_from_what_is_held(site: Direct, planned: Callable[..., str]) -> None:
    found = json.loads(site("holds", "--format", "json").stdout)
    assert found["holds"] == []
    [one] = found["planned"]
    assert (one["from"], one["until"], one["object"]) == ("2026-03-10T18:24:00Z", "2026-03-12T15:24:00Z", PLANNED)
    assert one["end_with"] == f".venv/bin/interlock release backfill/marts {ID}"
    assert json.loads(site("status", "--format", "json").stdout)["planned"][0]["id"] == ID
    [status] = json.loads(site("backfill", "status", "--format", "json").stdout)["backfills"]
    assert [hold["start"] for hold in status["holds"]] == ["2026-03-10T18:24:00Z"]
    assert planned("backfill", "status", "marts")


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(("backfill", "off", "marts"), id="backfill off"),
        pytest.param(("release", "backfill/marts"), id="release"),
        pytest.param(("release", "backfill/marts", ID), id="release by its id"),
    ],
)
@pytest.mark.parametrize("is_open", [False, True])
def test_it_is_taken_back_without_terraform(
    site: Direct, planned: Callable[..., str], cloud: Cloud, end: tuple[str, ...], *, is_open: bool
) -> None:
    assert planned("holds")
    if is_open:
        cloud.at("2026-03-10T18:30:00Z")
        site("hold", "job/repair", "--for", "2h", "--reason", "a look")
        assert cloud.state("gamebook-scraper") == "PAUSED"
    done = site(*end)
    assert done.returncode == 0, done.stderr
    assert [name for name in cloud.objects("") if "planned" in name or "holds/backfill" in name] == []
    assert cloud.state("gamebook-scraper") == "ENABLED"
    cloud.at("2026-03-10T18:40:00Z")
    site("hold", "job/nightly-report", "--for", "2h", "--reason", "a look")
    assert cloud.state("gamebook-scraper") == "ENABLED"


def test_off_leaves_what_a_command_holds_to_that_command(
    site: Direct, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    cloud.hold(
        "holds/backfill/marts/run-1@2026-03-10T16:00:00Z.json",
        '{"run": "laptop, process 1", "owner": "ana", "reason": "r", "start": "2026-03-10T12:00:00Z"}',
    )
    taken: list[tuple[int, bool]] = []

    def took(*arguments: object) -> tuple[int, bool]:
        taken.append(ahead.take_back(*arguments))  # type: ignore[arg-type]
        raise SystemExit(0)  # before Terraform

    monkeypatch.setattr(backfill, "take_back", took)
    said = " ".join(site("backfill", "off", "marts").stderr.split())
    assert taken == [(0, True)]
    assert "backfill/marts is run on laptop, process 1; stop that command, or end its hold:" in said
    assert len(cloud.objects("holds/")) == 1
    assert root


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--at", "2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z is in the past", id="the past"),
        pytest.param(("--at", "soon"), "--at: 'soon' is no time", id="no time"),
        pytest.param(("--at", "2026-06-01T00:00:00Z"), "is too far ahead; plan it no later than 2026-04-10", id="too far"),
        pytest.param(("--at", "14:24", "--for", "5d"), "no hold may be longer than 4d", id="longer than a hold may be"),
    ],
)
def test_what_can_t_be_planned(site: Direct, cloud: Cloud, words: tuple[str, ...], said: str) -> None:
    done = site("backfill", "on", "marts", "--owner", "ana", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert cloud.objects("ledger/") == []


def test_an_end_of_the_clock_is_the_first_one_after_the_beginning(site: Direct, cloud: Cloud) -> None:
    assert site("backfill", "on", "marts", "--owner", "ana", "--at", "14:24", "--until", "14:20").returncode == 0
    assert cloud.objects("ledger/") == [f"ledger/planned/backfill/marts/{ID}@2026-03-11T18:20:00Z.json"]


def test_off_takes_no_time(site: Direct) -> None:
    done = site("backfill", "off", "marts", "--at", "14:24")
    assert done.returncode == 2
    assert "--at is for on" in done.stderr
