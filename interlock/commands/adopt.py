"""`interlock adopt`: the jobs that run in a project, as a catalog that says the same, and a report of what it can't say."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath

import click
from click.core import ParameterSource

from interlock.actual import ActualJob
from interlock.adoption.adopting import EMPTY, Adoption, Asked, Files, adopt, is_named
from interlock.adoption.folder import NOBODY_KNOWN
from interlock.adoption.report import Looked, as_json, as_markdown, environment_text
from interlock.baseline import BASELINE_FILE, text_of
from interlock.catalog import Accepted
from interlock.findings import Finding
from interlock.gcp.adoption.live_jobs import LiveJobs
from interlock.names import NAME, NAME_RULE, REGION, count, did_you_mean
from interlock.reading.files import load_catalog
from interlock.reading.folder import catalog_of
from interlock.terminal.adopting import (
    contents_of,
    list_jobs,
    next_commands,
    say_next,
    say_nothing,
    say_trouble,
    say_written,
    write_folder,
)
from interlock.terminal.adopting_tables import MOST_DAYS, run_tables
from interlock.terminal.common import Place, catalog_option, checked_owner, env_option
from interlock.terminal.tables import say, say_folded, say_lines
from policies.baseline import may_be_old, renewal
from policies.from_catalog import judged

BASELINE_DAYS = timedelta(days=90)
"""For so long the findings of the day of an adoption are old."""
DAYS = 14
REPORT = "adoption"
ENVIRONMENT = "environment.txt"
"""No file of a catalog ends so: what is in it belongs into environments/."""
MAX_SHOWN = 100
"""Characters of what was typed."""


@click.command()
@click.option("--region", "regions", multiple=True, metavar="REGION", help="Only there. Default: everywhere.")
@click.option("--platform", metavar="NAME", help="What the folder is called. Default: the project.")
@click.option("--out", "out", type=click.Path(path_type=Path), metavar="FOLDER", help="Where it goes. Default: catalog/NAME.")
@click.option("--job", "only", multiple=True, metavar="NAME", help="Only this job: prints it, and writes it with --out.")
@click.option("--leave", multiple=True, metavar="NAME", help="A job that stays outside, under unmanaged.")
@click.option("--owner", help=f"Whose the jobs are. Default: {NOBODY_KNOWN}, for you to say.")
@click.option("--force", is_flag=True, help="Write anew what is there already.")
@click.option("--tables", is_flag=True, help="Ask BigQuery who touches which table, and propose processors instead.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help=f"With --tables: how far back. Default: {DAYS}.")
@catalog_option
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    regions: tuple[str, ...],
    platform: str | None,
    out: Path | None,
    only: tuple[str, ...],
    leave: tuple[str, ...],
    owner: str | None,
    force: bool,
    tables: bool,
    days: int | None,
    root: Path,
    env_name: str,
) -> None:
    """The jobs that run in a project as a catalog that says the same; reads only.

    Writes a folder of the catalog: jobs by service, a baseline of today's findings, and a report of what can't be said.
    Where the folder is there already, a file with what is new is added to it; --force writes all of it anew. A secret is
    never written: SECRET-WITHHELD stands for it.

    Exit code 1: a secret was found, or something could not be listed.
    """
    _check(regions, days_alone=days is not None and not tables)
    place = Place(env_name)
    environment = place.cloud
    folder = _folder(out, root, platform, environment.project)
    if out is not None:
        ctx.params["root"] = root = folder.parent
        ctx.set_parameter_source("root", ParameterSource.COMMANDLINE)  # for the commands that are printed
    if tables:
        now = datetime.now(UTC)
        for line in run_tables(environment, load_catalog(root), now, days or DAYS, folder, force=force, says=_says):
            say_folded(line)
        return
    asked = Asked(
        platform=folder.name,
        env=environment,
        today=_today(),
        owner=checked_owner(owner) or NOBODY_KNOWN,
        leave=frozenset(leave),
        only=frozenset(only),
    )
    existing = contents_of(root)
    others = {path: text for path, text in existing.items() if path.parts[0] != folder.name} if force else existing
    catalog = EMPTY if not others else catalog_of(root.name, others) if force else load_catalog(root)
    jobs, looked = list_jobs(LiveJobs(environment.project, _says), regions)
    _check_named(jobs, asked)
    found = adopt(jobs, others, catalog, asked)
    if only and out is None:
        _print_entries(found, asked, jobs)
    elif found.files:
        _write(found, asked, looked, folder, existing, anew=force)
    else:
        say_nothing(found, asked)
    say_trouble(found, looked)
    ctx.exit(1 if found.secrets or found.unseen or looked.problems else 0)


def _today() -> date:
    return datetime.now(UTC).date()


def _says(text: str) -> None:
    say(text, err=True)


def _check(regions: Sequence[str], *, days_alone: bool) -> None:
    if days_alone:
        raise click.UsageError("--days says how far back --tables looks; add --tables")
    for region in regions:
        if not re.fullmatch(REGION, region):
            raise click.UsageError(f"--region {region[:MAX_SHOWN]!a} is no region; write one like us-west2")


def _folder(out: Path | None, root: Path, platform: str | None, project: str) -> Path:
    """Where it goes."""
    folder = out or root / (platform or project)
    if platform and folder.name != platform:
        raise click.UsageError(f"--out {folder} is not called {platform}, as its platform is; leave --platform out")
    if not re.fullmatch(NAME, folder.name):
        raise click.UsageError(
            f"{folder.name!a} is no name for a platform; allowed: {NAME_RULE}; write another: --platform NAME"
        )
    return folder


def _check_named(jobs: Sequence[ActualJob], asked: Asked) -> None:
    """UsageError for a job that is named and not there."""
    names = sorted({name for job in jobs for name in (job.name, job.identity)})
    for name in sorted(asked.only | asked.leave):
        if not any(is_named(job.identity, frozenset({name})) for job in jobs):
            raise click.UsageError(f"project {asked.env.project} has no job {name[:MAX_SHOWN]!a}{did_you_mean(name, names)}")


def _print_entries(found: Adoption, asked: Asked, jobs: Sequence[ActualJob]) -> None:
    """What one would write, for people to copy."""
    for job in jobs:
        declared = found.catalog.by_identity.get(job.identity) or found.catalog.unmanaged.get(job.identity)
        if declared and is_named(job.identity, asked.only) and job.identity not in {one.live.identity for one in found.entries}:
            say_folded(f"{job.identity} is in the catalog already: {declared.source}")
    say_lines(found.text)
    if text := environment_text(asked.env, found.env):
        say(f"environments/{asked.env.name}.yaml has to say:", err=True)
        for line in text.splitlines():
            say(line, err=True)


def _write(found: Adoption, asked: Asked, looked: Looked, folder: Path, others: Files, *, anew: bool) -> None:
    """Writes the folder and says what is in it. `others` are the files of the catalog that are there."""
    accepted, refused = _baseline(found, asked)
    texts = {**found.files, **({BASELINE_FILE: text_of(accepted)} if accepted else {})}
    new = {PurePosixPath(asked.platform, name): text.encode() for name, text in texts.items()}
    catalog_of("catalog", {**others, **new})
    commands = next_commands(found, asked)
    name = REPORT if anew or not (folder / f"{REPORT}.md").exists() else f"{REPORT}-{asked.today}"
    texts[f"{name}.md"] = as_markdown(found, asked, looked, sum(one.count for one in accepted), commands)
    texts[f"{name}.json"] = json.dumps(as_json(found, asked, looked), indent=2, sort_keys=True) + "\n"
    if text := environment_text(asked.env, found.env):
        texts[ENVIRONMENT] = text
    write_folder(folder, texts)
    say_written(found, asked, folder, texts, accepted=sum(one.count for one in accepted))
    if refused:
        rules = ", ".join(sorted({one.rule for one in refused}))
        say_folded(f"{count(len(refused), 'finding')} that nothing makes old: {rules}; mend them, or waive them")
    say_next(commands)


def _baseline(found: Adoption, asked: Asked) -> tuple[tuple[Accepted, ...], list[Finding]]:
    """What accepts today's findings about the adopted jobs, and those findings that nothing may accept."""
    today = judged(found.catalog, asked.today, found.env)
    subjects = {f"jobs.{entry.key}" for entry in found.entries}
    new = [finding for finding in today.new if finding.subject in subjects]
    anew = renewal(found.catalog, [*today.old, *filter(may_be_old, new)], today=asked.today, until=asked.today + BASELINE_DAYS)
    return anew.entries.get(asked.platform, ()), [finding for finding in new if not may_be_old(finding)]
