"""Another schedule for a job, written into the text of a file of the catalog: that one value, and `was` beside it at the
first move.

Every other byte stays. What is written once and used twice, by an alias or a merge, is refused: it would move others along.
What comes out is read again, and must say the same but for what was asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from interlock.cron import Cron

JOBS, SCHEDULE, WAS = "jobs", "schedule", "was"
BYTE_ORDER_MARK = "\ufeff"


Rewrite = Callable[[str], str]
"""Makes one schedule of another."""


class SpliceError(ValueError):
    """A schedule can't be written where it stands: why, and what to do, for people."""


@dataclass(frozen=True, kw_only=True)
class _Edit:
    """Text that goes to the place of other text."""

    start: int
    end: int
    text: str


def rescheduled(text: str, jobs: Mapping[str, Rewrite]) -> str:
    """The text of a file with other schedules for jobs. SpliceError for a job whose schedule is not its own."""
    mark = BYTE_ORDER_MARK * text.startswith(BYTE_ORDER_MARK)  # which the parser takes off before it counts
    return mark + _rescheduled(text[len(mark) :], jobs)


def _rescheduled(text: str, jobs: Mapping[str, Rewrite]) -> str:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)  # as the catalog is read, tabs before comments too
    uses = Counter(_ids(root))
    edits = [edit for job, rewrite in jobs.items() for edit in _edits(text, root, uses, job, rewrite)]
    new = text
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        new = new[: edit.start] + edit.text + new[edit.end :]
    if _values(new) != _expected(text, jobs):
        raise SpliceError(f"{', '.join(sorted(jobs))}: what would be written says something else; write it by hand")
    return new


def _ids(node: yaml.Node | None) -> Iterator[int]:
    """Each node as often as it is used, and what is in it as often as that."""
    if node is None:
        return
    yield id(node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _ids(key)
            yield from _ids(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _ids(value)


def _own(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and its value in a mapping itself, not in what is merged into it."""
    if isinstance(node, yaml.MappingNode):
        return next(((name, value) for name, value in node.value if getattr(name, "value", None) == key), None)
    return None


def _edits(text: str, root: yaml.Node | None, uses: Counter[int], job: str, rewrite: Rewrite) -> Iterator[_Edit]:
    jobs = _own(root, JOBS)
    entry = _own(jobs[1], job) if jobs else None
    found = _own(entry[1], SCHEDULE) if entry else None
    if entry is None or found is None:
        raise SpliceError(f"{job}: its schedule is not written in the entry itself; write it there, and run this again")
    key, value = found
    used = max(uses[id(entry[1])], uses[id(value)])
    if used > 1:
        raise SpliceError(f"{job}: its schedule is written once and used by {used} entries; give it one of its own first")
    start, end = value.start_mark.index, value.end_mark.index
    written = text[start:end]
    if not isinstance(value, yaml.ScalarNode) or "\n" in written or written[:1] in "&!|>":
        raise SpliceError(f"{job}: its schedule is no plain text on one line; write it so, and run this again")
    is_on_one_line = bool(getattr(entry[1], "flow_style", False))
    yield _Edit(start=start, end=end, text=_quoted(rewrite(value.value), written, is_on_one_line=is_on_one_line))
    if _own(entry[1], WAS) is None:
        yield _was(text, entry[1], key, end, written)


def _was(text: str, entry: yaml.Node, key: yaml.Node, end: int, written: str) -> _Edit:
    """`was` on a line of its own, or beside the schedule where the entry is on one."""
    if getattr(entry, "flow_style", False):
        return _Edit(start=end, end=end, text=f", {WAS}: {written}")
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    newline = "\r\n" if text[line_end - 1 : line_end] == "\r" else "\n"
    at = line_end - len(newline) + 1 if line_end < len(text) else line_end
    return _Edit(start=at, end=at, text=f"{newline}{' ' * key.start_mark.column}{WAS}: {written}")


def _quoted(value: str, like: str, *, is_on_one_line: bool) -> str:
    """As the other one is quoted; without quotes only what YAML takes for a text then: on one line a comma ends it."""
    if like[:1] in "\"'":
        return f"{like[0]}{value}{like[0]}"
    return f'"{value}"' if value.startswith("*") or (is_on_one_line and "," in value) else value


def _values(text: str) -> object:
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None


def _expected(text: str, jobs: Mapping[str, Rewrite]) -> object:
    """What the new text has to say."""
    found = _values(text)
    if isinstance(found, dict):
        for job, rewrite in jobs.items():
            entry = found[JOBS][job]
            entry.setdefault(WAS, entry[SCHEDULE])
            entry[SCHEDULE] = rewrite(entry[SCHEDULE])
            Cron.read(entry[SCHEDULE])
    return found
