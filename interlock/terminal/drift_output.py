"""What is not as it was declared, for people: what is wrong, in which jobs, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from interlock.actual import ENABLED, PAUSED, ActualJob
from interlock.catalog import Json
from interlock.holds import format_end
from interlock.names import MAX_TEXT, count, plain
from interlock.terminal.everywhere import LOCATIONS, Everywhere
from interlock.terminal.printed import interlock, make
from interlock.terminal.tables import grouped, say, say_command, say_folded, say_names
from interlock.terraform.drift import Comparison, Difference, JobStatus, Kind, LeftOut

FULL_VIEW = "cloudscheduler.jobs.fullView"
VIEWER = "roles/cloudscheduler.viewer"
ENTRY = "unmanaged: {{{identity}: {{reason: ..., owner: ..., until: YYYY-MM-DD}}}}"
MAX_FAILURE = 300
"""Characters of what Google says of a region."""


def print_drift(result: Comparison, place: ZoneInfo, now: datetime) -> None:
    """What is wrong in a sentence for all the jobs of which it is true, then their names; where it calls or as whom first."""
    wrong = [(status, difference) for status in result.jobs for difference in status.drift]
    wrong.sort(key=lambda one: [*Kind].index(one[1].kind))
    for (difference, why), alike in grouped(wrong, lambda one: (one[1], _why_paused(one[0], place, now))).items():
        say_folded(f"{count(len(alike), 'job')} {plain(is_wrong(difference, why, one=len(alike) == 1))}:", style="red")
        say_names(status.job.name for status, _ in alike)
    if any(difference.kind is not Kind.STATE for _, difference in wrong):
        say("to have it as declared again:")
        say_command(make("deploy"))


def print_strangers(result: Comparison) -> None:
    """The jobs that the catalog does not know, and those that it leaves out, with what to do about them."""
    for region, jobs in grouped(result.unknown, lambda job: job.region).items():
        say_folded(f"the catalog does not know {count(len(jobs), 'job')} in {region}:", style="red")
        say_names(map(_with_state, jobs))
    overdue = [each for each in result.left_out if each.overdue]
    for (owner, until), alike in grouped(overdue, lambda each: (each.entry.owner, each.entry.until)).items():
        what = "was to be left out of the catalog" if len(alike) == 1 else "were to be left out of the catalog"
        say_folded(f"{count(len(alike), 'job')} {what} until {until} (owner {plain(owner, MAX_TEXT)}):", style="red")
        say_names(each.job.identity for each in alike)
    strangers = [*result.unknown, *(each.job for each in overdue)]
    if strangers:
        _print_next(strangers)
    kept = [each for each in result.left_out if not each.overdue]
    if kept:
        until = min(each.entry.until for each in kept)
        say_folded(f"{count(len(kept), 'job')} left out of the catalog on purpose, the first until {until}")


def _print_next(strangers: Sequence[ActualJob]) -> None:
    say("to adopt:")
    for region, jobs in grouped(strangers, lambda job: job.region).items():
        one = interlock("adopt", "--job", jobs[0].name, "--region", region)
        say_command(one if len(jobs) == 1 else interlock("adopt", "--region", region))
    say("to leave out, in the catalog:")
    say_command(ENTRY.format(identity=strangers[0].identity))


def print_unseen(seen: Everywhere, result: Comparison) -> None:
    """What could not be looked at, and so may be anything."""
    if seen.unlisted is not None:
        say_folded(
            f"only the regions of the catalog were looked at, as the others can't be listed ({LOCATIONS}, in {VIEWER}): "
            f"{plain(str(seen.unlisted), MAX_FAILURE)}",
            style="red",
        )
    for message, failed in grouped(seen.failed.items(), lambda one: str(one[1]).replace(one[0], "REGION")).items():
        regions = [region for region, _ in failed]
        said = message if len(regions) > 1 else str(failed[0][1])
        say_folded(f"not looked at: {', '.join(regions)}: {plain(said, MAX_FAILURE)}", style="red")
    hidden = [status for status in result.jobs if not status.target_shown]
    if hidden:
        call = "call" if len(hidden) > 1 else "calls"
        say_folded(f"what {count(len(hidden), 'job')} {call} is not compared, as you may not see it: {FULL_VIEW}, in {VIEWER}")


def print_undecided(result: Comparison, today: date) -> None:
    """The jobs of which nobody has decided yet whether they should run, by the day until which that should be done."""
    waiting = [(status.job.name, status.job.undecided.review) for status in result.jobs if status.job.undecided]
    for review, alike in grouped(sorted(waiting, key=lambda one: one[1]), lambda one: one[1]).items():
        over = review < today
        what = f"which was to be decided by {review}" if over else f"to be decided by {review}"
        say_folded(f"{len(alike)} undecided, {what}:", style="red" if over else None)
        say_names(name for name, _ in alike)


def is_wrong(difference: Difference, why: Sequence[tuple[str, str]], *, one: bool) -> str:
    """The rest of a sentence that begins with the number of jobs."""
    them, are, have, differ = ("it", "is", "has", "differs") if one else ("them", "are", "have", "differ")
    if difference.kind is Kind.MISSING:
        return f"{are} missing in {difference.wanted}"
    if difference.kind is Kind.TARGET:
        call = "it calls" if one else "they call"
        return f"{differ} from the catalog in where {call} or as whom: {difference.wanted}"
    if difference.kind is Kind.SETTINGS:
        return f"{differ} from the catalog in {difference.wanted}"
    if difference.kind is not Kind.STATE:
        return f"{have} the {difference.kind.value} {difference.found}, and the catalog says {difference.wanted}"
    state = (
        ("runs" if one else "run")
        if difference.found == ENABLED
        else f"{are} {'paused' if difference.found == PAUSED else difference.found}"
    )
    if difference.wanted == ENABLED:
        return f"{state} although nothing holds {them}"
    return f"{state} although {' and '.join(f'{who} {them}{how}' for who, how in why)}"


def left_out_json(each: LeftOut) -> Json:
    """For programs."""
    entry, job = each.entry, each.job
    return {
        "name": job.name,
        "region": job.region,
        "state": job.state,
        "owner": entry.owner,
        "until": entry.until.isoformat(),
        "overdue": each.overdue,
    }


def _why_paused(status: JobStatus, place: ZoneInfo, now: datetime) -> tuple[tuple[str, str], ...]:
    """What pauses it, as what comes before and after `it` or `them`; empty when nothing does."""
    effective = status.effective
    reason = f" ({plain(status.job.paused.reason, MAX_TEXT)})" if status.job.paused else ""
    declared = (("the catalog pauses", reason),) if effective.declared else ()
    return (*declared, *((f"{hold.scope} holds", f" until {format_end(hold.end, place, now)}") for hold in effective.held_by))


def _with_state(job: ActualJob) -> str:
    return job.name if job.state == ENABLED else f"{job.name} ({job.state})"
