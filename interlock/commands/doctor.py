"""`interlock doctor`: what this machine has of what Interlock needs, and what to install."""

from __future__ import annotations

import click

from interlock.catalog import Json
from interlock.environment import LOCAL
from interlock.reading.files import load_environment
from interlock.terminal import machine
from interlock.terminal.common import Format, env_option, environments_folder, format_option, print_json
from interlock.terminal.machine import Finding
from interlock.terminal.tables import folded, room, say, whole


@click.command()
@env_option
@format_option
@click.pass_context
def command(ctx: click.Context, env_name: str, style: Format) -> None:
    """Look for what Interlock needs here: tools and their versions, what `make setup` installed, room, a pseudo-terminal.

    No cloud is asked. Exit code 1: something is missing, without which Interlock does not work.
    """
    environment = load_environment(environments_folder(), env_name)
    findings = [*_tools(), *_installed(), *_around(), *([] if environment.name == LOCAL else [machine.credentials()])]
    if style == "json":
        print_json([_as_json(finding) for finding in findings])
    else:
        for label, text in machine.labelled(findings):
            *before, to_do = text.rpartition(": ")  # which ends with the command to run, or the page to open
            for line in folded("".join([*before, whole(to_do)]), room(), label, " " * (len(label) + 1)):
                say(line)
    ctx.exit(1 if any(finding.wrong for finding in findings) else 0)


def _tools() -> list[Finding]:
    return [machine.make(), machine.python(), machine.node(), machine.npm(), machine.terraform(), machine.gcloud()]


def _installed() -> list[Finding]:
    return [
        machine.locked(".venv", "run.stamp", "requirements/run.txt"),
        machine.locked("node_modules", ".stamp", "package-lock.json"),
    ]


def _around() -> list[Finding]:
    return [machine.pty(), machine.disk(), machine.terraform_settings()]


def _as_json(finding: Finding) -> Json:
    state = "wrong" if finding.wrong else "note" if finding.advice else "ok"
    return {"what": finding.what, "found": finding.found or None, "advice": finding.advice or None, "state": state}
