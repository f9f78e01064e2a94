"""Text of strangers in Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.drawing.markdown import code, escaped
from interlock.names import plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("re|process `all` <b>", r"re\|process \`all\` \<b\>", id="columns, code and tags"),
        pytest.param("[click](http://x.invalid)", r"\[click\](http:&#8203;//x.invalid)", id="a link"),
        pytest.param("ask @ana, see #12", "ask @&#8203;ana, see #&#8203;12", id="a mention and an issue, which need no markup"),
        pytest.param("www.x.invalid", "www&#8203;.x.invalid", id="an address without a scheme"),
        pytest.param("GH-12 gh-3 GH-x", "GH&#8203;-12 gh&#8203;-3 GH-x", id="the number of an issue, as GitHub also writes it"),
        pytest.param("mailto:a@x.dev", "mailto&#8203;:a@&#8203;x.dev", id="mail"),
        pytest.param("XMPP:a@x.dev", "XMPP&#8203;:a@&#8203;x.dev", id="a chat"),
        pytest.param("*a* _b_ ~c~ $d$ &amp;", r"\*a\* \_b\_ \~c\~ \$d\$ \&amp;", id="emphasis, formulas and entities"),
        pytest.param("a\\", "a\\\\", id="a backslash at the end takes no column with it"),
        pytest.param(" a\r\n\tb\u2028c ", "a b c", id="on one line"),
        pytest.param("a\x00\x1b[31mb\u202ec\ud800", r"a\[31mbc", id="neither controls nor turned text nor half a pair"),
        pytest.param("off-season", "off-season", id="plain text"),
    ],
)
def test_a_cell_is_text(text: str, written: str) -> None:
    assert escaped(text) == written


def test_a_cell_is_cut_before_it_is_escaped() -> None:
    assert escaped("a|" * 50, limit=8) == r"a\|a\|a..."
    assert escaped("12345678", limit=8) == "12345678"


def test_code_has_no_backticks_and_no_bare_column() -> None:
    assert code("release `x` a_b|c") == r"`release 'x' a_b\|c`"


@given(st.text(max_size=30))
def test_no_text_leaves_its_cell(text: str) -> None:
    written = escaped(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<>`\[\]*_]", written)
    assert written.encode().decode().splitlines() in ([written], [])


@given(st.text(max_size=30))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)
