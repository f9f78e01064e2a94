"""Commands as we print them: each runs as it is printed, from the root of the repository, where and on what the running one
acts."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from interlock.pasted import LOCAL, interlock_command, make_command
from interlock.terminal.common import CATALOG

ROOT_VARIABLE = "INTERLOCK_CATALOG"


def interlock(*words: str) -> str:
    """`interlock WORDS` for the environment and the catalog of the command that runs."""
    taken = _options(words[0])
    root = ("--catalog", str(_catalog())) if "root" in taken and _catalog() != CATALOG else ()
    return interlock_command(*words, *root, env=_environment() if "env_name" in taken else LOCAL)


def make(target: str, **variables: str) -> str:
    """`make TARGET` for the environment and the catalog of the command that runs."""
    root = {ROOT_VARIABLE: str(_catalog())} if _catalog() != CATALOG else {}
    return make_command(target, env=_environment(), **variables, **root)


def again(*more: str) -> str:
    """The command that runs, to be run again, with more options: before a `--`, after which there are none."""
    typed = sys.argv[1:]
    at = typed.index("--") if "--" in typed else len(typed)
    given = {word.partition("=")[0] for word in typed[:at]}
    root = ("--catalog", str(_catalog())) if _catalog() != CATALOG and "--catalog" not in given else ()
    where = ("--env", _environment()) if _environment() != LOCAL and "--env" not in given else ()
    return interlock_command(*typed[:at], *more, *root, *where, *typed[at:])


def _environment() -> str:
    context = _having("env_name")
    return str(context.params["env_name"]) if context else LOCAL


def _catalog() -> Path:
    """That of the command line. One of a variable is not repeated: whoever pastes the command has the variable."""
    context = _having("root")
    if context is None or context.get_parameter_source("root") is ParameterSource.ENVIRONMENT:
        return CATALOG
    return Path(str(context.params["root"]))


def _having(name: str) -> click.Context | None:
    """The command that runs, or the one that invoked it: whichever has that parameter."""
    context = click.get_current_context(silent=True)
    while context is not None and name not in context.params:
        context = context.parent
    return context


def _options(command: str) -> set[str]:
    """The parameters that `interlock COMMAND` has; all that matter here, where no command runs."""
    context = click.get_current_context(silent=True)
    group = context.find_root().command if context else None
    if context is None or not isinstance(group, click.Group) or (found := group.get_command(context, command)) is None:
        return {"env_name", "root"}
    return {str(parameter.name) for parameter in found.params}
