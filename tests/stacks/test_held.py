"""The differential test: the real expressions in Terraform and the Python core say the same of the same world."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from interlock_guard.objects import parse_name
from interlock_guard.objects import with_content as with_content_read

from interlock.catalog import Catalog
from interlock.holding import Holding
from interlock.holds import (
    FLAG_PREFIX,
    HOLD_PREFIX,
    Hold,
    active,
    format_instant,
    parse_instant,
    parse_object_name,
    with_content,
)
from interlock.seasons import Season, dated
from tests.guard.published import faults_of
from tests.stacks.twin import evaluate
from tests.stacks.worlds import JOBS, World

CASES = 600
SEED = 20261123
WANTED = {
    "active": "${local.active}",
    "held": "${sort(local.held)}",
    "objects_read": "${sort(local.objects_read)}",
    "unknown_scopes": "${setsubtract(values(local.holds)[*].scope, keys(local.scopes))}",
    "refusals": "${[length(local.unknown_holds), length(local.undeclared_flags), length(local.lost_jobs)]}",
    "too_short": "${length(local.too_short)}",
    "jobs_of_flags": "${local.jobs_of_flags}",
    "names_of_flags": "${local.names_of_flags}",
    "identities_of_flags": "${local.identities_of_flags}",
    "tables_of_flags": "${local.tables_of_flags}",
    "reasons": "${{for backfill, said in local.said : backfill => said.reason}}",
}


def expected(world: World, catalog: Catalog) -> dict[str, Any]:
    """What the core says of a world once the plan is applied."""
    current = active([hold for name in world.names if (hold := parse_object_name(name))], world.now)
    on = {hold.scope.removeprefix("backfill/"): hold for hold in current if hold.object_name.startswith(FLAG_PREFIX)}
    holds = [hold for hold in current if hold.object_name.startswith(HOLD_PREFIX)]
    named = world.named or list(world.declared)
    ends = {name: format_instant(hold.end) for name, hold in on.items() if world.mode is not False or name not in named}
    asked = {name: end_of(world, name, ends.get(name)) for name in named} if world.mode else {}
    after = ends | asked
    flags = [hold for name, end in after.items() if (hold := parse_object_name(f"{FLAG_PREFIX}{name}@{end}.json"))]
    # The flag that is there says which jobs it covered, and the one that an extension writes takes them over.
    flags = [with_content(flag, content(world, flag_before(on, flag))) for flag in flags]
    holds = [with_content(hold, content(world, hold.object_name)) for hold in holds]
    known = [catalog.jobs[job] for job in JOBS if job in world.scopes["all"]]
    holding = Holding(
        now=world.now,
        scopes=world.scopes,
        objects=(*flags, *holds),
        windows=tuple(seasons(world)),
        identities=world.identities,
    )
    held = [job.name for job in known if holding.of(job).held_by]
    read = sorted({on[name].object_name for name in after if name in on} | {hold.object_name for hold in holds})
    unknown = [hold for hold in holds if hold.scope not in world.scopes]
    return {
        "active": after,
        "held": sorted(held),
        "objects_read": read,
        "unknown_scopes": sorted({hold.scope for hold in unknown}),
        "refusals": [len(unknown), len(after.keys() - world.declared.keys()), lost(world, read)],
        "too_short": sum(too_short(world, name, end) for name, end in asked.items() if name not in on or ends.get(name) != end),
        "jobs_of_flags": {flag.scope.removeprefix("backfill/"): sorted(holding.covered(flag)) for flag in flags},
        "names_of_flags": {
            flag.scope.removeprefix("backfill/"): sorted({name_of(world, job) for job in holding.covered(flag)})
            for flag in flags
        },
        "identities_of_flags": {
            flag.scope.removeprefix("backfill/"): sorted(
                world.identities.get(job, job) for job in holding.covered(flag) if job in world.identities or "/" in job
            )
            for flag in flags
        },
        "tables_of_flags": {flag.scope.removeprefix("backfill/"): tables(world, flag) for flag in flags},
        "reasons": {name: reason(world, name, name in asked, on[name].object_name if name in on else None) for name in after},
    }


def seasons(world: World) -> Iterable[Season]:
    """As the coordinator reads them of the declaration."""
    for scope, openings in world.seasons.items():
        ends = ((parse_instant(start), parse_instant(end)) for start, end in openings)
        yield dated(scope.partition("/")[2], [(start, end) for start, end in ends if start and end])


def name_of(world: World, job: str) -> str:
    """What Cloud Scheduler calls a job of the catalog, or one that is gone."""
    return world.identities.get(job, job).rpartition("/")[2]


def tables(world: World, flag: Hold) -> list[str]:
    declared = world.declared.get(flag.scope.removeprefix("backfill/"), {"tables": []})["tables"]
    return sorted(flag.tables | set(declared))


def flag_before(on: Mapping[str, Hold], flag: Hold) -> str | None:
    name = flag.scope.removeprefix("backfill/")
    return on[name].object_name if name in on else None


def seconds(text: str) -> timedelta:
    return timedelta(seconds=int(text.removesuffix("s")))


def end_of(world: World, name: str, current: str | None) -> str:
    return world.until or current or format_instant(world.now + seconds(world.declared[name]["default_end"]))


def too_short(world: World, name: str, end: str) -> bool:
    instant = parse_instant(end)
    assert instant is not None
    return instant < world.now + seconds(world.declared[name]["expect"])


def content(world: World, object_name: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(world.contents[object_name or ""])
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def lost(world: World, read: Iterable[str]) -> int:
    named = (parse_object_name(name) for name in read)
    said = [with_content(hold, content(world, hold.object_name)) for hold in named if hold]
    known = {*world.scopes["all"], *world.identities.values()}
    return sum(job not in known for hold in said for job in (*hold.unplaced, *hold.identities))


def reason(world: World, name: str, is_asked: bool, object_name: str | None) -> str:
    before = content(world, object_name).get("reason")
    declared = "as declared" if name in world.declared else ""
    return (world.reason if is_asked else "") or (before if isinstance(before, str) else "") or declared


def kept_tables(world: World, outcome: Mapping[str, Any]) -> bool:
    """Whether a flag has tables that are not declared."""
    declared = {table for backfill in world.declared.values() for table in backfill["tables"]}
    return any(set(tables) - declared for tables in outcome["tables_of_flags"].values())


def world_without_contents(world: World) -> World:
    bare = copy(world)
    bare.contents = {}
    return bare


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    source = random.Random(SEED)  # noqa: S311
    return {f"case-{number:03}": World(source) for number in range(CASES)}


@pytest.fixture(scope="module")
def said(
    worlds: Mapping[str, World], small: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Any]]:
    """What Terraform says of each world, and in `flags` what it would write."""
    flag = small["schedules"]["resource"]["google_storage_bucket_object"]["flags"]
    name, content = (flag[key].replace("each.", "flag.") for key in ("name", "content"))
    flags = "[for key, value in local.active : {key = key, value = value}]"
    written = {"flags": f'${{{{for flag in {flags} : "{name}" => {content.removeprefix("${").removesuffix("}")}}}}}'}
    cases = {name: world.case() for name, world in worlds.items()}
    return evaluate(small["schedules"], cases, WANTED | written, tmp_path_factory.mktemp("worlds"))


@pytest.fixture(scope="module")
def outcomes(worlds: Mapping[str, World], small_catalog: Catalog) -> Mapping[str, Mapping[str, Any]]:
    """What the core says of each world."""
    return {name: expected(world, small_catalog) for name, world in worlds.items()}


def test_terraform_and_the_core_agree_on_every_generated_world(
    worlds: Mapping[str, World], said: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Mapping[str, Any]]
) -> None:
    assert said.keys() == worlds.keys()
    for name, world in worlds.items():
        found = {what: said[name][what] for what in WANTED}
        assert found == outcomes[name], json.dumps({name: world.case()}, indent=1)


def test_the_flags_that_terraform_writes_keep_the_published_schema_and_the_guard_reads_them(
    worlds: Mapping[str, World], said: Mapping[str, Mapping[str, Any]]
) -> None:
    some = {name: world for name, world in worlds.items() if world.mode}
    written = [(world, *written) for name, world in some.items() for written in said[name]["flags"].items()]
    assert len(written) > len(some)
    for world, name, content in written:
        assert faults_of("flag", content) == []
        flag = parse_name(name)
        assert flag is not None
        full = with_content_read(flag, content.encode())
        says = json.loads(content)
        assert full is not None
        assert (full.scope, f"{full.end:%Y-%m-%dT%H:%M:%SZ}") == (f"backfill/{says['backfill']}", says["until"])
        assert all(full.covers(name_of(world, job), ()) for job in world.scopes.get(full.scope, ()))
        assert all(full.covers(None, [table]) for table in says["tables"])


def test_the_generated_worlds_hold_what_matters(
    worlds: Mapping[str, World], outcomes: Mapping[str, Mapping[str, Any]], small_catalog: Catalog
) -> None:
    held = sum(bool(outcome["held"]) for outcome in outcomes.values())
    assert CASES / 5 < held < CASES * 9 / 10
    for number in range(3):
        assert sum(outcome["refusals"][number] > 0 for outcome in outcomes.values()) > CASES / 20
    assert sum(outcome["too_short"] > 0 for outcome in outcomes.values()) > CASES / 20
    broken = [name for world in worlds.values() for name in world.names if parse_object_name(name) is None]
    assert len(broken) > CASES / 3
    at_the_end = [world for world in worlds.values() if any(format_instant(world.now) in name for name in world.names)]
    assert len(at_the_end) > CASES / 20
    closed = [world for world in worlds.values() if any(not season.is_open(world.now) for season in seasons(world))]
    assert CASES / 5 < len(closed) < CASES * 4 / 5
    at_an_end = [world for world in worlds.values() if format_instant(world.now) in str(world.seasons)]
    assert len(at_an_end) > CASES / 5
    extended = [
        world for world in worlds.values() if world.mode and world.until and any(FLAG_PREFIX in name for name in world.names)
    ]
    assert len(extended) > CASES / 20
    by_content = [name for name, world in worlds.items() if kept_tables(world, outcomes[name])]
    assert len(by_content) > CASES / 40
    by_scope_alone = {name: expected(world_without_contents(world), small_catalog)["held"] for name, world in worlds.items()}
    by_content = [name for name, outcome in outcomes.items() if outcome["held"] != by_scope_alone[name]]
    assert len(by_content) > CASES / 20
