"""`interlock doctor`: what this machine and the project have of what Interlock needs, and what to type where it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from interlock.catalog import Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import GoogleProject
from interlock.names import count
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog, load_environment
from interlock.terminal import machine
from interlock.terminal.common import Format, Place, catalog_option, env_option, environments_folder, format_option, print_json
from interlock.terminal.doctor.checks import look_at
from interlock.terminal.doctor.rights import PEOPLE
from interlock.terminal.local_target import is_running
from interlock.terminal.machine import Finding
from interlock.terminal.tables import folded, room, say, whole

WIDTH = 18
"""Of the longest thing that is looked at."""
COMMAND = re.compile(r"(make|gcloud|bq|terraform|\.venv/bin/\w+) ")


@click.command()
@catalog_option
@env_option
@click.option(
    "--as",
    "actor",
    type=click.Choice([*PEOPLE]),
    default="deployer",
    show_default=True,
    help="The role whose permissions who asks should have.",
)
@format_option
@click.pass_context
def command(ctx: click.Context, root: Path, env_name: str, actor: str, style: Format) -> None:
    """Look for what Interlock needs: on this machine tools, their versions and room; in the project of --env credentials, APIs,
    permissions, buckets, channels and more. Nothing is changed, and it may be run at any time.

    The local target is looked at where it runs: `python -m local run -- .venv/bin/interlock doctor`. Exit code 1: something is
    missing, without which Interlock does not work.
    """
    environment = load_environment(environments_folder(), env_name, unfilled=True)
    findings = _shown([*_tools(), *_installed(), *_around()], style)
    findings += _shown(_project(environment, root, actor), style)
    wrong = sum(finding.wrong for finding in findings)
    if style == "json":
        print_json([_as_json(finding) for finding in findings])
    else:
        say()
        say(f"{count(wrong, 'thing')} to mend, from the top." if wrong else "Nothing that is needed is missing.")
    ctx.exit(1 if wrong else 0)


def _project(environment: Environment, root: Path, actor: str) -> Iterator[Finding]:
    """What is found in the project; nothing of a local target that does not run. One whose file has samples in it is not asked:
    it may be somebody else's."""
    if environment.name == LOCAL and not is_running():
        return
    if environment.unfilled:
        for line in environment.unfilled:
            found, _, advice = line.rpartition("; ")
            yield Finding("environment", found, advice)
        return
    Place(environment.name)
    yield Finding("environment", f"environments/{environment.name}.yaml is filled in")
    try:
        project = GoogleProject(environment.project)
    except CloudError:
        yield machine.credentials()._replace(note=False)
        return
    yield from look_at(environment, load_catalog(root), project, actor)


def _shown(findings: Iterable[Finding], style: Format) -> list[Finding]:
    """The findings, printed one by one for people."""
    kept = list[Finding]()
    for finding in findings:
        kept.append(finding)
        if style == "table":
            _say(finding)
    return kept


def _say(finding: Finding) -> None:
    """A finding; the command to run, or the page to open, with which it ends, stays whole."""
    label = f"{finding.what:<{WIDTH}} "
    *before, to_do = ((finding.found or "missing") + (f": {finding.advice}" if finding.advice else "")).rpartition(": ")
    last = whole(to_do) if COMMAND.match(to_do) or len(label) + len(to_do) < room() else to_do
    for line in folded("".join([*before, last]), room(), label, " " * (len(label) + 1)):
        say(line, style="red" if finding.wrong else "yellow" if finding.advice else None)


def _tools() -> list[Finding]:
    return [machine.make(), machine.python(), machine.node(), machine.npm(), machine.terraform(), machine.gcloud()]


def _installed() -> list[Finding]:
    return [
        machine.locked(".venv", "run.stamp", "requirements/run.txt"),
        machine.locked("node_modules", ".stamp", "package-lock.json"),
        machine.locked("imports", ".stamp", "cdktf.json"),
    ]


def _around() -> list[Finding]:
    return [machine.pty(), machine.disk(), machine.terraform_settings()]


def _as_json(finding: Finding) -> Json:
    state = "wrong" if finding.wrong else "note" if finding.advice else "ok"
    return {"what": finding.what, "found": finding.found or None, "advice": finding.advice or None, "state": state}
