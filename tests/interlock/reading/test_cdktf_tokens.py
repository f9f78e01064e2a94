"""What cdktf would take for a token of its own is refused where it is written, whatever it is written in."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from interlock.reading.cdktf_tokens import MARK, OF_MAPS, taken_for_token
from interlock.reading.files import load_catalog, load_environment
from interlock.reading.problems import SourceError
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, JOBS

ROOT = Path(__file__).parents[3]
ENCODING = ROOT / "node_modules/cdktf/lib/tokens/private/encoding.js"


def number(top: int, more: int = 1) -> float:
    """A number with these top 16 bits."""
    found: float = struct.unpack(">d", struct.pack(">Q", top << 48 | more))[0]
    return found


TOKEN = repr(number(0xFDFF))
TAKEN = {
    "a text": "${TfToken[TOKEN.0]}",
    "a text that no stack has": "before ${TfToken[TOKEN.999999]} after",
    "a list": "#{TfToken[TOKEN.0]}",
    "a map": "&{TfToken[TOKEN.0]}",
    "the beginning of one": "TfToken[",
    "a number": TOKEN,
    "a number in a text": f"wait for {TOKEN} seconds",
    "a number with something behind it": f"{TOKEN}.5",
    "the greatest number": repr(number(0xFDFF, (1 << 48) - 1)),
    "a map of texts": "String Map Token Value",
    "a map of anything": "Any Map Token Value",
}
FREE = {
    "an expression of Terraform, which is doubled": "${var.x} %{if true} #{x} &{y}",
    "another number": "-1.5e+289, 1.9e+289, -3.9e+289, 1e5, -2e-289",
    "digits and signs": "--1e5 |1e+| 2026-01-01 ...e... 10e",
    "words": "a TfToken of a Map Token Value",
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_what_cdktf_takes_for_a_token_is_found(text: str) -> None:
    assert taken_for_token(text)


@pytest.mark.parametrize("value", [number(0xFDFF), number(0xFBFF), number(0xFDFF, 0)])
def test_so_is_a_number(value: float) -> None:
    assert taken_for_token(value)


@pytest.mark.parametrize("value", [*FREE.values(), 5, -1.5, True, None, [], 10**400, float("inf"), float("nan")])
def test_all_else_is_free(value: object) -> None:
    assert taken_for_token(value) is None


PLACES = {
    "a description": (JOBS, 'description: d, schedule: "15', 'description: {}, schedule: "15'),
    "a value of a body": (JOBS, "target: {service: scrapers}, runs", "target: {{service: scrapers, body: {{a: [{}]}}}}, runs"),
    "a key of a body": (JOBS, "target: {service: scrapers}, runs", "target: {{service: scrapers, body: {{{}: 1}}}}, runs"),
    "a body that is text": (JOBS, "target: {service: scrapers}, runs", "target: {{service: scrapers, text: {}}}, runs"),
    "a path": (JOBS, "target: {service: scrapers}, runs", "target: {{service: scrapers, path: {}}}, runs"),
    "an owner": (HEAD, "owner: data", "owner: {}"),
    "a reason": (JOBS, "reason: r", "reason: {}"),
    "the name of a job": (JOBS, "  mart: {", "  {}: {{"),
}


@pytest.mark.parametrize("text", ["/${TfToken[TOKEN.0]}", f"/{TOKEN}"])
@pytest.mark.parametrize(("of", "was", "becomes"), PLACES.values(), ids=PLACES)
def test_wherever_it_stands_in_a_catalog_it_is_refused_with_its_line(of: str, was: str, becomes: str, text: str) -> None:
    assert was in of
    whole = (HEAD + JOBS).replace(was, becomes.format(f'"{text}"'), 1)
    line = next(number for number, found in enumerate(whole.splitlines(), 1) if text in found)
    with pytest.raises(SourceError) as refused:
        load(whole)
    found = [problem for problem in refused.value.problems if "takes for a token of its own" in problem.message]
    assert [problem.source.line for problem in found] == [line]


def test_it_is_refused_as_yaml_reads_it_not_as_it_is_written() -> None:
    with pytest.raises(SourceError, match="takes for a token"):
        load(
            (HEAD + JOBS).replace(
                'description: d, schedule: "15', 'description: "\\x24{TfToke\\u006e[TOKEN.0]}", schedule: "15', 1
            )
        )


def test_a_file_and_an_environment_are_not_called_so(tmp_path: Path) -> None:
    folder = tmp_path / "catalog" / "small"
    folder.mkdir(parents=True)
    (folder / "a${TfToken[TOKEN.0]}.yaml").write_text(HEAD + JOBS)
    with pytest.raises(SourceError, match="takes for a token"):
        load_catalog(folder.parent)
    name = "${TfToken[TOKEN.0]}"
    (tmp_path / f"{name}.yaml").write_text((ROOT / "environments/local.yaml").read_text())
    with pytest.raises(SourceError, match="is no name of an environment"):
        load_environment(tmp_path, name)


def test_a_text_of_an_environment_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (ROOT / "environments/local.yaml").read_text()
    lines = text.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("url_patterns"))
    lines[place + 1] = '  run: "https://{service}.${TfToken[TOKEN.0]}.run.invalid"'
    (tmp_path / "local.yaml").write_text("\n".join(lines) + "\n")
    with pytest.raises(SourceError) as refused:
        load_environment(tmp_path, "local")
    [problem] = [found for found in refused.value.problems if "token" in found.message]
    assert problem.source.line == place + 2


def test_the_forms_are_those_of_the_cdktf_that_is_installed() -> None:
    text = ENCODING.read_text()
    begins = re.findall(r'exports\.BEGIN_\w+_TOKEN_MARKER = "(.*?)";', text)
    assert sorted(begins) == ["#{TfToken[", "${TfToken[", "&{TfToken["]
    assert all(MARK in begin for begin in begins)
    assert sorted(re.findall(r"const DOUBLE_\w*MARKER_BITS = (0x\w+) << 16", text)) == ["0xfbff", "0xfdff"]
    assert r'new RegExp("[-|\\d|.\\+]+(e[-|\\d|.|e|E|\\+]+)", "g")' in text
    token = (ENCODING.parents[1] / "token.js").read_text()
    assert set(re.findall(r'_MAP_TOKEN_VALUE = "(.*?)"', token)) == OF_MAPS
