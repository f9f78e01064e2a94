"""`interlock roles`: who needs which permissions, and what an owner of the project types to grant them."""

from __future__ import annotations

from typing import Literal

import click

from interlock.catalog import Json
from interlock.reading.files import load_environment
from interlock.roles import ACTORS, Actor
from interlock.terminal.common import env_option, environments_folder, print_json
from interlock.terminal.granting.gcloud import script
from interlock.terminal.granting.hcl import resources
from interlock.terminal.tables import Table, prose, say, say_lines

Style = Literal["table", "json", "gcloud", "terraform"]
BY_NAME = {actor.name: actor for actor in ACTORS}
BY_AN_OWNER = ("deployer", "deploy", "plan")
"""Whom nothing else grants anything, and who are needed everywhere."""


@click.command()
@env_option
@click.option(
    "--actor",
    "names",
    multiple=True,
    type=click.Choice([*BY_NAME]),
    help="Whose; may be given again.  [default: deployer, deploy, plan]",
)
@click.option("--member", default="", metavar="MEMBER", help="Who gets it, such as user:ana@your-domain; of one --actor.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "gcloud", "terraform"]),
    default="table",
    show_default=True,
    help="For people or programs, or to grant it with.",
)
def command(env_name: str, names: tuple[str, ...], member: str, style: Style) -> None:
    """Who needs which permissions, each with what needs it; as gcloud commands or Terraform, what grants them.

    No cloud is asked. Each account and person has custom roles of the project, with what is used and nothing else.
    """
    if member and len(names) != 1:
        raise click.UsageError("--member is for one --actor")
    if member and ":" not in member:
        raise click.UsageError(f"{member!r} is no member; write user:..., group:... or serviceAccount:...")
    actors = [BY_NAME[name] for name in names or BY_AN_OWNER]
    if style == "json":
        print_json([_as_json(actor) for actor in actors])
        return
    if style == "table":
        for actor in actors:
            _say(actor)
        return
    environment = load_environment(environments_folder(), env_name)
    if style == "gcloud":
        texts = script(actors, environment, member)
    else:
        texts = (text for actor in actors for text in resources(actor, environment, member))
    say_lines("\n\n".join(texts))


def _say(actor: Actor) -> None:
    say(f"{actor.name}: {actor.who}")
    table = Table("permission", prose("on"), prose("for"))
    for grant in actor.grants:
        for permission in grant.permissions:
            table.row(permission, _where(grant.place.value, grant.prefixes), grant.rights[permission])
    table.say()


def _where(place: str, prefixes: tuple[str, ...]) -> str:
    return f"{place}, {' and '.join(prefixes)}" if prefixes else place


def _as_json(actor: Actor) -> Json:
    return {
        "actor": actor.name,
        "who": actor.who,
        "granted_by": "the stacks" if actor.by_the_stacks else "an owner of the project",
        "grants": [
            {
                "role": grant.role.id,
                "on": grant.place.value,
                "prefixes": [*grant.prefixes],
                "permissions": dict(sorted(grant.rights.items())),
            }
            for grant in actor.grants
        ],
    }
