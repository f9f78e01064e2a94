"""Values that cdktf would take for tokens of its own, and put something else in their place, or end with a stack trace.

While a stack is built, cdktf writes what is not known yet as a text or a number of a certain form. It looks for these in all
that it is given, whoever has written it, and no escape keeps it from that: cdktf 0.21.0, lib/tokens/private/encoding.js and
resolve.js.
"""

from __future__ import annotations

import re
import struct

MARK = "TfToken["
"""Of texts, `${TfToken[..]}`, of lists, `#{TfToken[..]}`, and of maps, `&{TfToken[..]}`."""
OF_MAPS = frozenset({"String Map Token Value", "Any Map Token Value"})
"""A whole text, lib/tokens/token.js."""
NUMBERS = frozenset({0xFDFF, 0xFBFF})
"""The top 16 bits of numbers that stand for a number, from -8.11e+298 to -8.37e+298, and for a list of them, from -1.89e+289 to
-1.95e+289."""
_NUMBER = re.compile(r"[-|0-9.+]+e[-|0-9.eE+]+")
"""A number in a text, as cdktf finds it."""
_BEGINS = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""What JavaScript's parseFloat reads of one."""
RULE = "which cdktf takes for a token of its own; write it otherwise"


def taken_for_token(value: object) -> str | None:
    """What in a value cdktf takes for a token, for people; None when nothing is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return f"{value:g}" if _is_token(value) else None
    if "Token" in value:
        if MARK in value:
            return MARK
        if value.strip() in OF_MAPS:
            return value.strip()
    for found in _NUMBER.finditer(value):
        begins = _BEGINS.match(found[0])
        if begins is not None and _is_token(float(begins[0])):
            return begins[0]
    return None


def _is_token(number: float) -> bool:
    try:
        bits: int = struct.unpack(">Q", struct.pack(">d", number))[0]
    except (OverflowError, struct.error):
        return False
    return bits >> 48 in NUMBERS
