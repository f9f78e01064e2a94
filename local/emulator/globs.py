"""matchGlob of object lists, as a regular expression."""

from __future__ import annotations

import re

from local.emulator.model import ApiError


def glob_pattern(glob: str) -> re.Pattern[str]:
    """* and ? stop at /, ** doesn't, `**/` is any folders or none, [...] is a class, {a,b} a choice.

    https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
    """
    out, depth = "", 0
    for part in re.findall(r"(?<![^/{,])\*\*/|\*\*|\[[^\]]+\]|\\.|.", glob, re.DOTALL):
        if part in ("**/", "**", "*", "?"):
            out += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[part]
        elif part[0] == "[" and len(part) > 1:
            inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
            out += f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
        elif part == "{":
            out, depth = out + "(?:", depth + 1
        elif depth and part in ("}", ","):
            out, depth = (out + ")", depth - 1) if part == "}" else (out + "|", depth)
        else:
            out += re.escape(part[-1])
    try:
        return re.compile(out, re.DOTALL)
    except re.error:
        raise ApiError(400, f"Invalid matchGlob: {glob}") from None
