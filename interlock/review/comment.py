"""A review as a comment on a pull request, in GitHub's Markdown. Pure; the same review gives the same bytes.

A comment has a size that GitHub refuses to exceed: sections lose their blocks from the end, in the order of CUT_FIRST, until
the rest fits, and a line near the top says what was cut and where the whole is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

from interlock.drawing.markdown import escaped
from interlock.names import count
from interlock.review.cost import CENTS_A_JOB
from interlock.review.diff import How
from interlock.review.markup import MAX_TEXT, Section
from interlock.review.review import Review
from interlock.review.sections import sections

MARKER = "<!-- interlock-review v1 -->"
"""The first line of every comment, by which CI finds its own and writes it anew."""
MAX_CHARACTERS = 65_536
"""Of a comment; GitHub answers a longer one with "body is too long (maximum is 65536 characters)"."""
CUT_FIRST = (
    "other changes",
    "waivers",
    "coverage",
    "collisions",
    "strips",
    "more notes",
    "jobs",
    "notes",
    "more findings",
    "findings",
)
"""The sections in the order in which they are cut, least important first."""
FOR_THE_CUT = 1_200
"""Characters kept for the line that says what was cut."""


def as_markdown(review: Review, *, base: str, head: str, whole: str, limit: int | None = MAX_CHARACTERS) -> str:
    """The comment. `base` and `head` say what was compared, `whole` where the whole is if it is cut to `limit` characters."""
    net = f" **Net**: {escaped(str(review.net), MAX_TEXT)}." if review.net else ""
    opening = f"{MARKER}\n{verdict(review)}{net}\n"
    compared = f"{escaped(base, MAX_TEXT)} compared with {escaped(head, MAX_TEXT)}"
    at = f"{review.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    closing = f"\n<sub>{compared}, as of {at}; {'with' if review.with_plan else 'without'} a plan. {_cost(review)}.</sub>\n"
    room = None if limit is None else limit - len(opening) - len(closing)
    return opening + _fitted(list(sections(review)), whole, room) + closing


def _fitted(found: Sequence[Section], whole: str, room: int | None) -> str:
    """The sections, cut until they and the line about the cut have at most `room` characters."""
    kept = {section.name: len(section.blocks) for section in found}
    size = sum(len(section.text(kept[section.name])) for section in found)
    if room is None or size <= room:
        return "".join(section.text(kept[section.name]) for section in found)
    for section in sorted(found, key=lambda section: CUT_FIRST.index(section.name)):
        while size > room - FOR_THE_CUT and kept[section.name]:
            kept[section.name] -= 1
            emptied = len(section.head) + len(section.foot) if not kept[section.name] else 0
            size -= len(section.blocks[kept[section.name]]) + emptied
    cut = [
        f"{section.name} ({kept[section.name]} of {len(section.blocks)} left)"
        for section in found
        if kept[section.name] < len(section.blocks)
    ]
    said = f"\n> **Cut to fit a comment:** {', '.join(cut)}. The whole: {escaped(whole, MAX_TEXT)}\n"
    return "".join([said, *(section.text(kept[section.name]) for section in found)])


def failure(problems: Mapping[str, Sequence[str]], read: Sequence[str]) -> str:
    """The comment when nothing can be said of the change: what is wrong on which side (base, head, plan), and what was read."""
    number = sum(map(len, problems.values()))
    lines = [MARKER, f"❌ **Could not be reviewed**: {count(number, 'problem')}. This is no approval.", ""]
    fine = [f"- {escaped(side, MAX_TEXT)} is fine" for side in read]
    room = MAX_CHARACTERS - FOR_THE_CUT - sum(len(line) + 1 for line in [*lines, *fine])
    shown = [
        f"- **{escaped(side, MAX_TEXT)}**: {escaped(one, 3 * MAX_TEXT)}" for side, found in problems.items() for one in found
    ]
    for index, line in enumerate(shown):
        room -= len(line) + 1
        if room < 0:
            lines.append(f"- and {len(shown) - index} more; run the same with --format terminal")
            break
        lines.append(line)
    return "\n".join([*lines, *fine]) + "\n"


def verdict(review: Review) -> str:
    """The one line that says whether to look closer."""
    changed = _what_changes(review)
    if review.findings:
        return f"⛔ **{count(len(review.findings), 'finding')}**; {changed}."
    return f"✅ **No findings**; {changed}."


def in_words(review: Review) -> str:
    """The same without any markup."""
    found = count(len(review.findings), "finding") if review.findings else "No findings"
    return f"{found}; {_what_changes(review)}"


def _what_changes(review: Review) -> str:
    """How many of what, for people."""
    numbers = {how: sum(1 for job in review.jobs if job.change.how is how) for how in How}
    said = [f"{count(number, 'job')} {how}" for how, number in numbers.items() if number]
    others = sum(map(len, review.changes.others.values()))
    said += [f"{count(others, 'other change')} of the catalog"] if others else []
    return ", ".join(said) or "nothing changes in what runs when"


def _cost(review: Review) -> str:
    """The bill, in a few words."""
    cents = review.cost.cents
    change = f"{'+' if cents > 0 else '-'}${abs(cents) / 100:.2f} a month" if cents else "No change of cost"
    return f"{change}: {count(review.cost.after, 'billed job')} at ${CENTS_A_JOB / 100:.2f}, Interlock's timers among them"
