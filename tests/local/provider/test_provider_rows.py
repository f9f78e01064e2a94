"""What a row of the table can say, on types that are not in it: names the server gives, operations to wait for, masks."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from local.provider.cloud import Cloud, Failure, Settings, fill
from local.provider.planning import plan
from local.provider.resource import Resource
from local.provider.rest import ApiError, Call, Reply, Rest
from local.provider.schema import Attribute, Block
from local.provider.values import UNKNOWN, Object

ATTRS = {
    "id": Attribute(type="string", computed=True),
    "name": Attribute(type="string", computed=True),
    "display_name": Attribute(type="string", optional=True),
    "kind": Attribute(type="string", optional=True),
    "project": Attribute(type="string", optional=True, computed=True, force=True),
}


@dataclass
class Script(Rest):
    """Answers requests from a list, and remembers them."""

    answers: list[Object]
    asked: list[tuple[str, str, object]] = field(default_factory=list)

    def send(
        self, method: str, url: str, *, query: Mapping[str, str] | None = None, body: object = None, **_rest: object
    ) -> Reply:
        mask = f" {query['updateMask']}" if query else ""
        self.asked.append((method, url.removeprefix("http://127.0.0.1/v1/") + mask, body))
        return Reply(status=200, body=json.dumps(self.answers.pop(0)).encode())


class Row(Resource):
    """A row whose schema is this page's."""

    @property
    def block(self) -> Block:
        return Block(attrs=ATTRS)


CHANNEL = Row(
    type="channel",
    label="Channel",
    service="monitoring",
    collection="projects/{project}/channels",
    self_link="{+name}",
    imports=("{+name}",),
    update_mask=True,
    renames={"kind": "type"},
    provider_defaults=("project",),
)
SETTINGS = Settings(project="p", region="r", default_labels={}, endpoints={"monitoring": "http://127.0.0.1/v1/"})


def cloud(*answers: Object) -> tuple[Cloud, Script]:
    script = Script(answers=list(answers))
    return Cloud(settings=SETTINGS, rest=script, call=Call(stopping=threading.Event())), script


def planned(config: Object) -> Object:
    config = dict.fromkeys(ATTRS) | config
    change = plan(CHANNEL.block, prior=None, config=config)
    CHANNEL.amend(change, SETTINGS)
    return change.planned


MADE: Object = {"name": "projects/p/channels/17", "displayName": "d", "type": "email"}
STATE: Object = {"id": MADE["name"], "name": MADE["name"], "display_name": "d", "kind": "email", "project": "p"}


def test_a_name_that_the_server_gives_is_known_after_the_create() -> None:
    value = planned({"display_name": "d", "kind": "email"})
    assert value["name"] is UNKNOWN
    google, script = cloud(MADE, MADE)
    assert CHANNEL.create(google, value) == STATE
    assert script.asked == [
        ("POST", "projects/p/channels", {"displayName": "d", "type": "email"}),
        ("GET", "projects/p/channels/17", None),
    ]


def test_an_operation_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.provider.cloud.OPERATION_POLL_SECONDS", 0)
    running: Object = {"name": "projects/p/operations/o"}
    google, script = cloud(running, running, running | {"done": True, "response": MADE}, MADE)
    assert CHANNEL.create(google, planned({"display_name": "d", "kind": "email"})) == STATE
    assert [path for _, path, _ in script.asked] == [
        "projects/p/channels",
        "projects/p/operations/o",
        "projects/p/operations/o",
        "projects/p/channels/17",
    ]


def test_an_operation_that_failed_is_an_error() -> None:
    failed: Object = {"name": "operations/o", "done": True, "error": {"code": 9, "message": "no quota"}}
    google, _ = cloud(failed)
    with pytest.raises(Failure, match="Error creating Channel: Error code 9, message: no quota"):
        CHANNEL.create(google, planned({}))


def test_an_update_sends_the_mask_of_what_changed() -> None:
    google, script = cloud({}, MADE)
    CHANNEL.update(google, STATE, STATE | {"kind": "slack"})
    assert script.asked[0] == ("PATCH", "projects/p/channels/17 type", {"displayName": "d", "type": "slack"})


def test_an_import_of_a_path() -> None:
    assert CHANNEL.import_state("projects/p/channels/17", SETTINGS)["id"] == "projects/p/channels/17"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        pytest.param("b/{a}/o", "b/x%2Fy%3Fz/o", id="a name is quoted whole"),
        pytest.param("v/{+a}", "v/x/y%3Fz", id="a path keeps its slashes"),
    ],
)
def test_hostile_names_stay_inside_their_place_in_a_url(template: str, filled: str) -> None:
    assert fill(template, {"a": "x/y?z"}, quoted=True) == filled


def test_an_api_error_after_the_create_leaves_what_exists_in_the_state() -> None:
    class Broken(Script):
        def send(self, method: str, url: str, **rest: object) -> Reply:
            if method == "GET":
                raise ApiError(500, "broken")
            return super().send(method, url, **rest)

    google, _ = cloud()
    broken = Cloud(settings=SETTINGS, rest=Broken(answers=[MADE]), call=google.call)
    with pytest.raises(Failure, match="Error 500: broken") as failure:
        CHANNEL.create(broken, planned({"display_name": "d"}))
    assert failure.value.state is not None
    assert failure.value.state["id"] == "projects/p/channels/17"
