"""Attributes as they are read: present or not, literal or not, of the right kind or not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.catalog import Json
from policies.rules.values import LATER, Attributes, Malformed, Unresolved, clean, is_expression, shown
from tests.policies.estates import block

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
READERS = ("text", "flag", "number", "duration", "seconds", "items", "texts", "block", "blocks")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("${var.x}", True),
        ("a ${var.x}", True),
        ("%{if a}b%{endif}", True),
        ("$${var.x}", False),
        ("%%{if a}", False),
        ("$5 {x}", False),
        ("", False),
    ],
)
def test_what_terraform_would_evaluate(text: str, expression: bool) -> None:
    assert is_expression(text) is expression


def test_a_configuration_has_expressions_and_a_plan_has_none() -> None:
    written = {"a": "${var.x}", "b": "$${not} 100 %%{one}", "c": ["x", "${var.x}"]}
    configured, planned = block(written, templates=True), block(written)
    with pytest.raises(Unresolved, match=r'^a is "\$\{var.x\}"$'):
        configured.text("a")
    with pytest.raises(Unresolved, match=r'^c\[1\] is "\$\{var.x\}"$'):
        configured.texts("c")
    assert configured.text("b") == "${not} 100 %{one}"
    assert (planned.text("a"), planned.text("b"), planned.texts("c")) == ("${var.x}", written["b"], ("x", "${var.x}"))


def test_what_only_an_apply_knows_is_there_and_not_known() -> None:
    about = block({"list": [None, "b"]}, unknown={"a": True, "list": [True, False], "in": [{"x": True}]})
    assert "a" in about
    with pytest.raises(Unresolved, match=r"^a is known only after the apply$"):
        about.text("a")
    assert about.items("list") == (LATER, "b")
    with pytest.raises(Unresolved, match=r"^list\[0\] is"):
        about.texts("list")
    inner = block({"in": [{}]}, unknown={"in": [{"x": True}]}).block("in")
    assert inner is not None
    with pytest.raises(Unresolved, match=r"^in\.x is"):
        inner.text("x")


@pytest.mark.parametrize("nothing", [{}, {"a": None}, {"a": []}])
def test_absent_null_and_an_empty_list_of_blocks_are_nothing(nothing: dict[str, Json]) -> None:
    about = block(nothing)
    assert "a" not in about
    assert list(about.names()) == []
    assert about.block("a") is None
    assert (about.blocks("a"), about.texts("a")) == ((), ())


@pytest.mark.parametrize(
    ("reader", "value", "read"),
    [
        ("number", 5, 5), ("number", "5", 5), ("number", 5.0, 5), ("number", "-5", -5),
        ("flag", True, True), ("flag", "false", False),
        ("items", ["a", 5], ("a", 5)), ("texts", ["a"], ("a",)),
    ],
)  # fmt: skip
def test_values_are_read_as_terraform_reads_them(reader: str, value: Json, read: Json) -> None:
    assert getattr(block({"a": value}), reader)("a") == read


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 5), ("text", ["a"]), ("text", True),
        ("flag", "yes"), ("flag", 1), ("flag", {}),
        ("number", True), ("number", 1.5), ("number", "5 "), ("number", "\u0665"), ("number", 10**13), ("number", float("inf")),
        ("duration", "5m"), ("duration", "\u0665s"), ("duration", 5), ("duration", "5s\n"),
        ("seconds", -1), ("seconds", "9" * 13),
        ("items", "abc"), ("items", {"0": "a"}), ("texts", ["a", None]),
        ("block", [{}, {}]), ("block", 5), ("blocks", [{}, "x"]),
    ],
)  # fmt: skip
def test_another_kind_of_value_is_malformed(reader: str, value: Json) -> None:
    with pytest.raises(Malformed, match=r"^(outer\.)?a(\[\d\])? is .*, which is not "):
        getattr(Attributes(values={"a": value}, templates=False, path="outer"), reader)("a")


@settings(max_examples=50)
@given(value=JSON, unknown=JSON, templates=st.booleans(), reader=st.sampled_from(READERS))
def test_no_value_makes_a_reader_fail_in_another_way(value: Json, unknown: Json, templates: bool, reader: str) -> None:
    about = block({"a": value}, templates=templates, unknown={"a": unknown})
    with suppress(Malformed, Unresolved):
        getattr(about, reader)("a")


@settings(max_examples=50)
@given(value=JSON)
def test_a_strangers_value_is_one_line_that_no_terminal_obeys(value: Json) -> None:
    assert shown(value).isprintable()
    assert len(shown(value)) <= 80


@given(text=st.text())
def test_a_message_is_one_line_and_says_what_it_said(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)
    assert clean(clean(text)) == clean(text)
    assert len(clean("x" * 9_000)) == 2_000
