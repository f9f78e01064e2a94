"""Plans as SDKv2 makes them, on a small schema: defaults, computed values, replacement, what is no difference."""

from __future__ import annotations

import pytest

from local.provider.planning import Path, plan, settle
from local.provider.schema import Attribute, Block
from local.provider.values import UNKNOWN, Object

RETRY = Block(
    max=1,
    attrs={
        "count": Attribute(type="number", optional=True, computed=True),
        "key": Attribute(type="string", optional=True, force=True),
    },
)
ACTION = Block(nest="set", attrs={"kind": Attribute(type="string"), "made": Attribute(type="string", computed=True)})
POLICY = Block(max=1, computed=True, attrs={"seconds": Attribute(type="number", optional=True, default=7)})
SCHEMA = Block(
    attrs={
        "name": Attribute(type="string", required=True, force=True),
        "zone": Attribute(type="string", optional=True, default="Etc/UTC"),
        "note": Attribute(type="string", optional=True),
        "paused": Attribute(type="bool", optional=True, computed=True),
        "held": Attribute(type="bool", optional=True),
        "state": Attribute(type="string", computed=True),
        "tags": Attribute(type=["set", "string"], optional=True),
    },
    blocks={"retry": RETRY, "action": ACTION, "policy": POLICY},
)
EMPTY: Object = dict.fromkeys(SCHEMA.attrs) | {name: [] for name in SCHEMA.blocks}
PRIOR: Object = EMPTY | {"name": "a", "zone": "Etc/UTC", "paused": False, "state": "ENABLED"}


def planned(config: Object, prior: Object | None = None) -> tuple[Object, list[Path]]:
    """The plan of a configuration, and what forces replacement."""
    change = plan(SCHEMA, prior=prior, config=EMPTY | config)
    return change.planned, change.replace


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, {"zone": "Etc/UTC"}, id="a default is filled in"),
        pytest.param({}, {"paused": UNKNOWN, "state": UNKNOWN}, id="what is computed is not known yet"),
        pytest.param({"paused": False}, {"paused": False}, id="an explicit false is a value"),
        pytest.param({}, {"note": None, "tags": None}, id="what is not given is null"),
        pytest.param(
            {"retry": [{"count": None, "key": "x"}]}, {"retry": [{"count": UNKNOWN, "key": "x"}]}, id="in a block too"
        ),
        pytest.param({"retry": UNKNOWN}, {"retry": UNKNOWN}, id="blocks whose number is not known"),
        pytest.param({}, {"policy": UNKNOWN}, id="a computed block that is not given is not known yet"),
        pytest.param({"policy": [{"seconds": None}]}, {"policy": [{"seconds": 7}]}, id="a default in a block"),
    ],
)
def test_a_create(config: Object, expected: Object) -> None:
    found, replace = planned({"name": "a"} | config)
    assert {name: found[name] for name in expected} == expected
    assert replace == []


@pytest.mark.parametrize(
    ("config", "prior", "expected", "replace"),
    [
        pytest.param({}, {}, {}, [], id="nothing"),
        pytest.param({"paused": True}, {}, {"paused": True}, [], id="one value, and `state` keeps what it has"),
        pytest.param({"note": ""}, {}, {}, [], id="an empty text where there was none"),
        pytest.param({}, {"note": ""}, {}, [], id="no text where there was an empty one"),
        pytest.param({"held": False}, {}, {"held": False}, [], id="false where there was nothing"),
        pytest.param({}, {"held": False}, {}, [], id="nothing where there was false"),
        pytest.param({}, {"note": "x"}, {"note": None}, [], id="a text taken away"),
        pytest.param({"zone": None}, {"zone": "UTC"}, {"zone": "Etc/UTC"}, [], id="back to the default"),
        pytest.param({"tags": ["b", "a"]}, {"tags": ["a", "b"]}, {}, [], id="a set in another order"),
        pytest.param({"tags": ["b"]}, {"tags": ["a", "b"]}, {"tags": ["b"]}, [], id="a smaller set"),
        pytest.param({"name": "b"}, {}, {"name": "b"}, [("name",)], id="another name replaces it"),
        pytest.param({"name": UNKNOWN}, {}, {"name": UNKNOWN}, [("name",)], id="a name that is not known may be another"),
        pytest.param(
            {"retry": [{"count": None, "key": "y"}]},
            {"retry": [{"count": 3, "key": "x"}]},
            {"retry": [{"count": 3, "key": "y"}]},
            [("retry", 0, "key")],
            id="a value in a block replaces it",
        ),
        pytest.param({"retry": []}, {"retry": [{"count": 3, "key": None}]}, {"retry": []}, [], id="a block taken away"),
        pytest.param({}, {"policy": [{"seconds": 9}]}, {}, [], id="a computed block that is not given stays"),
        pytest.param(
            {"action": [{"kind": "b", "made": None}, {"kind": "a", "made": None}]},
            {"action": [{"kind": "a", "made": "1"}, {"kind": "b", "made": "2"}]},
            {"action": [{"kind": "b", "made": "2"}, {"kind": "a", "made": "1"}]},
            [],
            id="members of a set keep what was computed for them",
        ),
    ],
)
def test_an_update(config: Object, prior: Object, expected: Object, replace: list[Path]) -> None:
    before = PRIOR | prior
    found, paths = planned({"name": "a"} | config, before)
    assert found == before | expected
    assert paths == replace


def test_a_suppressed_difference_keeps_the_prior_value() -> None:
    prior = PRIOR | {"note": "x/"}
    config = EMPTY | {"name": "a", "note": "x"}
    rule = {"note": lambda old, new, _root: old == f"{new}/"}
    assert plan(SCHEMA, prior=prior, config=config, suppress=rule).planned["note"] == "x/"


@pytest.mark.parametrize(
    ("read", "reference", "settled"),
    [
        pytest.param({"note": None}, {"note": ""}, {"note": ""}, id="nothing came back for an empty text"),
        pytest.param({"note": None}, {"note": "x"}, {"note": None}, id="nothing came back for a text"),
        pytest.param({"note": "y"}, {"note": "x"}, {"note": "y"}, id="another text"),
        pytest.param({"held": None}, {"held": False}, {"held": False}, id="nothing came back for false"),
        pytest.param({"paused": False}, {"paused": None}, {"paused": False}, id="false came back for nothing"),
        pytest.param({"note": None}, {"note": UNKNOWN}, {"note": None}, id="nothing came back for what was not known"),
        pytest.param(
            {"retry": [{"count": None, "key": None}]},
            {"retry": [{"count": 0, "key": ""}]},
            {"retry": [{"count": 0, "key": ""}]},
            id="in a block",
        ),
        pytest.param({"retry": []}, {"retry": [{"count": 0, "key": ""}]}, {"retry": []}, id="no block came back"),
    ],
)
def test_what_was_read_is_written_as_it_was_planned(read: Object, reference: Object, settled: Object) -> None:
    assert settle(SCHEMA, EMPTY | read, EMPTY | reference) == EMPTY | settled
