"""What a plan refuses and what it warns of: the variables of `schedules`, their validations, the guards and the check.

Terraform evaluates every validation, whatever the others say, so each says yes to what another refuses. They read variables,
locals of constants and the plan's clock only: one that reads a data source can't be relied on.
"""

from __future__ import annotations

from collections.abc import Mapping

from interlock.environment import Environment
from interlock.holds import END, FLAG_PREFIX
from interlock.names import NAME
from interlock.shares import Share
from interlock.terraform.attributes import go_duration
from stacks.cdk import BaseStack, TerraformResource, literal, quoted
from stacks.held import flag_name

GUARD = "guard"
REPLACE_CATALOG = "replace_catalog"
CHECKS = {"ends_before_it_is_through": "too_short", "ends_with_one_flag": "ended_twice"}
"""By check, the local that lists what it warns of."""
PLAN_MAX_AGE = "15m"
"""A plan says what was on when it was made; applied much later it would pause or resume by that."""


def add_variables(stack: BaseStack, env: Environment) -> None:
    """The switch of backfill mode. Left alone, everything stays as it is."""
    stack.variable(
        "backfill_mode",
        kind="bool",
        default=None,
        description="true turns on or extends the backfills named in `backfills`, false ends them; left out keeps what is on.",
    )
    stack.variable(
        "backfills",
        kind="set(string)",
        default=[],
        description='The backfills that backfill_mode is about, as JSON: ["tdza"]. Empty means all that are declared.',
        validations=[
            (
                "${try(length(setsubtract(var.backfills, keys(local.declared))) == 0, false)}",
                'unknown backfill ${join(", ", sort(setsubtract(var.backfills, keys(local.declared))))};'
                ' known: ${join(", ", sort(keys(local.declared)))}',
            ),
            (
                "${try(length(var.backfills), 0) == 0 || var.backfill_mode != null}",
                "backfills says which, backfill_mode what is to become of them: add backfill_mode=true or backfill_mode=false",
            ),
        ],
    )
    stack.variable(
        "backfill_until",
        kind="string",
        default="",
        description="When the named backfills end, in UTC with whole seconds. Empty keeps the end of one that is on,"
        " and is now and its default end for one that is turned on.",
        validations=_until(env),
    )
    for what in ("reason", "owner"):
        asked = f'${{!coalesce(var.backfill_mode, false) || try(trimspace(var.backfill_{what}) != "", false)}}'
        missing = f"{literal(env.name)} wants to know the {what} of a backfill that is turned on: set backfill_{what}"
        stack.variable(
            f"backfill_{what}",
            kind="string",
            default="",
            description=f"The {what} to write into the flags. Empty is that of the flag which is on, else the catalog's.",
            validations=[(asked, missing)] if what in env.require else (),
        )
    stack.variable(
        REPLACE_CATALOG,
        kind="bool",
        default=False,
        description="true lets a catalog of other platforms take the place of the deployed one, whose jobs that deletes.",
    )
    stack.variable(
        "plan_max_age",
        kind="string",
        default=PLAN_MAX_AGE,
        description="How old a saved plan may be when it is applied, like 15m or 1h.",
        validations=[
            (
                "${try(timecmp(timeadd(plantimestamp(), var.plan_max_age), plantimestamp()) > 0, false)}",
                'plan_max_age "${var.plan_max_age}" is no duration above zero; write one like 15m or 1h',
            )
        ],
    )


def _until(env: Environment) -> list[tuple[str, str]]:
    limit = f'timeadd(plantimestamp(), "{go_duration(env.max_hold)}")'
    none = 'var.backfill_until == ""'
    days = f"{env.max_hold.total_seconds() / 86400:g} days"
    return [
        (
            f'${{{none} || (can(regex({quoted(f"^{END}$")}, var.backfill_until)) && can(timeadd(var.backfill_until, "0s")))}}',
            'backfill_until "${var.backfill_until}" is no end: write UTC with whole seconds, like'
            ' ${timeadd(plantimestamp(), "24h")}',
        ),
        (
            f"${{{none} || try(timecmp(var.backfill_until, plantimestamp()) > 0, true)}}",
            "backfill_until ${var.backfill_until} has passed: it is ${plantimestamp()} now",
        ),
        (
            f"${{{none} || try(timecmp(var.backfill_until, {limit}) <= 0, true)}}",
            f"backfill_until ${{var.backfill_until}} is too far away: {literal(env.name)} allows no hold beyond {days}"
            f" from now, that is ${{{limit}}}",
        ),
    ]


def refusals(env: Environment, share: Share | None = None) -> Mapping[str, str]:
    """Locals, each a list of what a plan refuses, written for people. A stack of one platform of several has nothing of another
    catalog's to delete."""
    remove = f"gcloud storage rm 'gs://{env.bucket}/"
    alone = share is None or share.alone
    known_scopes = (
        "keys(local.scopes)"
        if alone
        else 'concat(keys(local.scopes), local.elsewhere, formatlist("job/%s", keys(local.identities)))'
    )
    known_jobs = 'local.scopes["all"]' if alone else "keys(local.identities)"
    return {
        **(_other_platforms(env) if alone else {}),
        "unknown_holds": (
            '${[for name, hold in local.holds : "The scope ${hold.scope} is held until ${hold.end} and the catalog does not'
            f" know it. Put it back, or release the hold: {remove}${{name}}'\""
            f" if !contains({known_scopes}, hold.scope)]}}"
        ),
        "undeclared_flags": (
            '${[for backfill, end in local.active : "The backfill ${backfill} is on until ${end} and the catalog no longer'
            f" declares it. Put it back until then, or end it: {remove}{flag_name('backfill', 'end')}'\""
            " if !contains(keys(local.declared), backfill)]}"
        ),
        "lost_jobs": (
            # The parts of an object's name around the @ say what holds and until when.
            "${flatten([for name, jobs in local.jobs_at_creation : [for job in jobs :"
            ' "The job ${job} is held by ${split("@", name)[0]} until ${trimsuffix(split("@", name)[1], ".json")} and is'
            f" no longer in the catalog. Put it back until then, or release the hold: {remove}${{name}}'\""
            f" if !contains({known_jobs}, job)]])}}"
        ),
    }


def _other_platforms(env: Environment) -> Mapping[str, str]:
    return {
        "other_platforms": (
            f"${{var.{REPLACE_CATALOG} || length(local.deployed_platforms) == 0"
            " || length(setintersection(local.deployed_platforms, local.platforms)) > 0 ? [] : ["
            f'"In {literal(env.name)} a catalog of ${{join(", ", local.deployed_platforms)}} is deployed, and this is one of'
            ' ${length(local.platforms) > 0 ? join(", ", local.platforms) : "no platform"}, which would delete its jobs. Is it'
            f' the right folder? To put it in the place of the other: -var {REPLACE_CATALOG}=true"]}}'
        ),
    }


def _platforms() -> Mapping[str, str]:
    """Which platforms' catalogs are deployed and are to be. Every declaration names them, in its scopes; one that can't be read
    names none."""
    pattern = quoted(f"^platform/{NAME}$")
    return {
        "deployed_platforms": (
            '${try(sort([for scope in keys(jsondecode(local.deployed).scopes) : trimprefix(scope, "platform/")'
            f" if can(regex({pattern}, scope))]), [])}}"
        ),
        "platforms": (
            '${sort([for scope in keys(local.scopes) : trimprefix(scope, "platform/") if startswith(scope, "platform/")])}'
        ),
    }


def _lines(name: str) -> str:
    return "${join(" + quoted("\n") + f", local.{name})}}"


def judged(env: Environment, share: Share) -> Mapping[str, str]:
    """The locals that the guard and the checks read."""
    return {**(_platforms() if share.alone else {}), **refusals(env, share), **_warnings(env)}


def add_guard(stack: BaseStack, env: Environment, share: Share) -> TerraformResource:
    """The resource that every job and flag depends on: where one of its conditions fails, nothing is changed."""
    preconditions = {f"${{length(local.{name}) == 0}}": _lines(name) for name in refusals(env, share)}
    # timestamp() is unknown while planning and the time of the apply afterwards, so this one is judged then.
    preconditions["${timecmp(timestamp(), timeadd(plantimestamp(), var.plan_max_age)) < 0}"] = (
        "This plan was made at ${plantimestamp()}, more than ${var.plan_max_age} ago; what is on may have changed. Plan again."
    )
    return stack.terraform_data(GUARD, preconditions)


def _warnings(env: Environment) -> Mapping[str, str]:
    """Locals, each a list of what a plan warns of, written for people."""
    return {
        "too_short": (
            '${[for backfill, end in local.asked : "${backfill} is expected to take ${local.declared[backfill].expected}'
            ' and will be held until ${end} only; its jobs resume then, done or not"'
            ' if try(local.on[backfill], "") != end && timecmp(end, timeadd(local.now, local.declared[backfill].expect)) < 0]}'
        ),
        # Terraform deletes only the flag that it knows, and there is no way to ask here which one that is. A flag that nobody
        # deletes would turn the backfill on again with the next plan that asks nothing.
        "ended_twice": (
            '${[for backfill, ends in local.flag_ends : "${backfill} has ${length(ends)} flags, as after an extension that was'
            " interrupted, and Terraform deletes the one that it wrote last. When this is through, release the rest:"
            f" gcloud storage rm 'gs://{env.bucket}/{FLAG_PREFIX}${{backfill}}@*.json'\""
            " if length(ends) > 1 && !contains(keys(local.active), backfill)]}"
        ),
    }


def add_checks(stack: BaseStack) -> None:
    """What a plan warns of, and an apply when it is through."""
    stack.checks({check: (f"${{length(local.{name}) == 0}}", _lines(name)) for check, name in CHECKS.items()})
