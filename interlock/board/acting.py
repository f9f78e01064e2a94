"""The commands that act on what a board shows, to be copied."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from interlock.holds import Hold
from interlock.pasted import interlock_command, make_command
from interlock.windows import has_objects


class Printed(Protocol):
    """`interlock WORDS` as it is to be pasted."""

    def __call__(self, *words: str) -> str: ...


class Made(Protocol):
    """`make TARGET` as it is to be pasted."""

    def __call__(self, target: str, **variables: str) -> str: ...


def ending(hold: Hold, *, interlock: Printed, make: Made) -> str:
    """The command that ends a hold before its time, or takes back one that is planned."""
    if hold.is_flag:
        return make("backfill-off", NAME=hold.scope.removeprefix("backfill/"))
    if not has_objects(hold.scope):
        return f"{make('deploy')}  # of other days under `seasons`, or of jobs without this `season`"
    return interlock("release", hold.scope, hold.id)


def ending_in(hold: Hold, environment: str) -> str:
    """The same for an environment that is named."""
    return ending(hold, interlock=partial(interlock_command, env=environment), make=partial(make_command, env=environment))


def asking(job: str, environment: str) -> str:
    """The command that says more of a job."""
    return interlock_command("why", job, env=environment)


def holding(job: str, environment: str) -> str:
    """The command that holds it, for two hours unless somebody writes something else."""
    return interlock_command("hold", f"job/{job}", "--for", "2h", "--reason", "...", env=environment)
