"""`python -m policies`: the rules over files, without checkov."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.__main__ import main

STACK = {"resource": {"google_storage_bucket": {"flags": {"public_access_prevention": "enforced"}}}}
GOOD = {"uniform_bucket_level_access": True, "versioning": {"enabled": True}}


def test_it_says_what_is_broken_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdk.tf.json").write_text(json.dumps(STACK))
    assert main([str(tmp_path / "cdk.tf.json")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "CKV2_ILK_30 bucket-uniform: google_storage_bucket.flags: has no uniform_bucket_level_access; write true",
        "CKV2_ILK_31 bucket-versioned: google_storage_bucket.flags: has no versioning; write versioning = {enabled = true}",
        "3 verdicts: 2 findings, 0 waived",
    ]


def test_it_exits_0_where_nothing_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket = STACK["resource"]["google_storage_bucket"]["flags"] | GOOD
    (tmp_path / "cdk.tf.json").write_text(json.dumps({"resource": {"google_storage_bucket": {"flags": bucket}}}))
    assert main([str(tmp_path / "cdk.tf.json")]) == 0
    assert capsys.readouterr().out == "3 verdicts: no findings, 0 waived\n"


def test_it_exits_2_on_what_it_cant_judge_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text("{}")
    assert main([str(tmp_path / "plan.json")]) == 2
    assert "plan.json has no cdk.tf.json beside it" in capsys.readouterr().err
