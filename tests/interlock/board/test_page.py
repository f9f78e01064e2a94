"""The board as HTML: the same bytes for the same board, nothing of a stranger that acts, and a policy for the rest."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest

from interlock.board.page import page
from interlock.declaration import Declaration
from tests.golden import golden
from tests.interlock.board.worlds import NOW, WORLDS, busy, declared, drawn, flag, hostile, quiet, snapshot

ALLOWED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "nav",
        "main",
        "section",
        "footer",
        "article",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "ol",
        "li",
        "a",
        "b",
        "br",
        "bdi",
        "time",
        "span",
        "div",
        "dl",
        "dt",
    ]
) | frozenset(
    [
        "dd",
        "code",
        "button",
        "details",
        "summary",
        "form",
        "label",
        "input",
        "select",
        "option",
        "svg",
        "path",
        "rect",
        "script",
    ]
)
VOID = frozenset({"meta", "br", "input"})


class Read(HTMLParser):
    """The page as a browser reads it: its elements, and the text outside of style and script."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.inside: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.inside[self.open[-1]] = data
        else:
            self.text.append(data)


@pytest.mark.golden
@pytest.mark.parametrize("name", WORLDS)
def test_the_page_is_as_reviewed(name: str) -> None:
    golden(f"board/{name}.html", page(WORLDS[name]()))


@pytest.mark.parametrize("name", WORLDS)
def test_the_same_board_gives_the_same_bytes_twice(name: str) -> None:
    assert page(WORLDS[name]()) == page(WORLDS[name]())


@pytest.mark.parametrize("name", WORLDS)
def test_every_element_is_one_of_ours_and_is_closed(name: str) -> None:
    read = Read(page(WORLDS[name]()))
    assert {tag for tag, _ in read.elements} <= ALLOWED
    assert read.open == []


@pytest.mark.parametrize("name", WORLDS)
def test_nothing_acts_but_the_one_script_and_the_one_style_whose_hashes_the_policy_names(name: str) -> None:
    read = Read(page(WORLDS[name]()))
    tags = [tag for tag, _ in read.elements]
    assert (tags.count("script"), tags.count("style")) == (1, 1)
    attributes = {key for _, given in read.elements for key in given}
    assert not [key for key in attributes if key.startswith("on") or key in ("style", "src", "srcdoc", "action", "formaction")]
    [policy] = [given["content"] for _, given in read.elements if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(read.inside[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("name", WORLDS)
def test_the_page_asks_for_nothing_elsewhere(name: str) -> None:
    read = Read(page(WORLDS[name]()))
    links = [given["href"] for _, given in read.elements if "href" in given]
    assert links
    assert all(link is not None and link.startswith("#") for link in links)
    assert "url(" not in read.inside["style"]
    assert not re.search(r"fetch|XMLHttpRequest|import\(|WebSocket|sendBeacon|EventSource|innerHTML", read.inside["script"])


@pytest.mark.parametrize("name", WORLDS)
def test_each_link_leads_to_something_and_each_anchor_is_there_once(name: str) -> None:
    read = Read(page(WORLDS[name]()))
    anchors = [given["id"] for _, given in read.elements if "id" in given]
    assert len(anchors) == len(set(anchors))
    assert {str(given["href"]).removeprefix("#") for _, given in read.elements if "href" in given} <= set(anchors)


def test_what_strangers_wrote_is_text_that_turns_nothing_around_it() -> None:
    html = page(hostile())
    assert "<img" not in html
    assert "\u202e" not in html
    assert html.count("<script") == 1
    shown = "".join(Read(html).text)
    assert "</script><script>alert(1)</script>" in shown, "it is there to be read"
    assert "<bdi>&lt;/script&gt;" in html


def test_ten_kilobytes_of_a_reason_are_cut() -> None:
    assert "x" * 1000 not in page(hostile())


def test_a_hold_says_who_why_until_when_in_both_zones_and_what_ends_it() -> None:
    shown = " ".join("".join(Read(page(busy())).text).split())
    for said in (
        "until 04:13 CET (03:13 UTC)",
        "a new till is connected",
        "By ana, asked by ana@acme.dev",
        ".venv/bin/interlock release service/shop-importer at-1 --env production",
        "make backfill-off NAME=orders ENV=production",
        "window/night-deploys begins",
    ):
        assert said in shown


def test_a_page_says_when_it_is_old_and_one_that_is_says_so_at_once() -> None:
    fresh, old = page(quiet()), page(hostile())
    assert 'id="late" data-at="2026-11-24T01:34:07Z" hidden>' in fresh, "two ticks, and the minute that a tick may take"
    assert 'id="late" data-at="2026-11-24T00:49:07Z">' in old
    assert "After" in "".join(Read(fresh).text), "who has no scripts reads from when on it is old"


def test_a_page_of_a_coordinator_that_never_wrote_says_so() -> None:
    html = page(drawn(snapshot(), looked=None))
    assert "Nobody knows when the coordinator looked last" in html


def test_every_instant_is_in_the_platform_s_zone_beside_utc() -> None:
    html = page(busy())
    for iso, local in re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', html):
        assert iso.endswith("Z")
        assert re.search(r"(CET|CEST|UTC)$", unescape(local))


def many(number: int) -> Declaration:
    """The shop, so many times over that it has that many jobs."""
    one = declared()
    names = [(f"{name}-{copy}", name) for copy in range(-(-number // len(one.jobs))) for name in one.jobs][:number]
    jobs = {new: replace(one.jobs[old], name=new, scheduler_name=new, after=()) for new, old in names}
    scopes = {scope: tuple(new for new, old in names if old in covered) for scope, covered in one.scopes.items()}
    told = replace(one.about, jobs={new: one.about.jobs[old] for new, old in names}, meetings=())
    return replace(one, jobs=jobs, scopes=scopes, about=told)


@pytest.mark.parametrize(("jobs", "most"), [(143, 500_000), (1_000, 3_000_000)])
def test_a_page_is_as_small_as_a_phone_wants_it(jobs: int, most: int) -> None:
    assert len(page(drawn(snapshot([flag()], declaration=many(jobs)))).encode()) <= most


def test_the_page_of_a_window_that_is_open_counts_from_now() -> None:
    opened = NOW.replace(minute=30, second=0) + timedelta(minutes=10)
    html = page(drawn(snapshot(now=opened)))
    assert "<h3><bdi>window/night-deploys</bdi></h3>" in html


def test_what_is_not_known_of_a_job_is_not_there() -> None:
    assert "<bdi></bdi>" not in page(quiet())
    assert "<dt>Paused</dt><dd><bdi>the supplier has left" in page(quiet())
