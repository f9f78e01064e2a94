"""What the commands share: options, the line that says where a command acts, and JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import click

from interlock.catalog import Catalog, Json
from interlock.gcp import CloudError
from interlock.names import MAX_TEXT, did_you_mean, unseen
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog, load_environment
from interlock.terminal.apart import apart
from interlock.terminal.local_target import is_running, run_with_local_target, where
from interlock.terminal.tables import say

if TYPE_CHECKING:
    from concurrent.futures import Future

    from interlock.environment import Environment

CATALOG = Path("catalog")
"""The root of the catalog where nobody says another."""

Format = Literal["table", "json"]
F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


def catalog_option(command: F) -> F:
    """--catalog, INTERLOCK_CATALOG."""
    return click.option(
        "--catalog",
        "root",
        envvar="INTERLOCK_CATALOG",
        default=CATALOG,
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


def paused_figures(*, held: int, declared: int, undecided: int = 0, unknown: int = 0) -> str:
    """Behind the number of paused jobs: its parts, which add up. What the catalog pauses is not counted as held, too."""
    parts = {"held": held, "by declaration": declared, "undecided": undecided, "by nothing that is known": unknown}
    how = ", ".join(f"{number} {part}" for part, number in parts.items() if number)
    return f" ({how})" if how else ""


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


def checked_owner(owner: str | None) -> str | None:
    """What --owner says, without spaces around it; a usage error for what is no name."""
    if owner is not None and not (owner.strip() and unseen(owner) is None and len(owner) <= MAX_TEXT):
        raise click.UsageError(f"--owner is no name; write one line of at most {MAX_TEXT} characters")
    return owner.strip() if owner else None


def known_backfills(catalog: Catalog, names: Iterable[str]) -> list[str]:
    """The backfills called `names`, sorted; a usage error for one that the catalog does not declare."""
    if unknown := sorted(set(names) - catalog.backfills.keys()):
        hints = "".join(did_you_mean(name, catalog.backfills) for name in unknown)
        known = ", ".join(catalog.backfills) or "none"
        raise click.UsageError(f"unknown backfill {', '.join(unknown)}{hints}; known: {known}")
    return sorted(set(names))


class Place:
    """Where a command acts, checked and said: on standard error, so that output can be piped."""

    def __init__(self, env_name: str) -> None:
        from interlock.environment import refuse_local_variables

        self._environment = load_environment(environments_folder(), env_name)
        if refusal := refuse_local_variables(self._environment, os.environ):
            raise CloudError(refusal)
        if not self._needs_start:
            self._say()

    @property
    def _needs_start(self) -> bool:
        return self._environment.name == LOCAL and not is_running()

    @cached_property
    def environment(self) -> Environment:
        """The environment, for a command that asks no cloud of it."""
        if self._needs_start:
            self._say()
        return self._environment

    @cached_property
    def cloud(self) -> Environment:
        """The environment, for a command that asks the cloud. The local one is started for it where it does not run."""
        return self.cloud_and(lambda: None)[0]

    def cloud_and(self, work: Callable[[], T]) -> tuple[Environment, T]:
        """The same, and what `work` returns or raises, which is done while the local target starts: what asks no cloud and says
        nothing."""
        from concurrent.futures import Future

        done: Future[T] = Future()
        if self._needs_start:
            run_with_local_target(sys.argv[1:], lambda: _into(done, work))
            self._say()
        return self._environment, done.result() if done.done() else work()

    def cloud_beside(self, work: Callable[[], T]) -> tuple[Environment, T]:
        """The same, for work that another process may do (`apart`): this one then loads Google's libraries at once."""
        environment, result = self.cloud_and(lambda: apart(work) if self._needs_start else work)
        return environment, result()

    def _say(self) -> None:
        line = self._environment.where
        say(where(line) if self._environment.name == LOCAL else line, err=True)


def _into(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)


def environments_folder() -> Path:
    """`environments/` beside the catalog's own repository: in the current folder."""
    return Path("environments")


def say_offline(root: Path, *, without: str = "") -> Catalog:
    """Loads the catalog for a command that asks no cloud, as `load_catalog`, and says so."""
    say(f"catalog in {root}; no cloud is asked", err=True)
    return load_catalog(root, without=without)


def print_json(value: Json) -> None:
    """The same bytes for the same value."""
    click.echo(json.dumps(value, indent=2, sort_keys=True))
