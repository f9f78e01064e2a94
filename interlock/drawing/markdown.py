"""Text of strangers in GitHub's Markdown: names, descriptions and reasons stay text, whatever is written in them."""

from __future__ import annotations

import re
import unicodedata

CUT = "..."
SPLIT = "&#8203;"
"""A space of no width, as an entity: GitHub looks for mentions and issues after it has rendered, where no backslash is left."""

_MARKUP = re.compile(r"([\\|<>\[\]`*_&~$])")
_REFERENCE = re.compile(r"(@|#|:(?=//)|www(?=\.))")
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Categories of characters that are no text: controls, marks that turn the direction of writing, halves of pairs, private."""


def escaped(text: str, limit: int | None = None) -> str:
    """`text` for a cell of a table, or inside a line: on one line, at most `limit` characters of it, and no markup.

    Mentions, issue numbers and bare addresses stay text too, so that a description can't call people to a pull request.
    """
    return _REFERENCE.sub(rf"\1{SPLIT}", _MARKUP.sub(r"\\\1", plain(text, limit)))


def code(text: str, limit: int | None = None) -> str:
    """`text` as code, in a cell too: backslashes have no meaning in it, but GitHub's tables want one before a column."""
    return f"`{plain(text, limit).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def plain(text: str, limit: int | None = None) -> str:
    """`text` on one line, at most `limit` characters of it, without characters that are no text."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    line = " ".join("".join(c for c in spaced if unicodedata.category(c) not in _UNPRINTED).split())
    return line if limit is None or len(line) <= limit else line[: max(0, limit - len(CUT))] + CUT
