"""Parameters, and fields beside a resource: acted on, or refused by name with nothing done."""

from __future__ import annotations

import pytest

from tests.local.plain import Rest

IN_PLACE = "projects/p/locations/us-central1"


@pytest.fixture
def cloud(rest: Rest) -> Rest:
    rest("POST", "/storage/v1/b?project=p", {"name": "empty"})
    return rest


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("GET", "/storage/v1/b/empty/o?softDeleted=true", None, "softDeleted"),
        ("GET", "/storage/v1/b/empty/o?filter=contexts", None, "filter"),
        ("GET", "/storage/v1/b/empty?generation=7", None, "generation"),
        ("POST", "/storage/v1/b?project=p&predefinedAcl=private", {"name": "never-made"}, "predefinedAcl"),
        ("GET", "/v3/projects/p/alertPolicies?filter=x", None, "filter"),
        ("GET", "/v3/projects/p/alertPolicies?order_by=name", None, "orderBy"),
        ("GET", f"/v2/{IN_PLACE}/functions?filter=x", None, "filter"),
        ("POST", f"/v2/{IN_PLACE}/services?serviceId=never-made&validateOnly=true", {}, "validateOnly"),
        ("POST", "/v1/projects/p/dashboards?validate_only=true", {"displayName": "d", "gridLayout": {}}, "validateOnly"),
    ],
)
def test_a_parameter_that_nobody_acts_on_is_refused_by_name_and_nothing_is_done(cloud, method, path, body, name):
    answer = cloud(method, path, body)
    assert answer.status == 400
    assert f"does not act on the parameter '{name}'" in answer.message
    assert cloud("GET", "/storage/v1/b/never-made").status == 404
    assert cloud("GET", f"/v2/{IN_PLACE}/services/never-made").status == 404
    assert cloud("GET", "/v1/projects/p/dashboards").json == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/storage/v1/b?project=nobodys&prefix=a&maxResults=5"),
        ("GET", "/storage/v1/b/empty/o?startOffset=a&endOffset=b&delimiter=/&prefix=x&versions=true"),
        ("GET", "/v2/projects/nobodys/metrics?page_size=5"),
        ("GET", "/storage/v1/b/empty?projection=full&fields=name&ifMetagenerationMatch=1"),
        ("POST", "/upload/storage/v1/b/empty/o?uploadType=media&name=a&ifMetagenerationNotMatch=7"),
    ],
)
def test_a_parameter_that_is_acted_on_is_taken_where_there_is_nothing_to_act_on(cloud, method, path):
    assert cloud(method, path).status == 200


def test_a_channel_that_nothing_uses_is_deleted_by_force_too(cloud):
    channel = {"type": "email", "labels": {"email_address": "a@example.com"}}
    made = cloud("POST", "/v3/projects/p/notificationChannels", channel).json
    assert cloud("DELETE", f"/v3/{made['name']}?force=true").status == 200


def test_a_field_beside_a_resource_that_nobody_acts_on_is_refused_by_name(cloud):
    cloud("POST", "/v1/projects/p/roles", {"roleId": "gone", "role": {"title": "t"}})
    cloud("DELETE", "/v1/projects/p/roles/gone")
    answer = cloud("POST", "/v1/projects/p/roles/gone:undelete", {"etag": "AAAA"})
    assert answer.status == 400
    assert "does not act on the field 'etag' of UndeleteRoleRequest" in answer.message
    assert cloud("GET", "/v1/projects/p/roles/gone").json["deleted"] is True
