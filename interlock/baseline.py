"""The baseline: findings about jobs that were there when the rules came, accepted until a day. A file a platform.

`interlock validate --baseline` writes it, and so does what takes over a platform that runs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from interlock.catalog import Accepted
from interlock.findings import Finding

BASELINE_FILE = "baseline.yaml"
"""In a platform's folder; it holds nothing else, since it is written as a whole."""
HEAD = """\
# Written by `interlock validate --baseline`: findings that were there before. Each is old, and fails nothing, up to its day.
# The command writes all of it anew: what is mended leaves, what stays keeps its days. What is meant to be has a waiver instead.
baseline:
"""
_PLAIN = re.compile(r"[a-z][a-z0-9_.-]*")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML 1.1 reads as something else: https://yaml.org/type/bool.html"""


def accept(findings: Iterable[Finding], *, since: date, until: date, owner: str) -> tuple[Accepted, ...]:
    """What accepts `findings` from a day up to and including another: one entry a rule and subject."""
    found = list(findings)
    counts, sources = Counter(map(identity, found)), {identity(finding): finding.source for finding in found}
    return tuple(
        Accepted(rule=rule, subject=subject, since=since, until=until, owner=owner, count=number, source=sources[rule, subject])
        for (rule, subject), number in counts.items()
    )


def identity(one: Finding | Accepted) -> tuple[str, str]:
    """By which a finding is known again: a message also says when and with which others, and that may change."""
    return one.rule, one.subject


def text_of(accepted: Iterable[Accepted]) -> str:
    """The file that holds `accepted`, a line each, by subject and rule."""
    lines = [_line(one) for one in sorted(accepted, key=lambda one: (one.subject, one.rule))]
    return "".join([HEAD, *lines]) if lines else ""


def _line(one: Accepted) -> str:
    written = {
        "rule": one.rule,
        "subject": one.subject,
        "count": str(one.count) if one.count > 1 else "",
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "owner": _quoted(one.owner),
        "reason": _quoted(one.reason) if one.reason else "",
    }
    return f"  - {{{', '.join(f'{key}: {value}' for key, value in written.items() if value)}}}\n"


def _quoted(text: str) -> str:
    """A text of one line as YAML has it; quotes of JSON are quotes of YAML."""
    is_plain = _PLAIN.fullmatch(text) and text not in _NO_TEXT
    return text if is_plain else json.dumps(text, ensure_ascii=False)
