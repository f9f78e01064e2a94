"""Who approves a stack other than `schedules` sees what goes away first, whom it lets do what, and no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.terraform.plan import parse_plan
from tests.tools.plans import change, plan_text
from tools.plan_report import SHOWN, main, report

SECRET = "hunter2-hunter2"
MEMBER = {"project": "p", "role": "roles/viewer", "member": "user:a@x.org"}


def test_a_plan_is_said_by_name_with_what_goes_away_first_and_no_value() -> None:
    old, new = ({"environment": {"TOKEN": text}, "name": "c"} for text in ("old", SECRET))
    said = report(
        parse_plan(
            plan_text(
                [
                    change("google_logging_metric.b", "create", after={"name": SECRET}),
                    change("google_cloudfunctions2_function.c", "update", before=old, after=new),
                    change("google_storage_bucket.a", "delete"),
                    change("google_pubsub_topic.same", "no-op"),
                ]
            )
        )
    )
    assert said.splitlines() == [
        "**1 to create, 1 to change, 1 to delete**",
        "",
        "- delete `google_storage_bucket.a`",
        "- create `google_logging_metric.b`",
        "- change `google_cloudfunctions2_function.c` (`environment`)",
    ]


@pytest.mark.parametrize(
    ("right", "said"),
    [
        pytest.param(change("google_project_iam_member.x", "create", after=MEMBER),
                     ["`user:a@x.org` gets `roles/viewer` on the project"], id="one is given"),
        pytest.param(change("google_project_iam_member.x", "delete", before=MEMBER),
                     ["`user:a@x.org` no longer gets `roles/viewer` on the project"], id="one is taken away"),
        pytest.param(change("google_storage_bucket_iam_member.x", "delete", "create", before={**MEMBER, "bucket": "b"},
                            after={**MEMBER, "bucket": "b", "role": "roles/storage.admin"}),
                     ["`user:a@x.org` no longer gets `roles/viewer` on `b`",
                      "`user:a@x.org` gets `roles/storage.admin` on `b`"],
                     id="another takes its place"),
        pytest.param(change("google_project_iam_member.x", "create", after={"role": "roles/viewer"}),
                     ["`an account that is made with this` gets `roles/viewer` on the project"], id="to an account to be made"),
        pytest.param(change("google_project_iam_member.x", "no-op", before=MEMBER, after=MEMBER), [], id="none changes"),
    ],
)  # fmt: skip
def test_a_right_is_said_whole(right: dict[str, object], said: list[str]) -> None:
    lines = report(parse_plan(plan_text([right]))).splitlines()
    assert lines[lines.index("Rights:") + 2 :] == [f"- {line}" for line in said] if said else "Rights:" not in lines


def test_a_plan_that_does_nothing_says_so() -> None:
    assert report(parse_plan(plan_text([]))) == "**nothing to do**\n\n"


def test_of_a_large_plan_the_rest_is_counted() -> None:
    said = report(parse_plan(plan_text([change(f"google_logging_metric.m{n:03}", "create") for n in range(SHOWN + 3)])))
    assert said.endswith("- and 3 more resources\n")


def test_what_is_no_plan_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    assert main([str(tmp_path / "plan.json")]) == 2
    assert capsys.readouterr().err
