"""What others wrote (reasons, names, Google's errors) reaches the terminal as text: no colour, no turned or forged line."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.names import UNPRINTED
from interlock.reading.files import load_catalog
from tests.interlock.commands.conftest import Cloud, Direct, Run
from tests.interlock.gcp.verify.bigquery_server import error, serving

FORGED = "5 jobs: 5 enabled; no drift"
HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil.invalid\x1b\\click\x1b]8;;\x1b\\ \x9b31mred [bold red]markup[/] \r"
    f"\n{FORGED}\n\u2028{FORGED}\u2028\u202egnp.exe\u202c \u2066\u2069\u200e\u200f\u061c\u200b\ufeff\u00ad\x00\x7f"
)
IN_A_CATALOG = "[bold red]markup[/] \\x1b[31m *red*"
"""What a catalog lets through: it refuses controls, turned text and line breaks, with its file and line."""
LONG = f"{HOSTILE}{'long ' * 2_000}"
COMMANDS = (
    "status",
    "status --all",
    "holds",
    "holds --format markdown",
    "why gamebook-scraper",
    "why morning-catch-up",
    "inventory --all",
    "verify --all",
    "affected marts",
    "affected window/tuesdays",
    "timeline --day 2026-03-10 --env local",
    "fires morning-catch-up",
    "show gamebook-scraper",
    "extend service/scrapers --for 4h --direct",
    "release service/scrapers --direct",
)


def _is_text(shown: str) -> None:
    assert not {character for character in shown if character != "\n" and unicodedata.category(character) in UNPRINTED}
    assert FORGED not in (line.strip() for line in shown.splitlines())
    assert max(map(len, shown.splitlines()), default=0) < 2_500, "one long text fills no screen"


@pytest.fixture
def hostile(site: Direct, cloud: Cloud, root: Path) -> Direct:
    """The small catalog with hostile reasons, owners and descriptions, held by hostile people, beside hostile names."""
    file = root / "small/all.yaml"
    text = file.read_text()
    for old in ("off-season", "Summaries, all dates", "weekly deploys", "Gamebooks to raw games"):
        assert old in text
        text = text.replace(old, json.dumps(IN_A_CATALOG), 1)
    file.write_text(text)
    cloud.declare(load_catalog(root))
    content = json.dumps({"reason": LONG, "owner": LONG, "jobs": [f"gone{HOSTILE}"]})
    cloud.hold("backfills/marts@2026-03-11T12:00:00Z.json", content)
    cloud.hold("holds/service/scrapers/x@2026-03-10T15:30:00Z.json", content)
    cloud.hold(f"backfills/{HOSTILE}.json".replace("\r", "").replace("\n", ""), content)
    return site


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_hostile_comes_out_of_a_command(hostile: Direct, command: str) -> None:
    with serving() as bigquery:
        bigquery.rows["raw.games"] = error(403, "accessDenied", HOSTILE)
        done = hostile(*command.split(), BIGQUERY_EMULATOR_HOST=bigquery.url)
    assert done.returncode in (0, 1), done.stderr
    _is_text(done.stdout + done.stderr)
    said = " ".join(done.stdout.split())
    assert "markup" not in said or "[bold red]markup[/]" in said or "markdown" in command


@pytest.mark.parametrize("command", ["status", "holds", "inventory"])
def test_what_google_says_is_text_in_an_error(run: Run, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def refuse(_: str) -> None:
        raise CloudError(f"project p says no: {LONG}")

    monkeypatch.setattr(f"interlock.commands.{command}.{'Place' if command != 'holds' else 'see'}", refuse)
    done = run(command, INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: project p says no: ")
    _is_text(done.stdout + done.stderr[:2_000])
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["affected", HOSTILE], ["show", HOSTILE], [HOSTILE], ["timeline", "--service", HOSTILE]])
def test_what_was_typed_is_text_in_an_error(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    _is_text(done.stdout + done.stderr)


def test_a_catalog_that_is_wrong_is_text_in_an_error(run: Run, root: Path) -> None:
    file = root / "small/all.yaml"
    file.write_text(
        file.read_text().replace("service: scrapers, path: /lines", f"service: {json.dumps(HOSTILE)}, path: /lines")
    )
    done = run("validate")
    assert done.returncode == 2
    _is_text(done.stdout + done.stderr)


def test_a_review_of_hostile_texts_is_text(run: Run, root: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "small").mkdir(parents=True)
    file = root / "small/all.yaml"
    (base / "small/all.yaml").write_text(file.read_text())
    hostile = json.dumps(IN_A_CATALOG)
    file.write_text(file.read_text().replace("off-season", hostile).replace("Repairs one date", hostile))
    done = run("review", "--base", str(base), "--head", str(root))
    assert done.returncode in (0, 1), done.stderr
    _is_text(done.stdout + done.stderr)
