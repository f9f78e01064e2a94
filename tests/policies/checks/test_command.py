"""The real command, from another folder, as somebody who takes the checks for their own stacks would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policies.checks.scan import BOTH, CHECKS, PLAN

CHECKOV = Path(sys.executable).parent / "checkov"
RETRY = "CKV2_ILK_16 retry: google_cloud_scheduler_job.fail_ended: has no retry_config; write all five"
WAIVED = "waived by operations until 2099-06-30: its service retries by itself"
OUTPUTS = {"cli": "txt", "json": "json"}
"""Formats, each with the ending of its file."""
FOUND = 1


@pytest.fixture(scope="module", params=["terraform_json", "terraform_plan"])
def outputs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All outputs of one run, by format."""
    folder = tmp_path_factory.mktemp(request.param)
    what = {"terraform_json": ["-d", "waived"], "terraform_plan": ["-f", f"waived/{PLAN}"]}[request.param]
    words = [*what, "--framework", request.param, "--external-checks-dir", str(CHECKS), "--skip-download", "--compact"]
    formats = [word for name in OUTPUTS for word in ("--output", name)]
    done = subprocess.run(
        [str(CHECKOV), *words, *formats, "--output-file-path", str(folder)],
        cwd=BOTH,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == FOUND, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return {name: (folder / f"results_{name}.{ending}").read_text(encoding="utf-8") for name, ending in OUTPUTS.items()}


def test_people_read_the_message_and_where_the_rule_is_explained(outputs: dict[str, str]) -> None:
    assert f"Details: {RETRY}" in outputs["cli"]
    assert "Guide: docs/policies.md#retry" in outputs["cli"]
    assert f"Suppress comment: {WAIVED}" in outputs["cli"]


def test_json_has_the_message_in_details(outputs: dict[str, str]) -> None:
    found = json.loads(outputs["json"])["results"]
    [failed] = [one for one in found["failed_checks"] if one["check_id"] == "CKV2_ILK_16"]
    assert failed["details"][0].startswith(RETRY)
    [skipped] = [one for one in found["skipped_checks"] if one["check_id"] == "CKV2_ILK_16"]
    assert skipped["check_result"]["suppress_comment"].startswith(WAIVED)
