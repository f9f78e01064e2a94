"""The words that people typed: `--for 2h` after `interlock`, `FOR=2h` after `make`, which says of itself that it asks."""

from __future__ import annotations

import os
import re

import click

ASKED_BY = "INTERLOCK_ASKED_BY"
_NAMES = (
    *("AT", "BASE", "BETWEEN", "DAY", "FOR", "FROM", "HEAD", "IN", "OUT", "OWNER", "PLAN", "REASON"),
    *("REGION", "SCOPE", "SERVICE", "SINCE", "SVG", "TABLE", "TO", "UNTIL", "YES_DELETE", "ZONE"),
)
VARIABLES = {f"--{name.lower().replace('_', '-')}": name for name in _NAMES}
"""The options that the Makefile has a variable for. Arguments are written as their variables are: SCOPE, JOB, ID, STACK."""
_OPTION = re.compile(r"(--[a-z-]+)( (?=\S*[\d/]))?")
"""An option in a sentence, and whether a value follows: a time, a scope."""


def asked_by_make() -> bool:
    """Whether the Makefile runs this command."""
    return os.environ.get(ASKED_BY) == "make"


def as_typed(message: str) -> str:
    """A message in the words that were typed."""
    return _OPTION.sub(_variable, message) if asked_by_make() else message


def _variable(found: re.Match[str]) -> str:
    name = VARIABLES.get(found[1])
    return found[0] if name is None else f"{name}=" if found[2] else name


def usage_error(error: click.UsageError) -> str:
    """What click, or a command, says of a mistake in what was typed, for who has typed it after `make`."""
    if not isinstance(error, click.BadParameter) or error.param is None:
        return as_typed(error.message)
    name = _typed_name(error.param)
    if isinstance(error, click.MissingParameter):
        return f"{name}= is missing; make help says how it is written"
    return f"{name}: {error.message}"


def _typed_name(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name.strip(".[]- ")
    return as_typed(parameter.opts[-1])
