"""Which jobs are held, in HCL: `interlock/holds.py` said again for Terraform, and what the backfill variables change.

`inputs` are the only locals that read the world: the names in the bucket, the contents of the objects that hold something,
the clock, and what the catalog declares. `expressions` are the rest, and read nothing but inputs, variables and each other.
The differential test gives them other inputs, and compares what comes out with the core.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from interlock.catalog import Catalog, Json
from interlock.declare import covered_in
from interlock.environment import Environment
from interlock.graph import protected, scopes
from interlock.holds import FLAG_OBJECT, FLAG_PREFIX, HOLD_OBJECT, HOLD_PREFIX
from interlock.names import IDENTITY, TABLE, exact
from interlock.shares import Share
from interlock.terraform.attributes import go_duration
from interlock.windows import openings_json
from stacks.cdk import literal, quoted

FLAGS_LISTING = "data.google_storage_bucket_objects.flags"
HOLDS_LISTING = "data.google_storage_bucket_objects.holds"
DECLARATIONS_LISTING = "data.google_storage_bucket_objects.declarations"
CONTENTS = "data.google_storage_bucket_object_content.active"
DEPLOYED = "data.google_storage_bucket_object_content.deployed"
INPUTS = ("flag_names", "hold_names", "contents", "deployed", "now", "declared", "scopes", "identities", "seasons")

WRITTEN = "${{for backfill, end in local.active : backfill => end if can(local.own_backfills[backfill])}}"
"""The flags that one stack of several writes. One of a backfill that is on and no longer declared is refused by all
(guards.py), so nobody has to."""


def flag_name(backfill: str, end: str) -> str:
    """The object name of a flag as the inside of an HCL string, from two expressions."""
    return FLAG_PREFIX + "${" + backfill + "}@${" + end + "}.json"


def _in_full(pattern: str) -> str:
    return quoted(f"^(?:{pattern})$")  # RE2's `$` is the end of the text, not of a line


def _list(expression: str) -> str:
    return "${[" + expression + "]}"


def _map(expression: str) -> str:
    return "${{" + expression + "}}"


def inputs(catalog: Catalog, env: Environment, share: Share) -> Mapping[str, Json]:
    """The locals that read the world: of a share of the catalog its own jobs, and what it has to know of the rest."""
    covered = covered_in(catalog, share)
    return {
        "flag_names": _list(f"for object in {FLAGS_LISTING}.bucket_objects : object.name"),
        "hold_names": _list(f"for object in {HOLDS_LISTING}.bucket_objects : object.name"),
        "contents": _map(f"for name, object in {CONTENTS} : name => object.content"),
        # Empty before the first deploy.
        **({"deployed": f'${{join("", values({DEPLOYED})[*].content)}}'} if share.alone else {}),
        "now": "${plantimestamp()}",
        "declared": {
            backfill.name: {
                # Without an end of its own a backfill is held no longer than the environment allows anybody to ask for.
                "default_end": go_duration(min(backfill.default_end, env.max_hold)),
                "expect": go_duration(backfill.expect),
                "expected": exact(backfill.expect),
                "owner": literal(backfill.owner),
                "reason": literal(backfill.description),
                "tables": list(protected(backfill)),
            }
            for _, backfill in sorted(catalog.backfills.items())
        },
        "scopes": {scope: list(jobs) for scope, jobs in {**covered, "all": covered.get("all", ())}.items()},
        **({} if share.alone else _of_others(catalog, share, covered)),
        **(_identities(catalog) if share.alone else _placed(catalog)),
        # As instants: no function of Terraform's knows time zones.
        "seasons": {season.scope: openings_json(season) for season in catalog.closing_seasons.values()},
    }


def _of_others(catalog: Catalog, share: Share, covered: Collection[str]) -> Mapping[str, Json]:
    """What a stack of one platform says of the others: the scopes that are known and cover none of its jobs, but for those of
    one job each, and all jobs of the backfills whose flags it writes."""
    own = sorted(name for name, backfill in catalog.backfills.items() if backfill.platform in share.homes)
    return {
        "elsewhere": list[Json](sorted(s for s in scopes(catalog) if s not in covered and not s.startswith("job/"))),
        "own_backfills": {name: list(scopes(catalog)[f"backfill/{name}"]) for name in own},
    }


def _identities(catalog: Catalog) -> Mapping[str, Json]:
    return {"identities": dict(sorted(catalog.identities.items()))}


def _placed(catalog: Catalog) -> Mapping[str, Json]:
    """The same in fewer letters, as each of many stacks says it of all jobs: by region the names, which no blank can be in, and
    apart those that Cloud Scheduler calls otherwise than the catalog."""
    regions: dict[str, list[str]] = {}
    renamed: dict[str, Json] = {}
    for name, job in sorted(catalog.jobs.items()):
        if job.scheduler_name == name:
            regions.setdefault(job.region, []).append(name)
        else:
            renamed[name] = job.identity
    return {
        "placed": {region: " ".join(names) for region, names in sorted(regions.items())},
        "renamed": renamed,
        "identities": (
            '${merge(concat([for region, names in local.placed : {for name in split(" ", names) :'
            ' name => "${region}/${name}"}], [local.renamed])...)}'
        ),
    }


def expressions(share: Share | None = None) -> Mapping[str, str]:
    """Everything between the inputs and `held`, the set of a share's jobs that something holds once this plan is applied."""
    found = {**_in_the_bucket(), **_after_this_plan(), **_what_objects_say()}
    if share is None or share.alone:
        return found
    # A flag says all jobs of its backfill, of whichever platform.
    every = found["jobs_of_flags"].replace('local.scopes["backfill/${backfill}"]', "local.own_backfills[backfill]")
    return {**found, "jobs_of_flags": every, "written": WRITTEN}


def _in_the_bucket() -> Mapping[str, str]:
    """What holds now. A name that does not parse covers nothing; neither does an end that is no instant (30 February).

    Two objects of one backfill, or of one (scope, id), are an extension that was caught half way: `...` groups their ends, and
    the latest wins. All ends are 20 characters of UTC, so that sorting texts sorts instants.
    """
    flag, hold = _in_full(FLAG_OBJECT), _in_full(HOLD_OBJECT)
    latest = "reverse(sort(ends))[0]"
    return {
        "flags_found": _list(f"for name in local.flag_names : regex({flag}, name) if can(regex({flag}, name))"),
        "flag_ends": _map(
            "for flag in local.flags_found : flag.name => flag.end... if try(timecmp(flag.end, local.now) > 0, false)"
        ),
        "on": _map(f"for backfill, ends in local.flag_ends : backfill => {latest}"),
        "holds_found": _list(f"for name in local.hold_names : regex({hold}, name) if can(regex({hold}, name))"),
        "hold_ends": _map(
            'for hold in local.holds_found : "${hold.scope}/${hold.id}" => hold.end...'
            " if try(timecmp(hold.end, local.now) > 0, false)"
        ),
        # An id has no slash, so what comes before the last one is the scope.
        "holds": _map(
            f'for hold, ends in local.hold_ends : "{HOLD_PREFIX}${{hold}}@${{{latest}}}.json" =>'
            f" {{scope = dirname(hold), end = {latest}}}"
        ),
    }


def _after_this_plan() -> Mapping[str, str]:
    """What the variables ask (backfill_mode true turns on or extends, false ends, null keeps what is on), and what is held."""
    return {
        "named": "${length(var.backfills) > 0 ? var.backfills : toset(keys(local.declared))}",
        "kept": _map(
            "for backfill, end in local.on : backfill => end"
            " if coalesce(var.backfill_mode, true) || !contains(local.named, backfill)"
        ),
        "asked": _map(
            'for backfill in local.named : backfill => var.backfill_until != "" ? var.backfill_until'
            " : try(local.on[backfill], timeadd(local.now, local.declared[backfill].default_end))"
            " if coalesce(var.backfill_mode, false) && contains(keys(local.declared), backfill)"
        ),
        "active": "${merge(local.kept, local.asked)}",
        # An unknown scope covers nothing here; a guard refuses the plan.
        "held_scopes": (
            '${toset(concat([for backfill in keys(local.active) : "backfill/${backfill}"],'
            " [for hold in values(local.holds) : hold.scope],"
            " [for scope, openings in local.seasons : scope if !anytrue([for opening in openings :"
            " timecmp(opening[0], local.now) <= 0 && timecmp(local.now, opening[1]) < 0])]))}"
        ),
        # By the scopes as they are now, and by the jobs that the objects covered when they were written. Jobs that are no
        # longer declared are a guard's business.
        "held": '${setintersection(toset(local.scopes["all"]), toset(flatten(concat('
        "[for scope in local.held_scopes : try(local.scopes[scope], [])], values(local.jobs_at_creation)))))}",
    }


def _what_objects_say() -> Mapping[str, str]:
    """What the objects that stay say of themselves. Contents are a stranger's input: what is no text counts as nothing."""
    return {
        "flags_kept": _map(
            f'for backfill, end in local.on : backfill => "{flag_name("backfill", "end")}"'
            " if contains(keys(local.active), backfill)"
        ),
        "objects_read": "${toset(concat(values(local.flags_kept), keys(local.holds)))}",
        "names": _map("for name, identity in local.identities : identity => name"),
        "identities_at_creation": _map(
            # Of a list only, and of that only what could be an identity: an object has keys, the regex fails for null.
            "for name in local.objects_read : name => try([for one in jsondecode(local.contents[name]).identities :"
            " tostring(one) if !can(keys(jsondecode(local.contents[name]).identities))"
            f" && can(regex({_in_full(IDENTITY)}, one))], [])"
        ),
        "jobs_at_creation": _map(
            # Those that are said with a region, and those that an object from before there were regions calls by name.
            "for name in local.objects_read : name => concat("
            "[for one in local.identities_at_creation[name] : try(local.names[one], one)],"
            " try([for job in jsondecode(local.contents[name]).jobs : tostring(job)"
            ' if !can(keys(jsondecode(local.contents[name]).jobs)) && can(regex("^[a-z]", job))'
            ' && try(!contains([for one in local.identities_at_creation[name] : split("/", one)[1]], tostring(job)), false)],'
            " []))"
        ),
        "jobs_of_flags": _map(
            "for backfill in keys(local.active) : backfill => sort(distinct(concat("
            'try(local.scopes["backfill/${backfill}"], []), try(local.jobs_at_creation[local.flags_kept[backfill]], []))))'
        ),
        "identities_of_flags": _map(
            "for backfill, jobs in local.jobs_of_flags : backfill => sort([for job in jobs : try(local.identities[job], job)"
            ' if can(local.identities[job]) || strcontains(job, "/")])'
        ),
        "names_of_flags": _map(
            "for backfill, jobs in local.jobs_of_flags : backfill => sort(distinct("
            '[for job in jobs : reverse(split("/", try(local.identities[job], job)))[0]]))'
        ),
        "tables_at_creation": _map(
            # As above; a number with a dot in it, which is no text, looks like a table.
            "for name in local.objects_read : name => try([for table in jsondecode(local.contents[name]).tables :"
            " tostring(table) if !can(keys(jsondecode(local.contents[name]).tables))"
            f" && can(regex({_in_full(TABLE)}, table)) && try(jsonencode(table) == jsonencode(tostring(table)), false)], [])"
        ),
        "tables_of_flags": _map(
            "for backfill in keys(local.active) : backfill => sort(distinct(concat("
            "try(local.declared[backfill].tables, []), try(local.tables_at_creation[local.flags_kept[backfill]], []))))"
        ),
        "said": _map(f"for backfill in keys(local.active) : backfill => {{{_said('reason')}, {_said('owner')}}}"),
    }


def _said(what: str) -> str:
    """The reason or owner that a flag written by this plan carries: what is asked now, else what the flag that it replaces
    says, else what the catalog says."""
    now = f'contains(keys(local.asked), backfill) ? var.backfill_{what} : ""'
    before = f'try(tostring(jsondecode(local.contents[local.flags_kept[backfill]]).{what}), "")'
    declared = f'try(local.declared[backfill].{what}, "")'
    return f'{what} = try(coalesce({now}, {before}, {declared}), "")'
