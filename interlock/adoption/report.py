"""What came of an adoption, for people and for programs. Pure; nothing in it is a value of a job that nobody may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interlock.adoption.adopting import Adoption, Asked
from interlock.adoption.entries import PAUSED, Entry, is_known
from interlock.adoption.folder import Outside
from interlock.adoption.yaml_text import lines
from interlock.catalog import Catalog, Json
from interlock.cron import Cron, CronError
from interlock.environment import Environment
from interlock.names import count, plain

_OWN = frozenset({"name", "description", "region"})
"""What two jobs may differ in that do the same at the same time."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Where was looked, and what could not be listed."""

    regions: Sequence[str]
    problems: Sequence[str]


def environment_text(before: Environment, after: Environment) -> str:
    """What the environment's file has to say for the adopted jobs to be as they are: whole sections; empty for nothing new."""
    said: list[str] = []
    if after.invoker != before.invoker:
        said += lines("invoker", after.invoker)
    for section, old, new in (
        ("accounts", before.accounts, after.accounts),
        ("service_urls", before.service_urls, after.service_urls),
    ):
        if dict(old) != dict(new):
            said.append(f"{section}:")
            for name, value in sorted(new.items()):
                said += lines(name, value, 1)
    return "".join(f"{line}\n" for line in said)


def duplicates(entries: Iterable[Entry]) -> list[list[str]]:
    """Jobs that call the same with the same at the same times, by identity."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        same = {name: value for name, value in entry.live.attributes.items() if name not in _OWN}
        groups.setdefault(json.dumps(same, sort_keys=True), []).append(entry.live.identity)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def without_tables(entries: Iterable[Entry], catalog: Catalog) -> list[str]:
    """The adopted jobs of which no table is known, by key."""
    services = {processor.service for processor in catalog.processors.values() if processor.tables}
    return sorted(entry.key for entry in entries if entry.draft.name not in services)


def english(entries: Iterable[Entry]) -> tuple[list[str], list[str]]:
    """The jobs whose schedule is not in five fields and known all the same, and those of which nobody knows when they fire."""
    known, unknown = list[str](), list[str]()
    for entry in entries:
        schedule = str(entry.live.attributes["schedule"])
        if not is_known(schedule):
            unknown.append(entry.key)
        elif not _is_unix(schedule):
            known.append(entry.key)
    return sorted(known), sorted(unknown)


def _is_unix(schedule: str) -> bool:
    try:
        Cron.parse(schedule)
    except CronError:
        return False
    return True


def as_json(found: Adoption, asked: Asked, looked: Looked) -> Json:
    """The report for programs."""
    known, unknown = english(found.entries)
    return {
        "platform": asked.platform,
        "project": asked.env.project,
        "date": asked.today.isoformat(),
        "regions": [*looked.regions],
        "problems": [*looked.problems],
        "adopted": [
            {
                "job": entry.key,
                "name": entry.live.name,
                "region": entry.live.region,
                "service": entry.draft.key,
                "file": _file(found, entry),
                "undecided": entry.live.state == PAUSED,
            }
            for entry in found.entries
        ],
        "cant_say": [_outside(one) for one in found.outside],
        "left": [_outside(one) for one in found.left],
        "unseen": [*found.unseen],
        "secrets": [
            {"job": identity, "where": where, "key": key}
            for identity, places in sorted(found.secrets.items())
            for where, key in places
        ],
        "duplicates": [list[Json](group) for group in duplicates(found.entries)],
        "without_tables": [*without_tables(found.entries, found.catalog)],
        "schedules_not_unix": [*known],
        "schedules_unknown": [*unknown],
        "known_before": found.known,
        "own_timers": found.own,
    }


def _outside(one: Outside) -> Json:
    return {"job": one.identity, "why": one.reason}


def _file(found: Adoption, entry: Entry) -> str:
    return found.catalog.jobs[entry.key].source.file.rpartition("/")[2]


def as_markdown(found: Adoption, asked: Asked, looked: Looked, accepted: int, commands: Sequence[tuple[str, str]]) -> str:
    """The report for people. `accepted` is how many findings the baseline has; `commands` what comes next, and why."""
    parts = [
        [f"# {plain(asked.platform)}, adopted on {asked.today}"],
        [*_sum(found, asked, looked, accepted)],
        *(_section(title, text, items) for title, text, items in _sections(found, looked) if items),
        *([["## Environment", "", *_environment(asked.env, found.env)]] if environment_text(asked.env, found.env) else []),
        ["## Next", "", *(line for why, command in commands for line in (f"* {why}:", "", f"      {command}", ""))],
    ]
    return "\n\n".join("\n".join(part).rstrip() for part in parts) + "\n"


def _sum(found: Adoption, asked: Asked, looked: Looked, accepted: int) -> Iterator[str]:
    total = len(found.entries) + len(found.outside) + len(found.left) + len(found.unseen) + found.known + found.own
    yield f"{count(total, 'job')} of project {asked.env.project} in {count(len(looked.regions), 'location')}:"
    yield ""
    paused = sum(entry.live.state == PAUSED for entry in found.entries)
    for number, what in (
        (len(found.entries), f"adopted, {paused} of them undecided: they were found paused" if paused else "adopted"),
        (len(found.outside), "outside of the catalog, which can't say them"),
        (len(found.left), "outside, as you asked"),
        (len(found.unseen), "not to be seen"),
        (found.known, "in the catalog before"),
        (found.own, "Interlock's own"),
    ):
        if number:
            yield f"* {number} {what}"
    if accepted:
        yield f"\n{count(accepted, 'finding')} of today accepted in baseline.yaml, until they end there."


def _sections(found: Adoption, looked: Looked) -> Iterator[tuple[str, str, list[str]]]:
    known, unknown = english(found.entries)
    tables = without_tables(found.entries, found.catalog)
    yield "Not listed", "Jobs may be there that this report does not know:", [*looked.problems]
    yield (
        "Secrets",
        "Their values are in no file of these. SECRET-WITHHELD stands where each is, and a deploy would send that: let the"
        " service read it from Secret Manager, or leave the job outside (`--leave NAME`).",
        [f"{job}: {', '.join(f'{where} {key}' for where, key in places)}" for job, places in sorted(found.secrets.items())],
    )
    yield "What the catalog can't say", "They are in unmanaged: nobody holds them.", _because(found.outside)
    yield "Left outside", "As you asked.", _because(found.left)
    yield (
        "Not to be seen",
        "It takes cloudscheduler.jobs.fullView to see what they call, and then `adopt` again.",
        [*found.unseen],
    )
    yield (
        "Undecided",
        "They were found paused. Each stays as it is until you decide.",
        [entry.key for entry in found.entries if entry.live.state == PAUSED],
    )
    yield (
        "Duplicates",
        "These call the same with the same at the same times.",
        [" = ".join(group) for group in duplicates(found.entries)],
    )
    yield "Schedules that are not unix-cron", "When they fire is known all the same.", known
    yield (
        "Schedules that nobody knows",
        "They count from the end of the last run, so `fires` and stagger leave them out.",
        unknown,
    )
    of_all = len(tables) == len(found.entries)
    yield (
        "Tables",
        "No table is known of "
        + ("any of these jobs" if of_all else "these jobs")
        + ", so a backfill holds none of them: propose some with `interlock adopt --tables`.",
        [f"all {count(len(tables), 'job')}"] if of_all and tables else tables,
    )


def _section(title: str, text: str, items: Sequence[str]) -> list[str]:
    return [f"## {title}", "", text, "", *(f"* {plain(item)}" for item in items)]


def _because(outside: Sequence[Outside]) -> list[str]:
    return [f"{one.identity}: {one.reason}" for one in outside]


def _environment(before: Environment, after: Environment) -> list[str]:
    text = environment_text(before, after)
    return [
        f"environments/{before.name}.yaml has to say, in the place of these sections:",
        "",
        "```yaml",
        *text.splitlines(),
        "```",
    ]
