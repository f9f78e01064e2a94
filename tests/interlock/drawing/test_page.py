"""The page of the schedule: a row for each job, and texts that want to break out."""

from __future__ import annotations

import re

import pytest

from interlock.drawing.page import page, shown_day
from interlock.timing.timeline import timeline
from tests.interlock.catalogs import load
from tests.interlock.timing.test_timeline import TEXT


def tables(text: str) -> list[list[str]]:
    """The tables of a page, each as its lines."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def columns(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line))


def test_every_job_has_a_row_whether_it_fires_that_day_or_not() -> None:
    catalog = load(TEXT)
    text = page(catalog, timeline(catalog, shown_day(catalog)))
    jobs = [line.split("`")[1] for lines in tables(text) if "In words | Zone | `" in lines[0] for line in lines[2:]]
    assert sorted(jobs) == sorted(catalog.jobs)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param(TEXT, "2026-01-13 Etc/UTC", id="of days that are alike the first"),
        pytest.param(
            TEXT.replace("0 8,20 * * *", "0 8,20 * 3-10 *"),
            "2026-03-10 Etc/UTC",
            id="of a platform that rests in winter a busy one",
        ),
        pytest.param(
            TEXT.replace("time_zone: Etc/UTC, region", "time_zone: Europe/Berlin, region"),
            "2026-01-13 Europe/Berlin",
            id="by the clock of most jobs",
        ),
        pytest.param(
            TEXT.replace('"0 7 * * *"', '"0 7 * 5 *"'),
            "2026-01-13 Etc/UTC",
            id="what is paused by declaration counts for nothing",
        ),
    ],
)
def test_the_day_that_the_page_shows(text: str, day: str) -> None:
    shown = shown_day(load(text))
    assert f"{shown.date} {shown.zone.key}" == day


def test_hostile_text_stays_in_its_cell() -> None:
    hostile = "a | b</td><script>x</script> ![p](http://x.invalid) `c` @ana #12"
    catalog = load(TEXT.replace("off-season", f'"{hostile}"').replace("deploys", f'"{hostile}"'))
    text = page(catalog, timeline(catalog, shown_day(catalog)))
    for lines in tables(text):
        assert {columns(line) for line in lines} == {columns(lines[0])}
        assert not re.search(r"(?<!\\)[<>\[\]]|@ana|#12|http://", "".join(lines))
