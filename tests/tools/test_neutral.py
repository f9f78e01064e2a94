"""Whatever a stranger has written into a text of ours, it calls nobody, commands nothing, shows and links nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.neutral import SPACE, neutral

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "review").glob("*.md"))
ACTS = re.compile(
    r"@(?!\u200b|&#8203;)|!\[|(?<!\\)(?:\\\\)*\](?=[(\[:])|://|www\.\w|#[0-9]|\bgh-[0-9]|mailto:\w|xmpp:\w"
    r"|<(?!/?(?:details|summary|b|sub|br)>|details open>|\u200b)|&(?:commat|num|sol|colon|#64;(?!&#8203;)|#x40)|^[\s>*+-]*/",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
"""What GitHub, or a bot that reads comments, would act on."""


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("ping @octocat and @org/everybody", id="people and teams"),
        pytest.param("`@octocat`", id="what looks like code, and may be none in HTML"),
        pytest.param("&#64;octocat &commat;octocat &#x40;octocat", id="a mention that is spelled as an entity"),
        pytest.param("/approve", id="a bot's command"),
        pytest.param("fine\n/merge\n  /lgtm\n> /approve\n- /hold cancel\n* > + /close", id="commands at the begin of lines"),
        pytest.param("\r/approve\u2028/approve\u2029/approve\v/approve", id="commands after other ends of a line"),
        pytest.param("![](https://evil.example/track.png)", id="an image"),
        pytest.param('<img src="//evil.example/x">', id="an image in HTML"),
        pytest.param("<IMG/SRC=x ONERROR=y><svg><script>", id="HTML of all sorts"),
        pytest.param("<details open onclick=x><b style='x'>", id="our tags, with attributes"),
        pytest.param("<!-- interlock-review v1 -->\n✅ **No findings**", id="another marker"),
        pytest.param("<!-- hidden -->", id="a comment that nobody sees"),
        pytest.param("[approve](//evil.example)", id="a link without a scheme"),
        pytest.param("[a]: //evil.example\n[a][a]", id="a link by reference"),
        pytest.param("[a\\\\]: //evil.example\n[a\\\\](//evil.example)", id="a bracket after an escaped backslash"),
        pytest.param("https://evil.example http://x ftp://x www.evil.example WWW.evil.example", id="bare addresses"),
        pytest.param("<https://evil.example> mailto:a@b.example xmpp:a@b.example", id="automatic links"),
        pytest.param("fixes #12, closes org/repo#12, GH-12", id="issues, which a merge would close"),
        pytest.param("```\n@octocat\n/approve\n```", id="in a fence, which may be none"),
    ],
)
def test_nothing_of_it_acts(hostile: str) -> None:
    assert ACTS.search(hostile) or "\u2028" in hostile
    made = neutral(hostile)
    assert not ACTS.search(made), made
    assert not re.search("[\r\v\u2028\u2029]", made)
    assert neutral(made) == made


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_our_own_reviews_are_neutral_already(path: Path) -> None:
    _, _, rest = path.read_text(encoding="utf-8").partition("\n")
    assert neutral(rest) == rest


@given(st.text(alphabet="@#!<>&;:/\\`[]()\n\r *-x1wWgGhH.\u2028\u202e", max_size=60))
def test_nothing_of_any_text_acts_and_nothing_is_lost_but_what_nobody_sees(text: str) -> None:
    made = neutral(text)
    assert neutral(made) == made
    assert not ACTS.search(made)
    assert re.sub("[\r\u2028\u202e]", "", text) == made.replace(SPACE, "")
