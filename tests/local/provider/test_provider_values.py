"""Values on Terraform's wire, the messages around them, and Google's JSON."""

from __future__ import annotations

import msgpack
import pytest
from google.protobuf import json_format

from local.provider import schema, wire
from local.provider.convert import camel, expand, flatten
from local.provider.schema import Attribute, Block
from local.provider.values import UNKNOWN, Object, conform, decode, encode, known


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a": None, "b": "x", "c": True, "d": 3, "e": 1.5}, id="simple values"),
        pytest.param({"a": ["x", "y"], "b": {"k": "v"}, "c": [{"d": []}]}, id="nested values"),
        pytest.param({"a": UNKNOWN, "b": [UNKNOWN], "c": {"k": UNKNOWN}}, id="unknown values"),
        pytest.param({"a": "Grüße 🚦", "b": 1 << 62}, id="text and numbers beyond the usual"),
    ],
)
def test_a_value_survives_the_wire(value: Object) -> None:
    assert decode(encode(value)) == value


def test_a_number_that_no_float_is_equal_to_is_its_decimals_on_the_wire_and_a_number_in_json() -> None:
    sent = decode(encode({"bounds": [0.5, -0.99, 3], "width": 0.01})) or {}
    assert sent == {"bounds": [0.5, "-0.99", 3], "width": "0.01"}
    numbers, number = Attribute(type=["list", "number"], optional=True), Attribute(type="number", optional=True)
    block = Block(attrs={"bounds": numbers, "width": number}, blocks={})
    assert expand(block, sent) == {"bounds": [0.5, -0.99, 3], "width": 0.01}


def test_null_and_nothing_are_none() -> None:
    assert decode(encode(None)) is None
    assert decode(wire.message("DynamicValue")()) is None


def test_a_refined_unknown_is_unknown() -> None:
    refined = msgpack.packb({"a": msgpack.ExtType(12, msgpack.packb({1: False}))})  # object-wire-format.md: "not null"
    assert decode(wire.message("DynamicValue")(msgpack=refined)) == {"a": UNKNOWN}


def test_an_unknown_is_the_three_bytes_that_terraform_writes() -> None:
    assert encode(UNKNOWN).msgpack == b"\xd4\x00\x00"


@pytest.mark.parametrize(
    ("value", "instead", "expected"),
    [
        pytest.param({"a": UNKNOWN}, None, {"a": None}, id="null where nothing was"),
        pytest.param({"a": UNKNOWN, "b": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 1}, id="the value that was there"),
        pytest.param({"a": [{"b": UNKNOWN}, UNKNOWN]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}, None]}, id="inside a list"),
        pytest.param({"a": UNKNOWN}, {"a": UNKNOWN}, {"a": None}, id="never another unknown"),
    ],
)
def test_unknowns_are_replaced(value: Object, instead: Object | None, expected: Object) -> None:
    assert known(value, instead=instead) == expected


BLOCK = Block(
    attrs={
        "id": Attribute(type="string", computed=True),
        "retry_count": Attribute(type="number", optional=True),
        "uri": Attribute(type="string", required=True),
    },
    blocks={
        "oidc_token": Block(max=1, attrs={"service_account_email": Attribute(type="string", required=True)}),
        "rule": Block(attrs={"size": Attribute(type="number", optional=True), "on": Attribute(type="bool", optional=True)}),
        "timeouts": Block(nest="single", attrs={"create": Attribute(type="string", optional=True)}),
    },
)


def test_a_body_has_camel_case_objects_for_single_blocks_and_nothing_empty() -> None:
    value = {
        "id": "x",
        "retry_count": 0,
        "uri": "u",
        "oidc_token": [{"service_account_email": "a@b"}],
        "rule": [{"size": 1, "on": False}],
        "timeouts": {"create": "5m"},
    }
    assert expand(BLOCK, value) == {"uri": "u", "oidcToken": {"serviceAccountEmail": "a@b"}, "rule": [{"size": 1}]}
    assert expand(BLOCK, value, skip={"rule", "oidc_token"}, renames={"uri": "url"}) == {"url": "u"}


def test_a_body_is_read_back_with_int64_as_text_and_zeros_in_blocks() -> None:
    body = {"retryCount": "3", "oidcToken": {"serviceAccountEmail": "a@b"}, "rule": [{"size": "9"}], "more": 1}
    assert flatten(BLOCK, body) == {
        "id": None,
        "retry_count": 3,
        "uri": None,
        "oidc_token": [{"service_account_email": "a@b"}],
        "rule": [{"size": 9, "on": False}],
    }


def test_names_become_camel_case() -> None:
    assert camel("max_retry_duration") == "maxRetryDuration"


def test_a_stored_state_is_given_the_shape_of_the_schema() -> None:
    stored = {"uri": "u", "gone": 1, "rule": [{"size": 1, "gone": 2}], "timeouts": None}
    assert conform(BLOCK, stored) == {
        "id": None,
        "retry_count": None,
        "uri": "u",
        "oidc_token": [],
        "rule": [{"size": 1, "on": None}],
        "timeouts": None,
    }


def test_messages_have_the_numbers_of_the_protocol() -> None:
    plan = wire.message("PlanResourceChange.Response")(planned_private=b"p", legacy_type_system=True)
    assert plan.SerializeToString() == b"\x1a\x01p\x28\x01"
    step = wire.message("AttributePath.Step")(element_key_int=0)
    assert step.SerializeToString() == b"\x18\x00", "index 0 is not the same as no index"


def test_every_schema_is_a_message_and_no_default_is_of_another_type() -> None:
    loaded = schema.load()
    kinds = {"string": str, "number": int, "bool": bool}
    for block in (loaded.provider, *loaded.resources.values(), *loaded.data.values()):
        assert json_format.MessageToDict(block.to_message())["attributes"]
        for name, attribute in block.attrs.items():
            assert attribute.default is None or isinstance(attribute.default, kinds[attribute.kind]), name
            assert attribute.required or attribute.optional or attribute.computed, name
