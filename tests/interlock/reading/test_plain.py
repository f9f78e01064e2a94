"""Bodies of jobs: what is sent is what is written, or the catalog is refused with the quotes to add."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from interlock.reading.plain import MAX_EXACT
from tests.interlock.catalogs import changed, load, problems

HERE = "a.yaml:18: jobs.fetch.target.body"


def with_body(body: str) -> str:
    return changed("path: /x", f"path: /x, body: {body}")


def sent(body: str) -> object:
    return load(with_body(body)).jobs["fetch"].target.body


@pytest.mark.parametrize(
    ("written", "why"),
    [
        pytest.param("0022500561", '4882801 in YAML 1.1 and 22500561 in YAML 1.2; write "0022500561" for the text, or 4882801, '
                     "or 22500561", id="the id of a game, which is octal"),
        pytest.param("0900", '"0900" in YAML 1.1 and 900 in YAML 1.2; write "0900" for the text, or 900', id="with a 9 in it"),
        pytest.param("22:30", '1350 in YAML 1.1 and "22:30" in YAML 1.2; write "22:30" for the text, or 1350',
                     id="a time of day, in sixties"),
        pytest.param("1:30.5", '90.5 in YAML 1.1 and "1:30.5" in YAML 1.2; write "1:30.5" for the text, or 90.5',
                     id="a fraction in sixties"),
        pytest.param("2025_26", '202526 in YAML 1.1 and "2025_26" in YAML 1.2; write "2025_26" for the text, or 202526',
                     id="a season"),
        pytest.param("NO", 'false in YAML 1.1 and "NO" in YAML 1.2; write "NO" for the text, or false', id="Norway"),
        pytest.param("on", 'true in YAML 1.1 and "on" in YAML 1.2; write "on" for the text, or true', id="on"),
        pytest.param("y", 'true in YAML 1.1 and "y" in YAML 1.2; write "y" for the text, or true',
                     id="a letter that PyYAML takes for a text"),
        pytest.param("True", 'read as true; write "True" for the text, or true', id="a flag as JSON has none"),
        pytest.param("1.10", 'read as 1.1; write "1.10" for the text, or 1.1', id="a version"),
        pytest.param("1.", 'read as 1.0; write "1." for the text, or 1.0', id="nothing after the dot"),
        pytest.param(".5", 'read as 0.5; write ".5" for the text, or 0.5', id="nothing before the dot"),
        pytest.param("-.5", '"-.5" in YAML 1.1 and -0.5 in YAML 1.2; write "-.5" for the text, or -0.5', id="less than 0"),
        pytest.param("12e03", '"12e03" in YAML 1.1 and 12000.0 in YAML 1.2; write "12e03" for the text, or 12000.0',
                     id="a hash that looks like a number"),
        pytest.param("+1", 'read as 1; write "+1" for the text, or 1', id="a sign"),
        pytest.param("-0", 'read as 0; write "-0" for the text, or 0', id="minus nothing"),
        pytest.param("0x1F", 'read as 31; write "0x1F" for the text, or 31', id="hexadecimal"),
        pytest.param("0o17", '"0o17" in YAML 1.1 and 15 in YAML 1.2; write "0o17" for the text, or 15', id="octal of YAML 1.2"),
        pytest.param("0b1", '1 in YAML 1.1 and "0b1" in YAML 1.2; write "0b1" for the text, or 1', id="binary"),
        pytest.param("~", 'read as null; write "~" for the text, or null', id="a tilde"),
        pytest.param("Null", 'read as null; write "Null" for the text, or null', id="null in capitals"),
        pytest.param(".inf", 'read as a number that JSON does not have; write ".inf" for the text', id="infinity"),
        pytest.param(".nan", 'read as a number that JSON does not have; write ".nan" for the text', id="not a number"),
        pytest.param("1e999", '"1e999" in YAML 1.1 and a number that JSON does not have in YAML 1.2; write "1e999" for the '
                     "text", id="too large"),
        pytest.param("2026-01-14", 'a date in YAML 1.1 and "2026-01-14" in YAML 1.2; write "2026-01-14" for the text',
                     id="a date"),
        pytest.param("2026-02-30", 'a date in YAML 1.1 and "2026-02-30" in YAML 1.2; write "2026-02-30" for the text',
                     id="a date that there is not"),
        pytest.param("2026-01-14T10:00:00Z", 'a time in YAML 1.1 and "2026-01-14T10:00:00Z" in YAML 1.2; '
                     'write "2026-01-14T10:00:00Z" for the text', id="an instant"),
        pytest.param(str(MAX_EXACT + 1), f'beyond 2^53, where readers of JSON round; write "{MAX_EXACT + 1}"', id="too exact"),
        pytest.param("!!float 3", '3.0 in YAML 1.1 and 3 in YAML 1.2; write "3" for the text, or 3.0, or 3', id="a tag"),
    ],
)  # fmt: skip
def test_what_readers_of_yaml_take_for_different_values_is_refused_with_the_quotes_to_add(written: str, why: str) -> None:
    shown = written.removeprefix("!!float ")
    assert problems(with_body(f"{{game: {written}}}")) == [f"{HERE}.game: {shown} is {why}"]
    assert problems(with_body(f"{{games: [{{id: {written}}}]}}")) == [f"{HERE}.games[0].id: {shown} is {why}"]


@pytest.mark.parametrize(
    "written",
    ["true", "null", "1", "-5", "0", "1.5", "1.0", str(MAX_EXACT), "fetch", "2025-w01", "CURRENT", "a b", "1.2.3", "10.0.0.7",
     '"0022500561"', "'NO'", '"~"', '""', '"2026-01-14"'],
)  # fmt: skip
def test_what_everybody_reads_alike_is_sent_as_written(written: str) -> None:
    text = json.dumps(sent(f"{{a: {written}}}"))
    assert text in (f'{{"a": {written}}}', f'{{"a": "{written}"}}', f'{{"a": {json.dumps(written[1:-1])}}}')


@pytest.mark.parametrize(
    ("key", "is_good"),
    [
        *((key, False) for key in ("NO", "012", "2026-01-14", "1e3", "~")),
        *((key, True) for key in ("1", "true", "game", '"NO"')),
    ],
)
def test_a_key_is_the_text_that_is_written_and_nobody_reads_it_as_anything_else(key: str, is_good: bool) -> None:
    body = f"{{? {key} : 5}}"
    if is_good:
        assert sent(body) == {key.strip('"'): 5}
    else:
        [problem] = problems(with_body(body))
        assert problem.endswith(f'write "{key}" for the text')


def test_a_key_without_a_value_is_refused() -> None:
    assert problems(with_body("{a: }")) == [
        f'{HERE}.a: has no value, which is read as null; write null, or "" for an empty text'
    ]


def test_a_number_of_thousands_of_digits_is_refused_in_a_line() -> None:
    [problem] = problems(with_body(f"{{a: {'9' * 9000}}}"))
    assert len(problem) < 400


def test_no_message_repeats_what_may_be_a_secret() -> None:
    messages = problems(with_body("{api_key: 0022500561, password: 2025_26}"))
    assert messages == [
        f"{HERE}.{key}: is read as another value than is written; put it in quotes" for key in ("api_key", "password")
    ]


@given(some.text("0123456789abcdefoxnyNOEe_:.+-~ TZ", min_size=1, max_size=12))
@example("0o8")
@example("1_000.5")
@example("=")
def test_a_value_without_quotes_is_sent_as_written_or_refused(written: str) -> None:
    text = with_body(f"{{a: {written}}}")
    if problems(text):
        return
    body = load(text).jobs["fetch"].target.body
    assert isinstance(body, dict)
    [value] = body.values()
    plain = written.strip()
    assert value == plain if isinstance(value, str) else json.dumps(value) == plain
