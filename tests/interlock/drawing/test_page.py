"""The page of the schedule: a row for each job, and texts that want to break out."""

from __future__ import annotations

import re

from interlock.drawing.page import SHOWN_DAY, page
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
    text = page(catalog, timeline(catalog, SHOWN_DAY))
    jobs = [line.split("`")[1] for lines in tables(text) if "In words | Zone | `" in lines[0] for line in lines[2:]]
    assert sorted(jobs) == sorted(catalog.jobs)


def test_hostile_text_stays_in_its_cell() -> None:
    hostile = "a | b</td><script>x</script> ![p](http://x.invalid) `c` @ana #12"
    catalog = load(TEXT.replace("off-season", f'"{hostile}"').replace("deploys", f'"{hostile}"'))
    text = page(catalog, timeline(catalog, SHOWN_DAY))
    for lines in tables(text):
        assert {columns(line) for line in lines} == {columns(lines[0])}
        assert not re.search(r"(?<!\\)[<>\[\]]|@ana|#12|http://", "".join(lines))
