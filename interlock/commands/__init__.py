"""The `interlock` command line, one file a command.

A command's module is imported only when the command runs, and imports Google's libraries only where it needs them: `--help`
and the commands that only read the catalog start fast.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from typing import Any

import click

from interlock.names import count, did_you_mean, printable
from interlock.terminal.tables import say

COMMANDS = {
    "adopt": "The jobs that run in a project as a catalog that says the same, and what it can't say.",
    "affected": "The jobs that a backfill or scope covers, each with the chain that makes it so.",
    "backfill": "Turn backfills on or off, now or at a time; `plan` says when, `run` does its command; `status`.",
    "board": "What is held, why, until when, and the day ahead, on one page of HTML.",
    "bootstrap": "Turn on the first APIs, and make the bucket for Terraform's state.",
    "deploy": "Synthesize once, then deploy the stacks in order.",
    "destroy": "Destroy the stacks, and what they leave.",
    "doctor": "What this machine and a project have of what Interlock needs, and what to type.",
    "extend": "Let a hold end later.",
    "fires": "When jobs fire, in their zone and UTC, with the days on which a clock changes marked.",
    "hold": "Keep the jobs of a scope from firing, until an end.",
    "holds": "What is held: by whom, why, until when, and how to end it.",
    "inventory": "Jobs, functions and Cloud Run services side by side, and which services no job leads to.",
    "plan": "What a deploy would do to each stack.",
    "release": "End a hold before its end.",
    "review": "What a change of the catalog means: before and after, most important first.",
    "risk": "Conflicts that the schedules are expected to bring, by pair, table and job.",
    "roles": "Who needs which permissions, as a table, gcloud commands or Terraform.",
    "show": "One job, resolved, and where each of its values comes from.",
    "stagger": "Other minutes for the jobs, so that fewer conflicts are expected, as a diff.",
    "status": "Declared against actual: state, schedule, what holds each job until when.",
    "synth": "Write the stacks as Terraform's JSON.",
    "timeline": "A day's fires, with windows, declared pauses and collisions marked.",
    "unlock": "Release the state lock that a killed deploy left.",
    "validate": "Check the catalog: everything wrong in it, with file and line.",
    "verify": "After a resume: whether the tables of the jobs that were held are written again.",
    "why": "One job: held by what until when, what comes next, and the runs that it misses.",
}
SUBCOMMANDS: dict[tuple[str, ...], str] = {
    ("backfill", "plan"): "backfill_plan",
    ("backfill", "run"): "backfill_run",
    ("backfill", "status"): "backfill_status",
}
"""What has a module, and options, of its own."""
ENV, LOCAL = "INTERLOCK_ENV", "local"
"""Not from interlock/environment.py, which takes longer to import than `--help` to say."""
SELDOM = 100_000
"""Objects more than there were when Python last looked for cycles; 700 unless somebody says."""
BAD_INPUT = 2
"""Exit code for a mistake in what people wrote or typed; 1 says that something is not as it should be."""
ON_A_CLOUD = frozenset({"backfill", "deploy", "extend", "hold", "holds", "release", "status", "why"})
"""Commands that act on the environment that is named, whatever else is said."""
DETAILED = {"plan": 1}
"""Commands whose 2 says that there are changes, as Terraform's -detailed-exitcode, and their code for a mistake."""


class _Commands(click.Group):
    """Knows the commands by name and help text, and imports the one that runs."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **others: Any) -> Any:  # click's own types
        if args is not None:
            return super().main(args, *more, **others)
        if acts_on_local_target(words := sys.argv[1:], os.environ):  # as people type it, in its own process
            from interlock.terminal.local_target import start_early

            start_early(words)
        # What a command makes lasts as long as it does: to look for cycles in it as often as Python would is in vain.
        gc.set_threshold(SELDOM)
        code: list[int] = []
        atexit.register(leave, code)  # the first to be registered is the last to be called
        try:
            return super().main(args, *more, **others)
        except SystemExit as ended:
            if ended.code is None or isinstance(ended.code, int):
                code.append(ended.code or 0)
            raise
        except OSError as error:
            _leave_unsaid(error)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"interlock.commands.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - each module defines one
        command.help = command.help or COMMANDS[cmd_name]
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if module := SUBCOMMANDS.get(tuple(args[:2])):
            command = import_module(f"interlock.commands.{module}").command
            return " ".join(args[:2]), command, args[2:]
        if args and args[0] not in COMMANDS:
            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        from interlock.gcp import CloudError
        from interlock.reading.files import from_here
        from interlock.reading.problems import SourceError
        from interlock.terminal.typed import as_typed, asked_by_make, usage_error
        from interlock.zones import ZoneDataError

        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if asked_by_make():
                say(f"Error: {usage_error(error)}", err=True)
            else:
                _as_text(error).show()
            ctx.exit(_bad_input(ctx))
        except SourceError as error:
            for problem in error.problems:
                at = from_here(problem.source, error.root) if error.root else problem.source
                say(str(replace(problem, source=at)), err=True)
            say(f"{count(len(error.problems), 'problem')}; nothing was done.", err=True)
            ctx.exit(_bad_input(ctx))
        except (CloudError, ZoneDataError) as error:
            say(f"Error: {as_typed(str(error))}", err=True)
            ctx.exit(_bad_input(ctx))


def leave(code: Sequence[int]) -> None:
    """Ends this process with the `code`, once its threads and all else have ended, without taking apart what it has in memory:
    that is a good part of a command's time, and nothing waits for it. Returns where there is no code, as after an error that
    nobody foresaw, and where nobody reads the output any more: Python then says what there is to say."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by who has started us
                stream.flush()
    except ValueError:
        return
    except OSError as error:
        _leave_unsaid(error)
        return
    for number in code:
        os._exit(number)


def _leave_unsaid(error: OSError) -> None:
    """Ends this process where what it says can't be written, as to a disk that is full. Returns for every other error."""
    if error.errno != errno.ENOSPC or error.filename is not None:
        return
    with suppress(OSError):
        os.write(2, f"Error: what this command says can't be written: {error.strerror}\n".encode())
    os._exit(1)


def acts_on_local_target(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a command line is sure to act on the local target, as far as can be seen before it is parsed."""
    if not words or words[0] not in ON_A_CLOUD or tuple(words[:2]) in SUBCOMMANDS or {"-h", "--help"} & {*words}:
        return False
    named = [after for word, after in pairwise([*words, ""]) if word == "--env"]
    named += [word.removeprefix("--env=") for word in words if word.startswith("--env=")]
    return {*named} <= {LOCAL} and (bool(named) or environ.get(ENV, LOCAL) in ("", LOCAL))


def _bad_input(ctx: click.Context) -> int:
    return DETAILED.get(ctx.invoked_subcommand or "", BAD_INPUT)


def _as_text(error: click.UsageError) -> click.UsageError:
    """The error with nothing in it but text, as click prints it."""
    said = error.format_message()
    shown = "\n".join(map(printable, said.split("\n")))
    return error if shown == said else click.UsageError(shown, error.ctx)


def _say_version(ctx: click.Context, param: click.Parameter, is_asked: bool) -> None:
    del param
    if not is_asked or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    from interlock.zones import ZoneDataError, release

    try:
        say(f"{ctx.info_name}, version {version('interlock')}, zone data {release()}")
    except ZoneDataError as error:
        say(f"Error: {error}", err=True)
        ctx.exit(BAD_INPUT)
    ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_say_version, help="Its, and its zone data's."
)
def main() -> None:
    """Schedules, maintenance windows and backfill mode as infrastructure state.

    Exit codes: 0 all is well, 1 something is not as it should be (drift, findings), 2 a mistake in the input.
    """
