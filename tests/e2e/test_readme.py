"""The README and the docs have what is so: outputs that fit, targets that exist, commands that run."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.deployment import ROOT, Deployment
from tests.golden import DOCS, README

COLUMNS = 80
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "guard" / "README.md", *sorted(DOCS.glob("*.md"))]


def runnable(tool: str, without: str = "production") -> list[str]:
    """Each `.venv/bin/TOOL ...` of the documents that can be run as it stands."""
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    commands = {command for text in texts for command in re.findall(rf"`(\.venv/bin/{tool} ?[^`]*)`", text)}
    found = sorted(command for command in commands if not re.search(rf"\b[A-Z]{{3,}}\b|{without}|production", command))
    assert found
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_an_output_in_a_document_fits_a_narrow_terminal(document: Path) -> None:
    shown = re.findall(r"<!-- output: .*? -->\n```\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    assert [line for output in shown for line in output.splitlines() if len(line) > COLUMNS] == []


def test_every_make_target_that_a_document_names_is_one_of_make_help(nothing: Deployment) -> None:
    helped = set(re.findall(r"^  make ([a-z-]+)", nothing.run("make", "-C", str(ROOT), "-s", "help").succeeded().raw, re.M))
    for path in DOCUMENTS:
        named = set(re.findall(r"(?:^|[`|] ?)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.M))
        assert named <= helped, f"{path.name} names make {', '.join(sorted(named - helped))}"
    assert {"deploy", "test", "demo", "backfill-on", "backfill-off", "status"} <= helped


def test_the_gcloud_commands_of_the_documents_run_after_a_deploy(deployed_small: Path, nothing: Deployment) -> None:
    commands = runnable(r"python -m local run -- gcloud")
    if shutil.which("gcloud") is None:
        assert os.environ.get("INTERLOCK_REQUIRE_GCLOUD") != "1", "gcloud is not installed"
        pytest.skip("gcloud is not installed")
    for command in commands:
        nothing.run("sh", "-c", command, INTERLOCK_LOCAL_STATE=str(deployed_small / "cloud")).succeeded()
