"""The report: what was expected or assumed against what was seen, as Markdown that names neither project nor person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.check import Answer, Check, Status

TOPICS = {
    "questions": "Questions that only Google can answer",
    "contracts": "Contracts of the types that the stacks use",
    "stacks": "The stacks, deployed",
}
SEND = (
    "Please send this file to whoever keeps this repository, as an issue: what it says of a real project turns an assumption"
    " into a fact."
)
LEFT_OUT = (
    "Not asked: GitHub's federation, which wants a repository; a job that the system has DISABLED, which nobody can make; "
    "quotas, which a run of this size doesn't reach."
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What else a reader has to know: where it ran, with which versions, how long, and what was left to clean up."""

    target: str
    versions: Mapping[str, str]
    date: str
    seconds: float
    ended: str
    """Why it ended before all was asked, or nothing."""
    swept: Sequence[str]
    """What the clean-up found that the checks had not removed themselves."""
    stuck: Sequence[str] = ()
    """What could not be removed."""


def report(checks: Iterable[Check], answers: Mapping[str, Answer], facts: Facts) -> str:
    """All of it."""
    return "\n".join(_lines(list(checks), answers, facts)) + "\n"


def summary(checks: Sequence[Check], answers: Mapping[str, Answer]) -> str:
    """One line: how many of which status."""
    counts = Counter(_answer(check, answers).status for check in checks)
    parts = [f"{counts[status]} {status.value}" for status in Status if counts[status]]
    return f"{len(checks)} checks: {', '.join(parts)}"


def _lines(checks: list[Check], answers: Mapping[str, Answer], facts: Facts) -> Iterator[str]:
    yield "# Conformance"
    yield ""
    yield f"{summary(checks, answers)}."
    yield ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(facts.versions.items()))
    yield f"Target: {facts.target}. {versions}. {facts.date}, {facts.seconds:.0f} s."
    if facts.ended:
        yield f"Ended early: {facts.ended}."
    assumed = sum(check.assumed for check in checks)
    yield f"{assumed} of the expected answers are assumed: no document settles them, and nobody has seen them."
    for topic, title in TOPICS.items():
        chosen = [check for check in checks if check.topic == topic]
        if chosen:
            yield ""
            yield f"## {title}"
            yield from _table([_answer(check, answers) for check in chosen])
    yield ""
    yield "## Clean-up"
    yield ""
    yield f"Removed at the end: {', '.join(facts.swept) or 'nothing, as the checks had'}."
    if facts.stuck:
        yield f"NOT removed: {'; '.join(facts.stuck)}."
    yield ""
    yield LEFT_OUT
    yield ""
    yield SEND


def _table(answers: Sequence[Answer]) -> Iterator[str]:
    yield ""
    yield "| Question | Expected | Seen | | s |"
    yield "| --- | --- | --- | --- | --- |"
    for answer in answers:
        check = answer.check
        expected = f"ASSUMED: {check.expected}" if check.assumed else check.expected
        seen = "the same" if answer.is_good else answer.seen or "-"
        yield _row(check.question, expected, seen, answer.status.value, f"{answer.seconds:.0f}")
    yield ""
    for answer in answers:
        if answer.detail or answer.check.assumed:
            said = f" Seen: {answer.detail}" if answer.detail else ""
            yield f"- `{answer.check.key}`: {answer.check.source}.{said}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in cells)} |"


def _answer(check: Check, answers: Mapping[str, Answer]) -> Answer:
    return answers.get(check.key) or Answer(check=check, seen="", detail="it was not reached")
