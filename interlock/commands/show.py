"""`interlock show`: one job as it will be deployed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from interlock.access import WRITES, Kind
from interlock.catalog import Catalog, Job, Json, RetryProfile, Target
from interlock.dates import rerun_command
from interlock.environment import Environment
from interlock.graph import Chain, chains, scopes
from interlock.names import did_you_mean
from interlock.reading.entries import WITHOUT_RETRY
from interlock.reading.files import load_catalog
from interlock.reading.resolve import BUILT_IN
from interlock.review.as_written import NOBODY, in_yaml
from interlock.seasons import Season
from interlock.secrets import own_url, redacted
from interlock.terminal.common import Format, Place, catalog_option, env_option, format_option, print_json
from interlock.terminal.tables import Table, arrows, folded, prose, room, say, say_command, say_folded
from interlock.terraform.attributes import go_duration
from interlock.timing.words import nobody_knows


@click.command()
@click.argument("name", metavar="JOB")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Also the command that runs it by hand for that day; for jobs whose body names a date like TODAY.",
)
@catalog_option
@env_option
@format_option
def command(name: str, day: datetime | None, root: Path, env_name: str, style: Format) -> None:
    """One job, resolved, and where each of its values comes from: its own line, its file's defaults, or built in."""
    place = Place(env_name)
    catalog = load_catalog(root)
    job = find_job(catalog, name)
    fields = resolved(job, place.environment)
    covered_by = sorted(scope for scope, jobs in scopes(catalog).items() if name in jobs)
    origins = _origins(job, fields, env_name)
    by_hand = rerun_command(job, place.environment, day.date()) if day else None
    if style == "json":
        leads_to = [str(chain) for chain in chains(catalog)[name]]
        said: dict[str, Json] = {
            "name": name,
            **fields,
            "unknown": job.schedule.unknown or None,
            "origins": {**origins},
            "scopes": [*covered_by],
            "leads_to": [*leads_to],
        }
        print_json({"jobs": [said | ({"by_hand": by_hand} if day else {})]})
        return
    say(name, style="bold")
    table = Table("field", prose("value"), prose("from"))
    for key, value in fields.items():
        if value not in (None, [], {}):
            table.row(key, _text(value), origins[key])
    table.say()
    if job.season is not None:
        say_folded(season_in_words(job, job.season))
        say()
    if not job.schedule.is_known:
        say_folded(f"Of its schedule {nobody_knows(job.schedule)}")
        say()
    _print_ways(chains(catalog)[name])
    say_folded(f"Holds of these scopes cover it: {', '.join(covered_by)}")
    if day:
        alone = " its service takes no body, so there is no command that names a day"
        say()
        say(f"By hand for {day:%Y-%m-%d}:{'' if by_hand else alone}")
        if by_hand:
            say_command(by_hand)


def season_in_words(job: Job, season: Season) -> str:
    """What its season does to a job."""
    if job.closed_by is None:
        return f"The months of its schedule are those of the season {season.name}"
    return f"It fires inside the season {season.name} only: outside of that it is held by {season.scope}"


def _print_ways(found: Sequence[Chain]) -> None:
    writes = [chain for chain in found if chain.access & WRITES]
    if writes:
        say("Writes:")
    for chain in writes:
        for line in folded(arrows(str(chain)), room(), "  "):
            say(line)
    if writes:
        say()
    if reads := sorted({chain.table for chain in found if Kind.READ in chain.access}):
        say_folded(f"Reads: {', '.join(reads)}")
        say()


def _origins(job: Job, fields: Iterable[str], env_name: str) -> dict[str, str]:
    """Where each field comes from; what is in the job's entry only by name comes from two places."""
    origins = {key: job.origins.get(key, BUILT_IN) for key in fields}
    retry = f"{origins['retry']} -> {job.retry.source}" if job.retry else origins["retry"]
    return origins | {"calls": f"environments/{env_name}.yaml", "retry": retry}


def find_job(catalog: Catalog, name: str) -> Job:
    """The job called `name`; a usage error with the nearest name when there is none."""
    if name in catalog.jobs:
        return catalog.jobs[name]
    raise click.UsageError(f"the catalog has no job {name!r}{did_you_mean(name, catalog.jobs)}")


def resolved(job: Job, environment: Environment) -> dict[str, Json]:
    """Every field of the job by its key in the catalog, plus the `url` or topic that it calls."""
    paused: Json = {"undecided": True, "review": job.undecided.review.isoformat()} if job.undecided else None
    if job.paused:
        paused = {"reason": job.paused.reason, "owner": job.paused.owner, "review": job.paused.review.isoformat()}
    return {
        "scheduler_name": job.scheduler_name if job.scheduler_name != job.name else None,
        "description": job.description,
        "owner": job.owner,
        "schedule": job.schedule.text,
        "was": job.was.text if job.was else None,
        "time_zone": job.time_zone,
        "season": job.season.name if job.season else None,
        "region": job.region,
        "target": _target(job.target),
        "calls": own_url(environment.call(job)),
        "deadline": _seconds(job.deadline),
        "retry": _retry(job.retry) if job.retry else WITHOUT_RETRY,
        "catch_up": job.catch_up,
        "recoverable": job.recoverable,
        "runs": [*job.runs],
        "pair_with": [*job.pair_with],
        "paused": paused,
    }


def _target(target: Target) -> dict[str, Json]:
    """What is said of it, by its keys; what is as anybody would expect is left out."""
    said: dict[str, Json] = {"service": target.service.name, "path": own_url(target.path), "body": redacted(target.body)}
    if target.method != "POST":
        said["method"] = target.method
    if target.headers:
        said["headers"] = redacted({**target.headers})
    if target.attributes:
        said["attributes"] = redacted({**target.attributes})
    if target.token != target.service.token:
        said["token"] = in_yaml(target.token) or NOBODY
    if target.content is not None and target.body is None and not target.as_json:
        said["bytes"] = len(target.content)
    return said


def _retry(retry: RetryProfile) -> dict[str, Json]:
    return {
        "profile": retry.name,
        "attempts": retry.attempts,
        "min_backoff": _seconds(retry.min_backoff),
        "max_backoff": _seconds(retry.max_backoff),
        "doublings": retry.doublings,
        "max_duration": _seconds(retry.max_duration),
    }


def _seconds(duration: timedelta | None) -> str | None:
    return None if duration is None else go_duration(duration)


def _text(value: Json) -> str:
    """A value as the catalog writes it; what is empty is left out."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inner(inner)}" for key, inner in value.items() if inner not in (None, ""))
    if isinstance(value, list):
        return ", ".join(_text(inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)


def _inner(value: Json) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else _text(value)
