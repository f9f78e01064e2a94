"""Other schedules written into the text of a file: one value, and every other byte as it was."""

from __future__ import annotations

import pytest

from interlock.reading.splice import SpliceError, rescheduled


def later(text: str) -> str:
    return text.replace("0", "15", 1)


BLOCK = """\
# \u00e9: first
jobs:
  other: {schedule: "0 1 * * *"}   # not this
  fetch:
    description: d
    schedule: "0 6 * * *"   # at six
    target: {service: web}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BLOCK, BLOCK.replace('"0 6 * * *"   # at six', '"15 6 * * *"   # at six\n    was: "0 6 * * *"')),
        (
            BLOCK.replace('"0 6 * * *"', "0 6 * * *"),
            BLOCK.replace('"0 6 * * *"   # at six', "15 6 * * *   # at six\n    was: 0 6 * * *"),
        ),
        ("jobs: {fetch: {schedule: '0 6 * * *', d: 1}}", "jobs: {fetch: {schedule: '15 6 * * *', was: '0 6 * * *', d: 1}}"),
        ('jobs:\n  fetch:\n    schedule: "0 6 * * *"', 'jobs:\n  fetch:\n    schedule: "15 6 * * *"\n    was: "0 6 * * *"'),
        (
            'jobs:\r\n  fetch:\r\n    schedule: "0 6 * * *"\r\n    d: 1\r\n',
            'jobs:\r\n  fetch:\r\n    schedule: "15 6 * * *"\r\n    was: "0 6 * * *"\r\n    d: 1\r\n',
        ),
        (
            'jobs:\n  fetch: {schedule: "0 6 * * *", was: "5 6 * * *"}\n',
            'jobs:\n  fetch: {schedule: "15 6 * * *", was: "5 6 * * *"}\n',
        ),
    ],
    ids=["a block", "without quotes", "on one line", "without an end of the line", "lines of Windows", "moved before"],
)
def test_only_the_schedule_changes_and_was_comes_at_the_first_move(old: str, new: str) -> None:
    assert rescheduled(old, {"fetch": later}) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("jobs: {fetch: {schedule: 0 6 * * *, d: 1}}", 'jobs: {fetch: {schedule: "15,45 6 * * *", was: 0 6 * * *, d: 1}}'),
        ("jobs:\n  fetch:\n    schedule: 0 6 * * *\n", "jobs:\n  fetch:\n    schedule: 15,45 6 * * *\n    was: 0 6 * * *\n"),
        (
            "\ufeffjobs: {fetch: {schedule: '0 6 * * *'}}",
            "\ufeffjobs: {fetch: {schedule: '15,45 6 * * *', was: '0 6 * * *'}}",
        ),
        (
            "jobs:\n  fetch:\n    schedule: '0 6 * * *'\t# six\n",
            "jobs:\n  fetch:\n    schedule: '15,45 6 * * *'\t# six\n    was: '0 6 * * *'\n",
        ),
        ("jobs:\n  fetch:\n    schedule:  # why\n      0 6 * * *\n", None),
    ],
    ids=["a comma on one line", "a comma in a block", "a byte order mark", "a tab before a comment", "on the next line"],
)
def test_whatever_can_be_read_can_be_written(old: str, new: str | None) -> None:
    written = rescheduled(old, {"fetch": lambda _: "15,45 6 * * *"})
    assert written == (new or old.replace("0 6 * * *\n", "15,45 6 * * *\n    was: 0 6 * * *\n"))


def test_several_jobs_of_a_file() -> None:
    new = rescheduled(BLOCK, {"fetch": later, "other": later})
    assert new.count("was:") == 2
    assert '{schedule: "15 1 * * *", was: "0 1 * * *"}   # not this' in new


def test_what_begins_with_an_asterisk_needs_quotes() -> None:
    old = "jobs:\n  fetch:\n    schedule: 5,20,35,50 * * * *\n    was: 0 6 * * *\n"
    assert 'schedule: "*/15 * * * *"\n' in rescheduled(old, {"fetch": lambda _: "*/15 * * * *"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('x: &s "0 6 * * *"\njobs: {fetch: {schedule: *s}}', "used by 2 entries"),
        ('jobs: {one: {schedule: &s "0 6 * * *"}, fetch: {schedule: *s}}', "used by 2 entries"),
        ('jobs: {one: &j {schedule: "0 6 * * *"}, fetch: *j}', "used by 2 entries"),
        ('jobs: {one: &j {schedule: "0 6 * * *"}, fetch: {<<: *j, d: 1}}', "not written in the entry itself"),
        ("jobs:\n  fetch:\n    schedule: >-\n      0 6\n      * * *\n", "no plain text on one line"),
        ("jobs: {other: {}}", "not written in the entry itself"),
    ],
    ids=["an alias", "its anchor elsewhere", "an entry used twice", "merged", "folded", "no such job"],
)
def test_a_schedule_that_is_not_its_own_is_refused(text: str, why: str) -> None:
    with pytest.raises(SpliceError, match=f"^fetch: .*{why}"):
        rescheduled(text, {"fetch": later})
