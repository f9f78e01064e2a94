"""Text of strangers in GitHub's Markdown: names, descriptions and reasons stay text, whatever is written in them."""

from __future__ import annotations

import re

from interlock.names import plain

SPLIT = "&#8203;"
"""A space of no width, as an entity: GitHub finds mentions and issues after it has rendered, where no backslash is left."""

_MARKUP = re.compile(r"([\\|<>\[\]`*_&~$])")
_REFERENCE = re.compile(r"(@|#|:(?=//)|www(?=\.)|(?i:mailto|xmpp)(?=:)|(?i:gh)(?=-[0-9]))")
"""https://github.github.com/gfm/#autolinks-extension-, and of `GH-12`
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls"""


def escaped(text: str, limit: int | None = None) -> str:
    """`text` for a cell of a table, or inside a line: on one line, at most `limit` characters of it, and no markup.

    Mentions, issue numbers and bare addresses stay text too, so that a description can't call people to a pull request.
    """
    return _REFERENCE.sub(rf"\1{SPLIT}", _MARKUP.sub(r"\\\1", plain(text, limit)))


def code(text: str, limit: int | None = None) -> str:
    """`text` as code, in a cell too: backslashes have no meaning in it, but GitHub's tables need one before a column."""
    return f"`{plain(text, limit).replace('`', chr(39)).replace('|', chr(92) + '|')}`"
