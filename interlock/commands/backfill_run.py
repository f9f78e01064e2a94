"""`interlock backfill run`: holds what a backfill needs still while a command runs, and gives it back when that is done."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import socket
import sys
from dataclasses import replace
from datetime import timedelta

import click

from interlock.gcp import CloudError
from interlock.holds import SLUG, format_instant
from interlock.names import did_you_mean
from interlock.pasted import LOCAL
from interlock.runtime.checking import checked_hold, running, runs_already
from interlock.runtime.events import JOB_RESUMED
from interlock.runtime.requests import HoldRequest, Rejected
from interlock.runtime.snapshot import Reader
from interlock.terminal.common import Place, env_option
from interlock.terminal.draining import wait_for_drain
from interlock.terminal.empty import even_if_empty_option, refuse_empty_hold
from interlock.terminal.ends import end_options, perhaps_typed_end
from interlock.terminal.keeping import LENGTH, Keeper
from interlock.terminal.operating import Foreseen, asking_options, confirm, own_name, print_effects, typed_text
from interlock.terminal.own_runs import (
    FAILED,
    ID_VARIABLE,
    RUNS,
    STOPPED,
    SUCCEEDED,
    WAITS,
    OwnRun,
    in_background,
    living,
    log_of,
)
from interlock.terminal.printed import again, interlock
from interlock.terminal.site import Site, see
from interlock.terminal.supervising import KILLED, Ended, Stopped, Supervisor
from interlock.terminal.tables import say, say_command, say_folded
from interlock.terminal.typed import asked_by_make
from interlock.timing.effect import effects

BACKFILL, UNTIL = "INTERLOCK_BACKFILL", "INTERLOCK_BACKFILL_UNTIL"
"""What the command finds in its environment: the name, and until when its hold is at first."""
REASON = "backfill run"
NOT_RUN = 1


@click.command("run")
@click.argument("name", metavar="NAME")
@click.argument("words", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@end_options
@click.option("--reason", default=REASON, show_default=True, help="Why; others read it.")
@click.option("--owner", help="Who answers for it. Default: you. [env: INTERLOCK_OWNER]")
@click.option("--detach", is_flag=True, help="In the background, with a log file, once it is held.")
@click.option("--past-end", is_flag=True, help="Let COMMAND go on where its hold ends or is released; else it is stopped then.")
@even_if_empty_option
@asking_options
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    words: tuple[str, ...],
    duration: str | None,
    until: str | None,
    reason: str,
    owner: str | None,
    detach: bool,
    past_end: bool,
    even_if_empty: bool,
    yes: bool,
    direct: bool,
    with_force: bool,
    env_name: str,
) -> None:
    """Run COMMAND as backfill NAME: hold what NAME needs still, wait until none of its jobs is under way, run COMMAND, and give
    everything back when it has ended well. Through the coordinator; no Terraform, and a deploy of somebody else keeps it.

    The end of the hold is kept ahead while COMMAND lives, by --for (4h unless it is said), and never beyond the longest hold.
    COMMAND finds NAME in INTERLOCK_BACKFILL and the first end in INTERLOCK_BACKFILL_UNTIL (RFC 3339, UTC).

    Exit code: COMMAND's, 128 and the signal where one ended it. When it fails the hold stays, until its end, and is alerted.
    SIGTERM and SIGINT are passed to COMMAND; it goes on when the terminal is closed. 1: COMMAND was not begun.
    """
    if not re.fullmatch(SLUG, name):
        raise click.UsageError("NAME= is missing" if not name and asked_by_make() else f"no backfill is called {name!a}")
    reason, owner = typed_text("reason", reason), typed_text("owner", owner or own_name())
    if detach:
        ctx.exit(_in_background(env_name, name, words, yes=yes))
    site = see(env_name, to_ask=not direct)
    id = os.environ.pop(ID_VARIABLE, None) or _new_id()
    length = _length(duration, until, site)
    keeper = Keeper(
        site=site,
        scope=f"backfill/{name}",
        id=id,
        length=length,
        where=f"{socket.gethostname()}, process {os.getpid()}",
        direct=direct,
    )
    foreseen = _checked(keeper, name, reason, owner, even_if_empty=even_if_empty)
    ends = site.say_end(site.now + length)
    confirm(site.environment, f"Hold {keeper.scope} until {ends} and longer, as {owner}, and run {words[0]}?", yes=yes)
    log = log_of(site.environment, name, id)
    own = OwnRun(backfill=name, id=id, pid=os.getpid(), began=format_instant(site.now), log=str(log))
    with Supervisor(log) as supervisor, living(own, site.environment) as own:
        run = _Run(keeper, supervisor, own.to(site.environment), words, past_end=past_end)
        ctx.exit(run.code(reason, owner, foreseen, with_force=with_force))


class _Run:
    """One run, from its hold to its end."""

    def __init__(self, keeper: Keeper, supervisor: Supervisor, own: OwnRun, words: tuple[str, ...], *, past_end: bool) -> None:
        self._keeper, self._supervisor, self._own = keeper, supervisor, own
        self._site, self._words, self._past_end = keeper.site, words, past_end

    def code(self, reason: str, owner: str, foreseen: Foreseen, *, with_force: bool) -> int:
        """Everything; the exit code."""
        keeper, supervisor = self._keeper, self._supervisor
        try:
            try:
                supervisor.may_stop()
                self._begin(reason, owner, foreseen, with_force=with_force)
            finally:
                supervisor.settle()
        except Stopped as stopped:
            say_folded(f"Stopped by {_named(stopped.number)} before the command began.", err=True)
            self._give_back(STOPPED)
            return stopped.code
        except Exception:
            self._give_back(STOPPED)
            raise
        if keeper.drained is False:
            self._give_back(STOPPED)
            return NOT_RUN
        environ = {**os.environ, BACKFILL: self._own.backfill, UNTIL: format_instant(keeper.end)}
        self._note(phase=RUNS)
        ended = supervisor.run(self._words, environ, tend=keeper.tend, looks_in=lambda: keeper.looks_in, goes_on=self._past_end)
        if ended.code == 0 and not supervisor.got and ended.why is None:
            say(f"{self._own.backfill}: the command has ended well.")
            self._give_back(SUCCEEDED, ended.code)
            return 0
        return self._failed(ended)

    def _begin(self, reason: str, owner: str, foreseen: Foreseen, *, with_force: bool) -> None:
        keeper, site = self._keeper, self._site
        keeper.begin(reason, owner, foreseen, with_force=with_force)
        say_folded(f"{keeper.scope} is held until {site.say_end(keeper.end)}, and longer while the command runs.")
        for earlier in keeper.others_that_failed():
            keeper.release(f"{keeper.id} goes on", {}, earlier.id)
        self._note(phase=WAITS)

        def tend() -> None:
            if (why := keeper.tend()) is not None:
                raise CloudError(f"{why}; the command was not begun")

        outside = replace(site.reader.outside, clock=lambda: keeper.now)
        covered = site.declaration.scopes[keeper.scope]
        keeper.drained = wait_for_drain(replace(site, reader=Reader(outside)), covered, tend)

    def _give_back(self, phase: str, code: int | None = None) -> None:
        """Ends the hold, where there is one."""
        keeper = self._keeper
        self._heed()
        self._note(phase=phase, code=code)
        if not keeper.is_asked:
            return
        covered = self._site.declaration.scopes[keeper.scope]
        resumes: Foreseen = {JOB_RESUMED: frozenset(covered)} if keeper.is_held else {}
        done = keeper.release("the backfill is done" if phase == SUCCEEDED else "its command was not begun", resumes)
        if not done and keeper.is_held:
            say_folded(f"The hold ends by itself at {self._site.say_end(keeper.end)}; to end it before:", err=True)
            say_command(keeper.ending, err=True)

    def _failed(self, ended: Ended) -> int:
        """Says how, keeps the hold, and what to type to go on and to end it."""
        keeper, got = self._keeper, self._supervisor.got
        self._heed()
        how = f"it was stopped, as {ended.why}" if ended.why else _how(ended, got)
        self._note(phase=FAILED, code=ended.code)
        told = keeper.fail(how)
        held = f"its jobs stay held until {self._site.say_end(keeper.end)}" if keeper.is_held else "nothing is held for it"
        said = "" if told or not keeper.is_held else "; no alert says so, as the coordinator could not be told"
        say_folded(f"{self._own.backfill} failed: {how}; {held}{said}.", err=True)
        say("To go on:", err=True)
        say_command(again(), err=True)
        if keeper.is_held:
            say("To end it:", err=True)
            say_command(keeper.ending, err=True)
        if ended.code == 0:
            return KILLED + (got[0] if got else signal.SIGTERM)
        return ended.code

    def _heed(self) -> None:
        """One more signal, and the coordinator is not asked again and again."""
        heard = len(self._supervisor.got)
        self._keeper.is_enough = lambda: len(self._supervisor.got) > heard

    def _note(self, **changes: object) -> None:
        self._own = self._own.to(self._site.environment, **changes)


def _checked(keeper: Keeper, name: str, reason: str, owner: str, *, even_if_empty: bool) -> Foreseen:
    """What the hold does, said before anybody is asked; refused here is what the coordinator would refuse."""
    site, scope = keeper.site, keeper.scope
    if scope not in site.declaration.scopes:
        known = sorted(one.partition("/")[2] for one in site.declaration.scopes if one.startswith("backfill/"))
        raise click.UsageError(f"nothing deployed knows the backfill {name}{did_you_mean(name, known)}")
    for other in running(site.holding.active, scope):
        raise CloudError(f"{runs_already(other)}; if that is gone, end it: {interlock('release', scope, other.id)}")
    asked = HoldRequest(scope=scope, until=keeper.length, reason=reason, owner=owner, id=keeper.id, run=keeper.where)
    try:
        _, end = checked_hold(asked, site.declaration, site.holding.active, site.objects.released, site.now)
    except Rejected as rejected:
        raise CloudError(str(rejected)) from None
    found = effects(site.declaration, site.declaration.scopes[scope], site.holding, end)
    refuse_empty_hold(scope, found, allowed=even_if_empty)
    return print_effects(site, found)


def _length(duration: str | None, until: str | None, site: Site) -> timedelta:
    end = perhaps_typed_end(duration, until, site.now)
    return LENGTH if end is None else end - site.now.replace(microsecond=0)


def _in_background(env_name: str, name: str, words: tuple[str, ...], *, yes: bool) -> int:
    """Starts this very command there; its exit code, 0 once its hold is there."""
    environment = Place(env_name).environment
    if environment.name != LOCAL:
        confirm(environment, f"Hold backfill/{name} and run {words[0]} in the background?", yes=yes)
    typed = sys.argv[1:]
    options = typed[: typed.index("--")] if "--" in typed else typed[: len(typed) - len(words)]
    given = [option for option in options if option != "--detach"]
    id = _new_id()
    code = in_background(environment, name, id, [*given, "--yes", "--", *words], os.environ)
    log = log_of(environment, name, id)
    if code is not None:
        say(log.read_text(errors="replace").rstrip("\n"), err=True)
        return code
    say_folded(f"backfill/{name} is held, and its command runs in the background. What it says:")
    say_command(f"tail -f {shlex.quote(str(log))}")
    say("How it is:")
    say_command(interlock("backfill", "status", name))
    return 0


def _new_id() -> str:
    return f"run-{secrets.token_hex(4)}"


def _how(ended: Ended, got: list[int]) -> str:
    if got:
        return f"it was stopped by {_named(got[0])}"
    return f"it was ended by {_named(ended.by)}" if ended.by else f"its exit code was {ended.code}"


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
