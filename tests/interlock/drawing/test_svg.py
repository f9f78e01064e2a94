"""The picture of a day: well formed, the same bytes, nothing active or from elsewhere, whatever texts are in the catalog."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cron import zone
from interlock.drawing.svg import COLOURS, LEGEND, NAME_CHARACTERS, SHAPES, svg
from interlock.timing.minutes import Day
from interlock.timing.timeline import Timeline, timeline
from tests.interlock.catalogs import load
from tests.interlock.timing.test_timeline import DAY, TEXT

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>&\"'\x00\x08\x1b\ud800\uffff\ufdd0 \u202e]]> https://x.invalid"
SMALL = timeline(load(TEXT), DAY)


def parsed(found: Timeline) -> ElementTree.Element:
    return ElementTree.fromstring(svg(found))  # noqa: S314 - ours, and that is what is tested


def texts(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def hostile(text: str) -> Timeline:
    """A day with `text` in every place in which a stranger's text may be."""
    rows = []
    for row in SMALL.rows:
        paused = replace(row.job.paused, reason=text, owner=text) if row.job.paused else None
        job = replace(row.job, name=text, description=text, owner=text, paused=paused)
        closed = tuple(replace(closing, scope=text, reason=text) for closing in row.closed)
        rows.append(replace(row, job=job, group=text, closed=closed))
    return replace(SMALL, rows=tuple(rows), closed=rows[0].closed)


def test_who_cannot_see_it_is_told_what_it_shows() -> None:
    picture = parsed(SMALL)
    assert picture.get("role") == "img"
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Tuesday, 2026-01-13, Etc/UTC"
    assert description.text == (
        f"{SMALL.summary}. Closed: window/night 2026-01-12 23:00 to 01:00, window/morning 08:00 to 10:00, "
        "window/night 23:00 to 2026-01-14 01:00."
    )


def test_a_mark_for_each_fire_by_what_becomes_of_it() -> None:
    marks = {}
    for row in parsed(SMALL).iter(f"{SVG}g"):
        name = (row.findtext(f"{SVG}text") or "").strip()
        marks[name] = {path.get("class"): (path.get("d") or "").count("M") for path in row.iter(f"{SVG}path")}
    assert marks == {
        "hourly": {"fire": 19, "near": 1, "held": 4},
        "eights": {"fire": 1, "near": 1},
        "repair": {"fire": 1},
        "off": {"off": 1},
    }


@pytest.mark.parametrize(
    ("name", "day"),
    [
        pytest.param("Etc/UTC", date(2026, 1, 13), id="an ordinary day"),
        pytest.param("America/New_York", date(2026, 3, 8), id="a day of 23 hours"),
        pytest.param("America/New_York", date(2026, 11, 1), id="a day of 25 hours"),
        pytest.param("Australia/Lord_Howe", date(2026, 10, 4), id="a day of 23 hours and a half"),
    ],
)
def test_every_third_hour_of_the_clock_stands_above_and_below(name: str, day: date) -> None:
    found = timeline(load(TEXT), Day(date=day, zone=zone(name)))
    labels = [text for text in texts(parsed(found)) if re.fullmatch(r"\d\d:\d\d", text)]
    assert labels[::2] == labels[1::2] == [f"{hour:02}:00" for hour in (*range(0, 24, 3), 0)]


def test_the_shape_says_what_the_colour_says() -> None:
    assert set(LEGEND) == set(SHAPES)
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert {f".{kind}" for kind in SHAPES} <= set(COLOURS)
    assert set(LEGEND.values()) <= set(texts(parsed(SMALL)))


def test_light_and_dark_colour_the_same_things() -> None:
    style = parsed(SMALL).findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for name, (what, light_colour, dark_colour) in COLOURS.items():
        assert f"{name} {{ {what}: {light_colour} }}" in light
        assert f"{name} {{ {what}: {dark_colour} }}" in dark


def test_the_same_day_twice_is_the_same_picture() -> None:
    assert svg(timeline(load(TEXT), DAY)) == svg(timeline(load(TEXT), DAY))


def test_hostile_text_stays_text() -> None:
    picture = parsed(hostile(HOSTILE))
    shown = "</text><script>alert(1)</script>&\"'"
    assert any(text.startswith(shown) for text in texts(picture))


@pytest.mark.parametrize("found", [SMALL, hostile(HOSTILE)], ids=["a small day", "hostile text"])
def test_nothing_active_and_nothing_from_elsewhere(found: Timeline) -> None:
    picture = parsed(found)
    tags = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert tags <= {"svg", "title", "desc", "style", "defs", "pattern", "rect", "text", "path", "g"}
    for element in picture.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            assert "href" not in name
            assert "url(" not in value or value == "url(#shut)"
    style = picture.findtext(f"{SVG}style") or ""
    assert "@import" not in style
    assert "url(" not in style


def test_a_long_name_is_cut_and_said_in_full_beside_the_mouse() -> None:
    picture = parsed(hostile("n" * 100))
    assert "n" * (NAME_CHARACTERS - 3) + "..." in texts(picture)
    assert max(len(text) for text in texts(picture)) < 250
    assert any("n" * 100 in (title.text or "") for title in picture.iter(f"{SVG}title"))


def test_a_day_without_fires_is_a_picture_too() -> None:
    empty = replace(SMALL, rows=(), closed=(), clashes=())
    assert "Closed: nothing" in texts(parsed(empty))


@given(st.text(max_size=40))
def test_any_text_gives_a_picture(text: str) -> None:
    parsed(hostile(text))
