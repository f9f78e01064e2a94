"""A platform's baseline.yaml: what it holds, and each way in which it can be wrong."""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.baseline import accept, text_of
from interlock.catalog import Accepted, Catalog, Source
from interlock.findings import Finding
from interlock.reading.folder import catalog_of
from interlock.reading.problems import SourceError
from tests.interlock.catalogs import GOOD

LINE = "{rule: stagger, subject: jobs.fetch, since: 2026-11-01, until: 2027-01-31, owner: data}"
NOWHERE = Source(file="", line=0)


def read(baseline: str, jobs: str = GOOD, name: str = "p/baseline.yaml") -> Catalog:
    """A catalog with a file beside its jobs."""
    files = {"p/jobs.yaml": jobs, name: baseline}
    return catalog_of("catalog", {PurePosixPath(name): text.encode() for name, text in files.items()})


def refused(baseline: str, name: str = "p/baseline.yaml") -> list[str]:
    with pytest.raises(SourceError) as caught:
        read(baseline, name=name)
    return [str(problem) for problem in caught.value.problems]


def test_an_entry_is_read_with_its_line() -> None:
    [one] = read(f"baseline:\n  - {LINE}\n").baseline
    assert one == Accepted(
        rule="stagger",
        subject="jobs.fetch",
        since=date(2026, 11, 1),
        until=date(2027, 1, 31),
        owner="data",
        source=NOWHERE,
    )
    assert str(one.source) == "catalog/p/baseline.yaml:2"


@pytest.mark.parametrize("text", ["", "baseline:\n", "baseline: []\n"], ids=["empty", "blank", "an empty list"])
def test_a_baseline_may_accept_nothing(text: str) -> None:
    assert read(text).baseline == ()


@pytest.mark.parametrize(
    ("entries", "line", "said"),
    [
        pytest.param([LINE.replace("until: 2027-01-31, ", "")], 2, "baseline[0].until: missing key", id="no end"),
        pytest.param([LINE.replace("owner: data", "owner: ''")], 2, "baseline[0].owner: '' is empty", id="no owner"),
        pytest.param([LINE.replace("2027-01-31", "soon")], 2, "baseline[0].until: 'soon' is no date", id="no day"),
        pytest.param(
            [LINE.replace("2027-01-31", "2026-10-31")],
            2,
            "baseline[0].until: 2026-10-31 is before since, 2026-11-01; write a later day",
            id="an end before its begin",
        ),
        pytest.param(
            [LINE.replace("jobs.fetch", "fetch")],
            2,
            "baseline[0].subject: 'fetch' is no job as a finding names it; write jobs.<name>",
            id="a bare name",
        ),
        pytest.param([LINE.replace("owner:", "ower:")], 2, "baseline[0].ower: unknown key; did you mean owner?", id="a typo"),
        pytest.param([LINE.replace("owner: data", "owner: data, count: 0")], 2, "baseline[0].count: 0 is too low", id="none"),
        pytest.param(
            [LINE, LINE.replace("2027", "2028")],
            3,
            "baseline[1]: stagger of jobs.fetch is accepted already, in catalog/p/baseline.yaml:2; keep one of the two",
            id="twice",
        ),
        pytest.param(["stagger"], 2, "baseline[0]: 'stagger' holds no keys", id="a word"),
    ],
)
def test_a_wrong_entry_is_said_with_its_line(entries: list[str], line: int, said: str) -> None:
    text = "baseline:\n" + "".join(f"  - {entry}\n" for entry in entries)
    assert any(problem.startswith(f"catalog/p/baseline.yaml:{line}: {said}") for problem in refused(text))


def test_a_mapping_is_no_baseline() -> None:
    [said] = refused(f"baseline:\n  fetch: {LINE}\n")
    assert said == "catalog/p/baseline.yaml:1: baseline: is no list; write one like [{rule, subject, since, until, owner}]"


def test_a_baseline_stands_in_a_file_of_its_own() -> None:
    """It is written anew as a whole: what else stood in the file would be lost."""
    [other] = refused("services:\n  extra: {kind: run}\n")
    assert other == (
        "catalog/p/baseline.yaml:1: services: baseline.yaml is written anew as a whole; move the section to another file"
    )
    for elsewhere in ("p/more.yaml", "p/deeper/baseline.yaml"):
        [said] = refused(f"baseline: [{LINE}]\n", name=elsewhere)
        assert said == f"catalog/{elsewhere}:1: baseline: stands in baseline.yaml of the platform's folder only; move it there"


def test_what_is_written_for_findings_is_a_line_a_rule_and_job() -> None:
    found = [
        Finding(rule="stagger", subject="jobs.fetch", message="m", source=NOWHERE),
        Finding(rule="gap", subject="jobs.fetch", message="one", source=NOWHERE),
        Finding(rule="gap", subject="jobs.fetch", message="two", source=NOWHERE),
    ]
    text = text_of(accept(found, since=date(2026, 11, 1), until=date(2027, 1, 31), owner="data-platform"))
    assert text.splitlines()[-2:] == [
        "  - {rule: gap, subject: jobs.fetch, count: 2, since: 2026-11-01, until: 2027-01-31, owner: data-platform}",
        "  - {rule: stagger, subject: jobs.fetch, since: 2026-11-01, until: 2027-01-31, owner: data-platform}",
    ]
    assert text_of(accept(reversed(found), since=date(2026, 11, 1), until=date(2027, 1, 31), owner="data-platform")) == text
    assert text_of(accept([], since=date(2026, 11, 1), until=date(2027, 1, 31), owner="data")) == ""


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1).filter(
    lambda text: text.strip() == text and text.isprintable()
)
WORDS = st.sampled_from(
    ["no", "null", "true", "1", "2026-11-01", "'", '"', "#", "a: b", "- a", "*a", "~", "{", "=", "\\n", "0x1"]
)


@given(owner=TEXTS | WORDS, reason=st.none() | TEXTS | WORDS, number=st.integers(1, 3))
def test_what_is_written_is_read_again_as_it_was(owner: str, reason: str | None, number: int) -> None:
    finding = Finding(rule="stagger", subject="jobs.fetch", message="m", source=NOWHERE)
    [one] = accept([finding] * number, since=date(2026, 11, 1), until=date(2027, 1, 31), owner=owner)
    written = Accepted(**{**vars(one), "reason": reason})
    assert read(text_of([written])).baseline == (written,)
    assert written.count == number
