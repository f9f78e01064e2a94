"""What a manual writes where people are to write something of their own: a project that waits for its name, a reserved host.

An environment that acts on a real project must have none left: mail to example.com reaches nobody, and an id that is a sample
may be somebody else's project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from interlock.reading.located import Document, Path, dotted
from interlock.reading.problems import Problem

RESERVED = re.compile(r"(.*\.)?(example\.(com|net|org)|example|test|invalid|localhost|local)")
"""Hosts that nobody can own, or that only the own network or machine has: RFC 2606, RFC 6761 and, of `local`, RFC 6762."""
NOWHERE = tuple(
    ip_network(block)
    for block in ("127.0.0.0/8", "0.0.0.0/32", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "::1/128", "2001:db8::/32")
)
"""This machine, and the addresses of manuals: RFC 5737 and RFC 3849."""
_HOST = re.compile(r"(?:@|://(?:[^/@\s]*@)?)(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)")
_WORDS = (
    r"your[-_][a-z][a-z_-]*"
    r"|my[-_](project|bucket|company|org|organization|domain)([-_](id|name))?(?![-_]?[0-9])"  # Google makes my-project-70881
    r"|(example|sample|dummy)[-_](project|bucket|company|org|domain|service|topic|team)"
    r"|(replace|change)[-_]?(me|this|it|with[a-z_-]*)|fill[-_]?(me|in)|(insert|edit)[-_]?(me|here)"
    r"|project[-_](id|number|name)|bucket[-_]name|(service[-_])?account[-_](name|email)"
    r"|interlock-local"  # of the stand-in: environments/local.yaml, copied
    r"|todo|fix[-_]?me|tbd|xxx+|placeholder|foo[-_]?bar"
)
_PLACEHOLDER = re.compile(rf"(?i)<[^<>]*>|\.\.\.|(?<![a-z0-9])({_WORDS})(?![a-z0-9])|(?-i:(?<![A-Z])REPLACE(?![A-Z]))")
_FIELD = re.compile(r"\{[a-z_]+\}")
"""Of a URL pattern, to be filled in by us."""
_NUMBER = re.compile(r"(?<![0-9])([0-9])\1{5,}(?![0-9])|(?<![0-9])12345678?9?0?(1?2?)?(?![0-9])")
"""Zeros, or the digits in their order, as Google's manuals write the number of a project: 123456789012."""


def samples(document: Document) -> Iterator[Problem]:
    """A problem for each text in a file that holds a sample, whatever key it stands under; the keys themselves are names."""
    for path, text in _texts(document.data, ()):
        if why := _why(text):
            yield Problem(source=document.at(path), message=f"{dotted(path)}: {why}")


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def _why(text: str) -> str:
    """What is a sample in a text, and what to do; empty when nothing is."""
    for found in _HOST.finditer(_FIELD.sub("x", text)):
        host = found[1].strip("[]").rstrip(".").lower()
        if RESERVED.fullmatch(host) or _is_nowhere(host):
            return f"{host} is a sample, and reserved, so that nothing answers there; write your own"
    sample = _PLACEHOLDER.search(_FIELD.sub("", text)) or _NUMBER.search(text)
    return f"{sample[0]} is a sample; write your own" if sample else ""


def _is_nowhere(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in NOWHERE if network.version == address.version)
