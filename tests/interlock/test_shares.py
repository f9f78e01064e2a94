"""Which stack has which part of a catalog."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from interlock.shares import is_schedules, shares, stacks_with

JOB = """
  {name}:
    description: d
    schedule: "5 4 * * *"
    target: {{service: {service}, path: /}}
    runs: [{processor}]
"""


WINDOW = """windows:
  {platform}-night: {{schedule: "0 8 1 * *", time_zone: Etc/UTC, duration: 2h, covers: [all], reason: r, owner: o}}
"""


def catalog(jobs: dict[str, int], idle: tuple[str, ...] = (), windows: tuple[str, ...] = ()) -> Catalog:
    """Platforms with so many jobs each, whose first processors write one table of all, platforms with a service alone, and some
    with a window over all jobs besides."""
    files = []
    for platform in {*jobs, *idle, *windows}:
        text = "defaults: {owner: o, time_zone: Etc/UTC, region: us-west2, deadline: 540s, retry: few}\n"
        text += f"retry_profiles:\n  few: {{attempts: 1}}\nservices:\n  {platform}-web: {{kind: run}}\n"
        if number := jobs.get(platform, 0):
            tables = f"{{raw.all: [mutate], raw.{platform}: [mutate]}}"
            text += f"processors:\n  load: {{service: {platform}-web, tables: {tables}}}\n"
            names = [f"{platform}-{n}" for n in range(number)]
            made = [JOB.format(name=name, service=f"{platform}-web", processor="load") for name in names]
            text += "jobs:" + "".join(made)
            text += "backfills:\n"
            for which, table in (("own", platform), ("all", "all")):
                said = f"description: d, owner: o, expect: 2h, tables: {{raw.{table}: [mutate]}}, protect: [outputs]"
                text += f"  {platform}-{which}: {{{said}}}\n"
        if platform in windows:
            text += WINDOW.format(platform=platform)
        files.append(SourceFile(name=f"catalog/{platform}/all.yaml", platform=platform, text=text))
    return resolve_catalog(files)


@pytest.mark.parametrize(
    ("jobs", "idle", "stacks"),
    [
        pytest.param({"shop": 2}, (), ["schedules"], id="one platform"),
        pytest.param({"shop": 2}, ("common",), ["schedules"], id="one with jobs beside one without"),
        pytest.param({"shop": 1, "mail": 1}, (), ["schedules-mail", "schedules-shop"], id="two"),
        pytest.param({"shop": 1, "mail": 1}, ("a",), ["schedules-mail", "schedules-shop"], id="two beside one without jobs"),
    ],
)
def test_a_catalog_becomes_one_stack_or_one_a_platform_that_has_jobs_or_holds_some(
    jobs: dict[str, int], idle: tuple[str, ...], stacks: list[str]
) -> None:
    found = shares(catalog(jobs, idle))
    assert [share.stack for share in found] == stacks
    assert all(is_schedules(stack) for stack in stacks)


@given(
    jobs=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), min_size=1),
    idle=st.sets(st.sampled_from("uvw"), max_size=2),
    windows=st.sets(st.sampled_from("abvx"), max_size=2),
)
def test_each_job_and_each_platform_is_in_exactly_one_share(jobs: dict[str, int], idle: set[str], windows: set[str]) -> None:
    whole = catalog(jobs, tuple(idle), tuple(windows))
    found = shares(whole)
    assert sorted(name for share in found for name in share.jobs) == sorted(whole.jobs)
    assert sorted(platform for share in found for platform in share.homes) == sorted(whole.platforms)


@given(
    jobs=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), min_size=2),
    windows=st.sets(st.sampled_from("abvx"), max_size=2),
    comes=st.sampled_from("abcdefghx"),
)
def test_what_declares_backfills_or_windows_keeps_its_stack_when_another_platform_comes_or_goes(
    jobs: dict[str, int], windows: set[str], comes: str
) -> None:
    def where(several: dict[str, int]) -> dict[str, str]:
        whole = catalog(several, (), tuple(windows))
        declaring = [*whole.backfills.values(), *whole.windows.values()]
        return {one.name: share.stack for one in declaring for share in shares(whole) if one.platform in share.homes}

    before, after = where(jobs), where(jobs | {comes: 1})
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("names", "stacks"),
    [
        pytest.param(["shop-own"], ["schedules-shop"], id="a backfill of one platform's jobs is its stack's alone"),
        pytest.param(["shop-all"], ["schedules-shop", "schedules-mail"], id="who writes the flag comes before who has jobs"),
        pytest.param(["mail-all"], ["schedules-mail", "schedules-shop"], id="whichever comes first by name"),
        pytest.param(["mail-own", "shop-own"], ["schedules-mail", "schedules-shop"], id="two of two platforms"),
    ],
)
def test_a_toggle_is_about_the_stacks_that_write_its_flags_and_then_those_that_have_its_jobs(
    names: list[str], stacks: list[str]
) -> None:
    from interlock.graph import scopes

    whole = catalog({"shop": 2, "mail": 1})
    covered = frozenset(job for name in names for job in scopes(whole)[f"backfill/{name}"])
    assert stacks_with(whole, names, covered) == stacks


def test_what_is_called_like_a_stack_of_jobs_and_is_none() -> None:
    assert not any(map(is_schedules, ("coordination", "alerting", "schedulesx", "")))
