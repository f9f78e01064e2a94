"""Tables and lines of a terminal: whole names, commands and times at every width."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.names import printable
from interlock.terminal.tables import (
    Table,
    arrows,
    at_most,
    folded,
    grouped,
    kept,
    names_in_columns,
    names_in_lines,
    prose,
    whole,
    width,
)

ROOT = Path(__file__).parents[3]
TIME = "2026-03-11 08:00 EDT (2026-03-11 12:00 UTC)"
NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,60}", fullmatch=True), min_size=1, max_size=30)
TEXTS = st.text(max_size=80)
COLUMNS = st.integers(40, 200)


def _table(columns: int, *, zone: str = "Etc/UTC") -> list[str]:
    table = Table("job", "state", prose("why"), "zone", prose("drift"), kept("missed"))
    table.row("a-job", "PAUSED", f"held by backfill/marts until {TIME}", "Etc/UTC", "", "3")
    table.row("another-job", "ENABLED", "", zone, "", "3")
    return table.lines(columns)


def test_what_is_empty_goes_and_what_is_the_same_everywhere_becomes_a_sentence_but_numbers_stay() -> None:
    assert _table(120) == [
        "For both: zone Etc/UTC",
        "job          state    why                                                                       missed",
        "─" * 102,
        f"a-job        PAUSED   held by backfill/marts until {TIME}  3",
        "another-job  ENABLED                                                                            3",
    ]


def test_what_does_not_fit_beside_is_below() -> None:
    assert _table(60, zone="America/Los_Angeles") == [
        "job          state    why",
        "─" * 60,
        "a-job",
        "  state: PAUSED",
        "  why: held by backfill/marts until",
        f"    {TIME}",
        "  zone: Etc/UTC   missed: 3",
        "another-job  ENABLED",
        "  zone: America/Los_Angeles   missed: 3",
    ]


def test_when_only_names_are_left_they_stand_in_columns() -> None:
    table = Table("job", "state")
    for name in ("a", "b", "c"):
        table.row(name, "PAUSED")
    assert table.lines(80) == ["For all 3: state PAUSED", "  a  b  c"]


def test_a_row_alone_has_no_sentence_and_no_rows_are_nothing() -> None:
    table = Table("job", "state")
    assert table.lines(80) == []
    table.row("a", "PAUSED")
    assert table.lines(80) == ["job  state", "─" * 11, "a    PAUSED"]


@given(st.lists(st.tuples(st.from_regex(r"[a-z-]{1,50}", fullmatch=True), TEXTS, TEXTS), max_size=8), COLUMNS)
def test_a_table_keeps_every_name_and_no_line_is_wider_than_its_words(rows: list[tuple[str, str, str]], columns: int) -> None:
    table = Table("job", prose("why"), "until")
    for name, text, end in rows:
        table.row(name, text, end)
    lines = table.lines(columns)
    assert all(any(name in line.split() for line in lines) for name, _, _ in rows)
    unbroken = [4 + width(part) for name, text, end in rows for part in (name, f"until: {end}", *text.split())]
    assert all(width(line) <= max([columns, *unbroken]) for line in lines)
    assert all(line == printable(line) for line in lines)


@given(TEXTS, COLUMNS)
def test_folded_prose_has_all_its_words_in_order(text: str, columns: int) -> None:
    assert " ".join(folded(text, columns)).split() == text.split()


@pytest.mark.parametrize(
    "kept_whole",
    [
        TIME,
        "23:00 PST (07:00 UTC)",
        "Mon 23:00 PST (07:00 UTC)",
        "2026-03-11 08:00 UTC",
        "15,45 */2 * 10-12 MON",
        whole("make backfill-off NAME=tdza"),
    ],
)
@pytest.mark.parametrize("before", range(0, 40, 3))
def test_a_time_or_schedule_in_a_sentence_is_never_folded_inside(kept_whole: str, before: int) -> None:
    lines = folded(f"{'x' * before} until {kept_whole}, and then it ends", 40)
    assert any(printable(kept_whole) in printable(line) for line in lines)


def test_a_chain_is_folded_before_its_arrows_only() -> None:
    assert [printable(line) for line in folded(arrows("gamebooks -> summary -> mart.summary [append+mutate]"), 24)] == [
        "gamebooks -> summary",
        "  -> mart.summary [append+mutate]",
    ]


@given(NAMES, COLUMNS)
def test_names_in_columns_are_all_there_once_and_whole(names: list[str], columns: int) -> None:
    lines = names_in_columns(names, columns)
    assert sorted(" ".join(lines).split()) == sorted(names)
    assert all(width(line) <= max(columns, 2 + max(map(len, names))) for line in lines)


@given(NAMES, COLUMNS, st.integers(2, 8))
def test_of_many_names_the_first_are_shown_whole_and_the_rest_is_counted(names: list[str], columns: int, most: int) -> None:
    lines = names_in_lines(names, columns, most)
    assert len(lines) <= most
    *shown, last = lines
    left_out = re.fullmatch(r"  \.\.\. and (\d+) more", last)
    named = sorted(" ".join(shown if left_out else lines).split())
    assert named == sorted(names[: len(names) - int(left_out[1] if left_out else 0)])


def test_names_are_read_downwards() -> None:
    assert names_in_columns(["a", "bb", "c", "d", "e"], 12) == ["  a   c  e", "  bb  d"]


def test_of_many_lines_the_first_are_kept_and_the_rest_is_counted() -> None:
    assert at_most(["a", "b", "c"], 3) == ["a", "b", "c"]
    assert at_most(["a", "b", "c", "d"], 3) == ["a", "b", "  ... and 2 more lines; --all shows them"]


def test_groups_come_in_the_order_of_their_first_items() -> None:
    assert grouped(["bb", "a", "cc"], len) == {2: ["bb", "cc"], 1: ["a"]}


@given(TEXTS)
def test_nothing_printable_moves_a_cursor_or_turns_a_line(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"} or (c.isspace() and c != " ")]
    assert printable(shown) == shown


def test_letters_of_east_asia_take_two_columns_and_marks_over_letters_none() -> None:
    assert (width("ascii"), width("日本"), width("e\u0301")) == (5, 4, 1)


def test_all_that_commands_print_passes_one_function() -> None:
    """But JSON, which escapes what is no text, Markdown, which has its own, and the line that a terminal redraws."""
    rooms = (path for room in ("commands", "terminal") for path in sorted((ROOT / "interlock" / room).glob("*.py")))
    printing = {
        path.name for path in rooms if re.search(r"click\.s?echo\(|(?<![\w.])print\(", path.read_text(encoding="utf-8"))
    }
    assert printing == {"tables.py", "common.py", "review.py", "progress.py"}
