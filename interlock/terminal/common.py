"""What the commands share: options, the line that says where a command acts, and JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import click

from interlock.catalog import Catalog, Json
from interlock.environment import LOCAL, Environment, refuse_local_variables
from interlock.gcp import CloudError, local_url
from interlock.holds import Hold, format_instant
from interlock.reading.files import load_catalog, load_environment
from interlock.terminal.tables import say

Format = Literal["table", "json"]
F = TypeVar("F", bound=Callable[..., object])


def catalog_option(command: F) -> F:
    """--catalog, INTERLOCK_CATALOG."""
    return click.option(
        "--catalog",
        "root",
        envvar="INTERLOCK_CATALOG",
        default="catalog",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Folder of the catalog, one folder a platform in it. [env: INTERLOCK_CATALOG]",
    )(command)


def env_option(command: F) -> F:
    """--env, INTERLOCK_ENV."""
    return click.option(
        "--env",
        "env_name",
        envvar="INTERLOCK_ENV",
        default=LOCAL,
        show_default=True,
        help="Environment, a file of environments/. [env: INTERLOCK_ENV]",
    )(command)


def format_option(command: F) -> F:
    """--format table|json."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="For people or programs.",
    )(command)


class Place:
    """Where a command acts, checked and said: on standard error, so that output can be piped."""

    def __init__(self, env_name: str) -> None:
        self.environment = load_environment(environments_folder(), env_name)
        if refusal := refuse_local_variables(self.environment, os.environ):
            raise CloudError(refusal)
        say(self.environment.where, err=True)

    @cached_property
    def cloud(self) -> Environment:
        """The environment, for a command that asks the cloud: the local one must be running."""
        if self.environment.name == LOCAL and local_url() is None:
            words = " ".join(["interlock", *sys.argv[1:]])
            raise CloudError(f"the local target is not running; run: python -m local run -- {words}")
        return self.environment


def environments_folder() -> Path:
    """`environments/` beside the catalog's own repository: in the current folder."""
    return Path("environments")


def say_offline(root: Path) -> Catalog:
    """Loads the catalog for a command that asks no cloud, and says so."""
    say(f"catalog in {root}; no cloud is asked", err=True)
    return load_catalog(root)


def print_json(value: Json) -> None:
    """The same bytes for the same value."""
    click.echo(json.dumps(value, indent=2, sort_keys=True))


def hold_json(hold: Hold) -> dict[str, Json]:
    """A hold for programs. The opening of a window that has no object yet has an empty `object`."""
    return {
        "scope": hold.scope,
        "id": hold.id,
        "until": format_instant(hold.end),
        "reason": hold.reason,
        "owner": hold.owner,
        "object": hold.object_name,
    }
