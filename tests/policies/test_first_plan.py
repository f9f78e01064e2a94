"""What a first plan leaves open and says all the same: references to what it makes itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from interlock.terraform.plan import plan_of
from policies.first_plan import COMPUTED, References, as_written
from policies.from_files import plan_estate
from policies.rules.estate import Estate
from policies.rules.judge import Outcome
from tests.policies.estates import TODAY, verdict

ROLE, MEMBER = "google_project_iam_custom_role", "google_project_iam_member"
MADE = {"project": "acme-data", "role_id": "pauser"}


def refers(*references: str) -> dict[str, Any]:
    """As Terraform writes an expression in a plan's configuration: each reference, and the resource that it is of."""
    return {"references": [one for each in references for one in (each, each.rpartition(".")[0])]}


def first_plan(expression: Mapping[str, Any], made: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Of a custom role and a grant whose role is `expression`, as `terraform show -json` has it."""
    resources = [
        {"address": f"{ROLE}.x", "mode": "managed", "type": ROLE, "name": "x", "values": dict(MADE if made is None else made)},
        {"address": f"{MEMBER}.m", "mode": "managed", "type": MEMBER, "name": "m", "values": {"project": "acme-data"}},
    ]
    unknown: list[dict[str, Any]] = [{"id": True, "name": True}, {"id": True, "etag": True, "role": True}]
    changes = [
        {
            **{key: one[key] for key in ("address", "mode", "type", "name")},
            "change": {"actions": ["create"], "before": None, "after": one["values"], "after_unknown": hidden},
        }
        for one, hidden in zip(resources, unknown, strict=True)
    ]
    configured = [{"address": f"{ROLE}.x"}, {"address": f"{MEMBER}.m", "expressions": {"role": expression}}]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
        "variables": {},
    }


def estate(plan: dict[str, Any], beside: dict[str, Any] | None = None) -> Estate:
    return plan_estate(plan_of(plan), beside or {}, [], TODAY)


def outcome(about: Estate) -> Outcome:
    found = verdict("broad-role", about, f"{MEMBER}.m")
    assert found is not None
    return found.outcome


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        pytest.param(refers(f"{ROLE}.x.id"), True, id="the role's id"),
        pytest.param(refers(f"{ROLE}.x.name"), True, id="the role's name"),
        pytest.param(refers(f"{ROLE}.x.title"), False, id="an attribute that nobody knows"),
        pytest.param(refers(f"{ROLE}.y.id"), True, id="a role of its own that the plan can't tell more of"),
        pytest.param(refers(f"{ROLE}.x.id", "google_service_account.a.unique_id"), False, id="two references"),
        pytest.param({"references": ["var.role"]}, False, id="a variable"),
        pytest.param({"references": []}, False, id="no reference"),
        pytest.param({}, False, id="an expression that says nothing"),
    ],
)
def test_a_first_plan_grants_a_role_that_it_makes(expression: dict[str, Any], passes: bool) -> None:
    assert outcome(estate(first_plan(expression))) is (Outcome.PASSED if passes else Outcome.FAILED)


def test_the_value_is_what_the_apply_will_come_to() -> None:
    about = estate(first_plan(refers(f"{ROLE}.x.id")))
    assert about.resources[f"{MEMBER}.m"].attributes.text("role") == "projects/acme-data/roles/pauser"


def test_a_role_whose_project_is_not_said_is_still_one_of_its_own() -> None:
    assert outcome(estate(first_plan(refers(f"{ROLE}.x.id"), {"role_id": "pauser"}))) is Outcome.PASSED


def test_the_configuration_beside_a_plan_has_the_whole_expression() -> None:
    beside = {"resource": {MEMBER: {"m": {"role": "roles/${google_project_iam_custom_role.x.role_id}.admin"}}}}
    about = estate(first_plan(refers(f"{ROLE}.x.role_id")), beside)
    assert about.resources[f"{MEMBER}.m"].attributes.text("role") == "roles/pauser.admin"
    assert outcome(about) is Outcome.FAILED


KNOWN = References(
    known={
        "google_logging_metric.hits": {"name": "hits"},
        "google_pubsub_topic.t": {"name": "t", "project": "acme-data"},
        "google_service_account.a": {"account_id": "a", "project": "acme-data"},
        "google_storage_bucket.b": {"name": "acme-flags", "labels": {}},
    }
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${google_logging_metric.hits.id}", "hits"),
        ('metric.type="logging.googleapis.com/user/${google_logging_metric.hits.id}"', None),
        ("${google_pubsub_topic.t.id}", "projects/acme-data/topics/t"),
        ("${google_service_account.a.email}", "a@acme-data.iam.gserviceaccount.com"),
        ("${google_service_account.a.member}", "serviceAccount:a@acme-data.iam.gserviceaccount.com"),
        ("gs://${google_storage_bucket.b.id}/${google_pubsub_topic.t.name}", "gs://acme-flags/t"),
        ("${google_storage_bucket.b.labels}", ...),
        ("${google_storage_bucket.b.url}", ...),
        ("${google_storage_bucket.gone.name}", ...),
        ("${upper(google_storage_bucket.b.name)}", ...),
        ("${google_storage_bucket.b.name}${var.x}", ...),
        ("$${google_storage_bucket.b.name}", ...),
        ("%{ if true }${google_storage_bucket.b.name}%{ endif }", ...),
        ("a text", ...),
        (None, ...),
        (7, ...),
    ],
)
def test_an_expression_is_filled_in_only_where_all_of_it_is_known(written: Any, value: Any) -> None:
    value = 'metric.type="logging.googleapis.com/user/hits"' if value is None else value
    assert KNOWN.filled(None, True, written) == ((None, True) if value is ... else (value, False))


def test_what_is_unknown_is_found_in_blocks_and_in_lists() -> None:
    topic = "${google_pubsub_topic.t.id}"
    value = {"pubsub_target": [{"data": "eA=="}], "channels": [None, "c"]}
    unknown = {"pubsub_target": [{"topic_name": True}], "channels": [True, False], "id": True}
    written = {"pubsub_target": {"topic_name": topic}, "channels": [topic, "c"]}
    name = "projects/acme-data/topics/t"
    assert KNOWN.filled(value, unknown, written) == (
        {"pubsub_target": [{"data": "eA==", "topic_name": name}], "channels": [name, "c"]},
        {"pubsub_target": [{"topic_name": False}], "channels": [False, False], "id": True},
    )


@pytest.mark.parametrize(
    ("expressions", "written"),
    [
        pytest.param({"a": {"constant_value": 7}}, {"a": 7}, id="a constant"),
        pytest.param({"a": refers("x.y.id")}, {"a": "${x.y.id}"}, id="a reference"),
        pytest.param({"a": refers("x.y.id", "x.z.id")}, {"a": None}, id="two"),
        pytest.param({"a": [{"b": refers("x.y.id")}]}, {"a": [{"b": "${x.y.id}"}]}, id="a block"),
        pytest.param({"a": {"references": 7}}, {"a": {"references": None}}, id="something else"),
        pytest.param({"a": {"references": [7]}}, {"a": None}, id="a number for a reference"),
        pytest.param({"a": "b"}, {"a": None}, id="a text"),
    ],
)
def test_the_expressions_of_a_plan_as_they_would_be_written(expressions: dict[str, Any], written: dict[str, Any]) -> None:
    assert as_written(expressions) == written


SCHEMA = json.loads((Path(__file__).parents[2] / "local" / "provider" / "schema.json").read_text(encoding="utf-8"))["resources"]


@pytest.mark.parametrize("kind", sorted(COMPUTED.keys() & SCHEMA.keys()))
def test_what_is_computed_is_so_by_the_providers_schema_and_is_made_of_what_one_writes(kind: str) -> None:
    attributes = SCHEMA[kind]["attrs"]
    assert all(attributes[name].get("c") for name in COMPUTED[kind])
    parts = {part for made in COMPUTED[kind].values() for _, part, _, _ in Formatter().parse(made) if part}
    assert all(attributes[part].get("r") or attributes[part].get("o") for part in parts)
