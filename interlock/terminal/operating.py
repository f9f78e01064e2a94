"""What the commands about runtime holds share: looking at what is held, showing an effect, asking, and saying what was done."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import click

from interlock.catalog import Json
from interlock.declaration import DeclaredJob
from interlock.environment import Environment
from interlock.gcp import CloudError, local_url
from interlock.gcp.clock import check_clock
from interlock.gcp.coordinator import RequestRefused, ask, caller_of_stand_in
from interlock.gcp.project import GoogleProject
from interlock.holds import Hold
from interlock.names import count, plain
from interlock.pasted import LOCAL
from interlock.runtime.callers import Caller, Part
from interlock.runtime.callers_of import callers
from interlock.runtime.events import JOB_PAUSED, JOB_RESUMED, RECONCILED, RUN_CAUGHT_UP
from interlock.runtime.operations import serve
from interlock.runtime.outside import PATIENCE
from interlock.runtime.requests import Rejected, by_declaration, checked_text, request_of
from interlock.terminal.printed import interlock, make
from interlock.terminal.site import Site, asking
from interlock.terminal.tables import grouped, say, say_folded, say_names
from interlock.timing.effect import Effect, made_up_for
from interlock.windows import has_objects

F = TypeVar("F", bound=Callable[..., object])
TOGETHER = {JOB_PAUSED: "paused", JOB_RESUMED: "resumed", RUN_CAUGHT_UP: "caught up"}
"""Events that many jobs share, as people read them."""
SHOWN_ALIKE = 3
"""Lines about one kind of event; after a long hold every job may have one."""
MOST_LINES, FEW_NAMES = 6, 4
"""Lines of names of jobs that a hold does the same to, of which one of everything has hundreds; and names in a sentence."""
Foreseen = Mapping[str, frozenset[str]]
"""The jobs that a request will pause or resume, by event, as they were named before it."""
NONE_FORESEEN: Foreseen = {}
MAX_REMARK = 1_000
"""Characters of what the coordinator says of one thing, a reason and an owner among them."""


def asking_options(command: F) -> F:
    """--yes, --direct, --force."""
    command = click.option(
        "with_force", "--force", is_flag=True, help="Though it is `all`, somebody else's or the breaker's; it is alerted."
    )(command)
    command = click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")(command)
    return click.option("--direct", is_flag=True, help="Without the coordinator: do here what it would do.")(command)


def own_name() -> str:
    """Who types: INTERLOCK_OWNER, else the name of the login."""
    try:
        return os.environ.get("INTERLOCK_OWNER") or getpass.getuser()
    except (OSError, KeyError):
        return ""


def typed_text(key: str, text: str) -> str:
    """A reason or an owner as the coordinator takes it; what it would refuse is said before anything is shown or asked."""
    try:
        return checked_text(key, text)
    except Rejected as rejected:
        raise CloudError(str(rejected)) from None


def the_hold(site: Site, scope: str, id: str | None, *, ahead: bool = False) -> Hold:
    """The one runtime hold that is meant, `ahead` also of those that are planned; a usage error that says which there are."""
    known = [*site.runtime_holds, *(site.holding.ahead if ahead else ())]
    found = [hold for hold in known if hold.scope == scope and id in (None, hold.id)]
    if len(found) == 1 or (found and id is not None):  # of two people who took one id at once each means their own
        return found[0]
    if found:
        raise click.UsageError(f"{scope} has {len(found)} holds; name one: {', '.join(hold.id for hold in found)}")
    if not has_objects(scope):
        raise click.UsageError(str(by_declaration(scope)))
    flagged = any(hold.scope == scope for hold in site.holding.active)
    if flagged and id is None:
        name = scope.partition("/")[2]
        raise click.UsageError(
            f"{scope} is on by its flag, which Terraform writes; to end it: {make('backfill-off', NAME=name)};"
            f" to extend it: {make('backfill-on', NAME=name, FOR='2h')}"
        )
    others = sorted({f"{hold.scope} {hold.id}" for hold in known})
    raise click.UsageError(
        f"no hold of {scope}{f' called {id}' if id else ''} is active; active: {', '.join(others) or 'none'}"
    )


def print_effects(site: Site, found: Sequence[Effect]) -> Foreseen:
    """What a hold does: what is lost for good first, then the other jobs that change, then how many there are. Returns the jobs
    that will pause."""
    changing = [effect for effect in found if not effect.job.paused]

    def alike(effect: Effect) -> tuple[str, str]:
        """The end of what holds it already, and what becomes of its runs."""
        held = f"until {site.say_end(effect.held_until)}" if effect.held_until else ""
        return held, made_up_for(effect.job, effect.missed)

    for (held, made_up), effects in grouped(changing, alike).items():
        number = len(effects)
        what = f"{'is' if number == 1 else 'are'} held already, {held}" if held else "will pause"
        lost = bool(made_up) and not effects[0].job.recoverable
        say_folded(
            f"{count(number, 'job')} {what}; {after(effects[0].job, effects[0].missed, number)}:", style="red" if lost else None
        )
        say_names((_with_runs(effect) if effect.missed else effect.job.name for effect in effects), MOST_LINES)
    pausing = frozenset(effect.job.name for effect in changing if effect.held_until is None)
    declared = len(found) - len(changing)
    unknown = sum(1 for effect in changing if not effect.job.schedule.is_known)
    more = f", and those of {count(unknown, 'job')} that nobody can count" if unknown else ""
    say_folded(
        f"{count(len(pausing), 'job')} will pause, {len(changing) - len(pausing)} held already, {declared} paused by "
        f"declaration; {count(sum(effect.missed for effect in found), 'run')} will be missed{more}"
    )
    return {JOB_PAUSED: pausing}


def after(job: DeclaredJob, missed: int, number: int) -> str:
    """What becomes of the runs that `job` misses, one of `number` jobs that are alike."""
    return made_up_for(job, missed, several=number > 1) or "no run is missed"


def _with_runs(effect: Effect) -> str:
    return f"{effect.job.name} ({count(effect.missed, 'run')})"


def confirm(environment: Environment, question: str, *, yes: bool) -> None:
    """Asks, unless told not to; the local target never asks."""
    if not yes and environment.name != LOCAL:
        click.confirm(question, abort=True)


def request(
    site: Site, content: dict[str, Json], foreseen: Foreseen = NONE_FORESEEN, *, direct: bool, with_force: bool
) -> bool:
    """Sends a request to the coordinator, or serves it here, and says what came of it. True when all is done."""
    content |= {"with_force": True} if with_force else {}
    report, ok = carried_out(site, content, direct=direct)
    return print_report(report, foreseen, ok=ok)


def carried_out(
    site: Site, content: Mapping[str, Json], *, direct: bool, patience: timedelta = PATIENCE
) -> tuple[Mapping[str, Json], bool]:
    """The report of a request, sent to the coordinator or served here, with that patience, and whether all is done."""
    if not direct:
        answer = ask(site.environment, content)
        return answer.report, answer.ok
    check_clock()
    try:
        with asking(site.environment):
            report = serve(replace(site.reader.outside, patience=patience), request_of({**content}), _who(site.environment))
    except Rejected as rejected:
        raise RequestRefused(rejected.code, str(rejected)) from None
    return report.as_json(), report.settled


def _who(environment: Environment) -> Caller:
    """Who acts without the coordinator: as good as the credentials tell, since nobody has verified it."""
    try:
        known = caller_of_stand_in(environment) if local_url() else GoogleProject(environment.project).caller().email
    except CloudError:  # what is asked of the bucket next says the same
        known = ""
    email = known.lower()
    return Caller(email=email, part=callers(environment).part(email) or Part.OPERATOR)


def ask_to_reconcile(environment: Environment) -> bool:
    """Has the coordinator reconcile after a deploy; whether all is well then. A tick may have come between: as a backfill is
    ended, Terraform resumes its jobs before it deletes the flag, and a reconcile meanwhile pauses them again. Without an answer
    the next tick does it."""
    try:
        answer = ask(environment, {"action": "reconcile"})
    except CloudError as error:
        say(f"The coordinator did not look at it now, its next tick will: {error}", err=True)
        say(f"No alert misses one that has never worked: have it answer once, by {make('deploy')}", err=True)
        return False
    except KeyboardInterrupt:
        say("Stopped before the coordinator has answered; if it did not look at it now, its next tick will.", err=True)
        raise
    return print_report(answer.report, ok=answer.ok)


def print_report(report: Mapping[str, Json], foreseen: Foreseen = NONE_FORESEEN, *, ok: bool) -> bool:
    """What was done, the jobs of one kind of change together, with the names of those that were not foreseen; returns `ok`."""
    records = report.get("records")
    together: dict[str, list[str]] = {}
    alone: dict[str, list[tuple[str, str]]] = {}
    for record in records if isinstance(records, list) else []:
        if not isinstance(record, dict):
            continue
        event, about = str(record.get("event")), str(record.get("job") or record.get("hold") or "")
        if event in TOGETHER:
            together.setdefault(event, []).append(about)
        elif event != RECONCILED:
            alone.setdefault(event, []).append((about, str(record.get("why"))))
    for event, found in alone.items():
        what = event.replace("_", " ")
        for about, why in found[:SHOWN_ALIKE]:
            say_folded(plain(f"{what}: {f'{about}: ' if about else ''}{why}", MAX_REMARK))
        if rest := found[SHOWN_ALIKE:]:
            _say_listed(f"{what}, too", [about for about, _ in rest])
    for event in [event for event in TOGETHER if event in together or foreseen.get(event)]:
        _say_together(event, frozenset(together.get(event, ())), foreseen.get(event, frozenset()))
    if not ok:
        say(f"Not everything is done; the coordinator tries again at its next tick. Look: {interlock('status')}", err=True)
    return ok


def _say_together(event: str, names: frozenset[str], foreseen: frozenset[str]) -> None:
    """Names only of jobs that were not named before, or to which nothing happened."""
    label = f"{TOGETHER[event]} {count(len(names), 'job')}"
    if not foreseen:
        _say_listed(label, sorted(names))
        return
    say(label)
    for said, others in (("not foreseen", names - foreseen), ("unchanged", foreseen - names)):
        if others:
            _say_listed(said, sorted(others))


def _say_listed(label: str, names: Sequence[str]) -> None:
    """Few names in a sentence, many in columns."""
    if len(names) <= FEW_NAMES:
        say_folded(f"{label}: {', '.join(names)}")
    else:
        say(f"{label}:")
        say_names(names)
