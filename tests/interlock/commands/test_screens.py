"""What people read at 80 and 120 columns, and in a pipe: every line fits, and nothing that can be copied is cut or folded."""

from __future__ import annotations

import re

import pytest

from interlock.names import printable
from interlock.terminal.tables import PIPED_COLUMNS, width
from tests.golden import golden
from tests.interlock.commands.conftest import Cloud, Direct

COMMANDS = (
    "hold service/scrapers --until 11:30 --reason deploys --direct",
    "status",
    "status --all",
    "holds",
    "why line-scraper",
    "extend service/scrapers --until 12:30 --direct",
    "release service/scrapers --direct",
    "inventory",
    "verify --since 1h",
    "affected marts",
    "show gamebook-scraper",
    "timeline --day 2026-01-13",
    "fires line-scraper repair --from 2026-03-08 --to 2026-03-09 --limit 5",
)
COPIED = re.compile(r"^[ $]*(interlock|make|gcloud|curl|bq|# ) ?|^(FROM|WHERE) ")
"""Lines that may be longer: a command or a statement is on its own, and whole."""


def _screens(site: Direct, columns: str) -> str:
    """What the commands print one after the other, as if somebody typed them."""
    said = []
    for command in COMMANDS:
        done = site(*command.split(), **({"COLUMNS": columns} if columns else {}))
        assert done.returncode in (0, 1), f"{command}: {done.stderr}"
        said.append(f"$ interlock {command}\n{done.stdout}")
    return "\n".join(said)


@pytest.mark.golden
@pytest.mark.parametrize("columns", ["80", "120", ""], ids=["80", "120", "piped"])
def test_every_line_fits(site: Direct, cloud: Cloud, columns: str) -> None:
    cloud.hold("backfills/marts@2026-03-11T12:00:00Z.json")
    text = _screens(site, columns)
    golden(f"commands/screens-{columns or 'piped'}.txt", text)
    wide = [line for line in text.splitlines() if width(line) > int(columns or PIPED_COLUMNS) and not COPIED.search(line)]
    assert [line for line in wide if len(line.split()) > 1] == []
    assert all(line == printable(line) for line in text.splitlines())


def test_two_widths_have_the_same_words(site: Direct, cloud: Cloud) -> None:
    cloud.hold("backfills/marts@2026-03-11T12:00:00Z.json")
    narrow, wide = (site("status", COLUMNS=columns).stdout.split() for columns in ("60", "200"))
    assert [word for word in narrow if word.strip("─")] == [word for word in wide if word.strip("─")]
