"""Makes Markdown with strangers' words fit to be posted as ours: it calls nobody, commands nothing, shows and links nothing.

Our renderers (`interlock/review/`, `tools/drift_report.py`) escape what they quote. This comes after them, at the door, and
trusts none of them. It can't tell code from text as GitHub does, so it does in both what harms neither: it puts a space of no
width behind what would begin something. Standard library only, as its callers hold a token that may write.
"""

from __future__ import annotations

import re

SPACE = "\u200b"
"""Of no width: it ends a mention, a reference, a tag, an address or a command, and people don't see it."""
TAGS = "details|details open|/details|summary|/summary|b|/b|sub|/sub|br"
"""All the HTML that our renderers write, without an attribute."""
ENTITIES = "amp|lt|gt|quot|#x27|#8203"
"""Those that our renderers write. Others spell what is looked for here in another way, `&commat;victim`."""

_ALLOWED = rf"\\[\\\[\]]|<(?:{TAGS})>|&(?:{ENTITIES});|[@#]&#8203;|&#64;&#8203;|:&#8203;//|www&#8203;\."
_BEGINS = re.compile(
    rf"(?P<allowed>{_ALLOWED})"
    r"|(?:<|&"
    r"|@"  # people and teams: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#mentioning-people-and-teams
    r"|\#(?=[0-9])|\bgh-(?=[0-9])"  # issues, which a merge may close
    r"|!(?=\[)|\](?=[(\[:])"  # images and links
    rf"|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):)(?!{SPACE})",  # https://github.github.com/gfm/#autolinks-extension-
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^([\s>*+-]*)(?=/)", re.MULTILINE)
"""A bot takes a line that begins with one for a command: `/approve`, `/merge`."""
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, other ends of a line, and what turns the direction of a text."""


def neutral(markdown: str) -> str:
    """The same to read, with nothing in it that acts. What is neutral already stays as it is."""
    text = _UNSEEN.sub("", markdown.replace("\r\n", "\n"))
    return _COMMAND.sub(rf"\1{SPACE}", _BEGINS.sub(_ended, text))


def _ended(found: re.Match[str]) -> str:
    return found[0] if found["allowed"] else f"{found[0]}{SPACE}"
