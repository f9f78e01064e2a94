"""What the catalog alone decides is what the synthesized stack says: `interlock validate` and `make policy` find the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import Catalog
from interlock.environment import Environment
from policies.from_catalog import estate, findings, judged
from policies.from_files import stack_estate
from policies.rules import RULES
from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from tests.interlock.catalogs import CLEAN, beside, load
from tests.policies.estates import TODAY, waive
from tests.stacks.conftest import Stacks, synthesize

NOT_ALL_WRITTEN = {"http_target", "pubsub_target", "app_engine_http_target"}
"""Blocks to which an environment adds a URL, a token and headers."""
TIMED = {"stagger", "budget", "gap", "twin"}
JOB_TOO = CLEAN[CLEAN.index("  fetch:") : CLEAN.index("backfills:")]
QUIET = CLEAN.replace('"0 * * * *"', '"15 * * * *"', 1)


def both(catalog: Catalog, stacks: Stacks) -> tuple[Estate, Estate]:
    others = [stack for name, stack in stacks.items() if name != "schedules"]
    return estate(catalog, TODAY), stack_estate(stacks["schedules"], others, TODAY)


def jobs(about: Estate) -> dict[str, Resource]:
    return {one.name: one for one in about.resources.values() if one.kind == JOB}


def common(mine: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """What both say, with what each says."""
    return {key: (value, theirs[key]) for key, value in mine.items() if key in theirs}


def meant(value: Any) -> Any:
    """What Terraform makes of the texts of a stack, none of which is an expression here."""
    if isinstance(value, dict):
        return {meant(key): meant(inner) for key, inner in value.items()}
    return value.replace("$${", "${").replace("%%{", "%{") if isinstance(value, str) else value


def check_alike(catalog: Catalog, stacks: Stacks) -> None:
    catalogs, stack = both(catalog, stacks)
    assert jobs(catalogs).keys() == jobs(stack).keys() == catalog.jobs.keys()
    for name, mine in jobs(catalogs).items():
        theirs = jobs(stack)[name]
        assert mine.facts.values == theirs.facts.values
        assert mine.attributes.values.keys() <= theirs.attributes.values.keys() | NOT_ALL_WRITTEN
        shared = common(mine.attributes.values, meant(theirs.attributes.values))
        for attribute, (ours, written) in shared.items():
            if attribute in NOT_ALL_WRITTEN:
                assert all(one == other for one, other in common(ours, written).values()), (name, attribute)
            else:
                assert ours == written, (name, attribute)
        assert {"name", "schedule", "time_zone", "region", "description"} <= shared.keys()
        assert ("http_target" in mine.attributes, "pubsub_target" in mine.attributes) == (
            "http_target" in theirs.attributes,
            "pubsub_target" in theirs.attributes,
        )


def test_the_catalog_says_of_jobs_what_the_stack_says(clean_catalog: Catalog, stacks: Stacks) -> None:
    check_alike(clean_catalog, stacks)


def test_of_texts_that_terraform_would_evaluate_too(small_catalog: Catalog, small: Stacks) -> None:
    check_alike(small_catalog, small)


def test_the_facts_of_the_stack_are_those_of_the_catalog(clean_catalog: Catalog, stacks: Stacks) -> None:
    catalogs, stack = both(clean_catalog, stacks)
    assert {**catalogs.facts.values, "environment": "production"} == stack.facts.values


def test_what_both_judge_both_judge_alike(small_catalog: Catalog, small: Stacks) -> None:
    catalogs, stack = both(small_catalog, small)
    everywhere = [rule for rule in RULES if Origin.CATALOG in rule.origins and JOB in rule.kinds and rule.name[:6] != "waiver"]
    mine, theirs = (
        {(one.rule.name, one.resource.name): (one.outcome, one.messages) for one in judge_all(everywhere, about)}
        for about in (catalogs, stack)
    )
    assert mine == {key: verdict for key, verdict in theirs.items() if key in mine}
    assert Outcome.FAILED in {outcome for outcome, _ in mine.values()}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param("", {"stagger", "gap"}, id="nothing"),
        pytest.param("rules: {stagger: {minutes: [0], within: 7m}}", {"gap"}, id="other minutes"),
        pytest.param("rules: {stagger: off, apart: 7m, starts_per_minute: 2, was: free}", set(), id="less of everything"),
    ],
)
def test_what_a_platform_asks_of_its_schedules_is_judged_alike_in_catalog_and_stack(
    own: str, expected: set[str], environment: Environment, tmp_path: Path
) -> None:
    later = JOB_TOO.replace("fetch:", "again:").replace('"0 * * * *"', '"7 * * * *"').replace("/x", "/y")
    text = CLEAN.replace("[append, mutate]", "[truncate]").replace("backfills:", later + "backfills:")
    catalog = load(f"{text}{own}\n")
    about = stack_estate(synthesize(catalog, environment, tmp_path)["schedules"], [], TODAY)
    theirs = {
        (one.rule.name, one.resource.name, one.messages)
        for one in judge_all([rule for rule in RULES if rule.name in TIMED], about)
        if one.outcome is Outcome.FAILED
    }
    mine = {(one.rule, one.subject.removeprefix("jobs."), (one.message,)) for one in findings(catalog, TODAY)}
    assert mine == theirs
    assert {rule for rule, _, _ in mine} == expected


def test_what_nobody_waives_is_judged_the_same_without_what_is_waived() -> None:
    one = "waive: [{rule: stagger, reason: r, owner: o, until: 2026-11-23}]"
    later = JOB_TOO.replace("fetch:", "again:").replace('"0 * * * *"', '"7 * * * *"').replace("/x", "/y")
    text = CLEAN.replace("[append, mutate]", "[truncate]").replace("    runs:", f"    {one}\n    runs:", 1)
    about = estate(load(text.replace("backfills:", f"{later}backfills:")), TODAY)
    every = {(one.rule.name, one.resource.name): one for one in judge_all(RULES, about)}
    others = {(one.rule.name, one.resource.name): one for one in judge_all(RULES, about, with_waived=False)}
    gone = every.keys() - others.keys()
    assert others == {key: verdict for key, verdict in every.items() if key not in gone}
    waived = {key for key, one in every.items() if one.outcome is Outcome.WAIVED}
    assert waived
    assert waived <= gone
    assert {every[key].outcome for key in gone} <= {Outcome.WAIVED, Outcome.PASSED}
    assert Outcome.FAILED in {one.outcome for one in others.values()}


def test_the_clean_catalog_has_no_findings(clean_catalog: Catalog) -> None:
    assert findings(clean_catalog, TODAY) == []


def test_a_finding_says_where_in_the_catalog() -> None:
    [found] = findings(load(CLEAN), TODAY)
    assert str(found) == (
        'catalog/p/a.yaml:10: stagger: jobs.fetch: "0 * * * *" starts a writer of raw.games outside minutes 15 and 45 of '
        "p's rules; move it, or waive the rule"
    )


def test_findings_are_in_the_order_of_the_files() -> None:
    renamed = {"fetch:": "again:", "load": "load2", "games:": "games2:", "web": "web2", "standard": "other"}
    second = QUIET.replace("/x", "/2025")
    for old, new in renamed.items():
        second = second.replace(old, new)
    found = findings(load(second, CLEAN), TODAY)
    assert [(one.source.file[-6:], one.source.line, one.rule) for one in found] == sorted(
        (one.source.file[-6:], one.source.line, one.rule) for one in found
    )
    assert [one.rule for one in found] == ["year", "stagger"]


def test_a_waiver_of_a_service_counts_for_its_jobs_and_is_judged_where_it_is_written() -> None:
    one = "{rule: stagger, reason: r, owner: o, until: 2026-11-23}"
    text = CLEAN.replace("web: {kind: run}", f"web: {{kind: run, waive: [{one}]}}", 1)
    assert findings(load(text), TODAY) == []
    assert [(found.rule, found.subject) for found in findings(load(text), date(2026, 11, 24))] == [
        ("waiver-ended", "services.web"),
        ("stagger", "jobs.fetch"),
    ]


SHARED = "{rule: stagger, reason: r, owner: o, until: 2099-01-01}"


@pytest.mark.parametrize("of", ["service", "processor"])
def test_a_waiver_of_what_platforms_share_counts_for_the_jobs_of_the_one_that_wrote_it(of: str) -> None:
    written = {"service": "web: {kind: run}", "processor": "load: {service: web, tables: {raw.games: [append, mutate]}}"}[of]
    here = CLEAN.replace(written, f"{written[:-1]}, waive: [{SHARED}]}}", 1)
    there = "jobs:\n" + CLEAN.partition("jobs:\n")[2].partition("backfills:")[0].replace("fetch:", "theirs:", 1)
    for name, whole in {"retry: standard": "p/standard", "service: web": "p/web", "[load]": "[p/load]"}.items():
        there = there.replace(name, f"{name.partition(' ')[0]} {whole}" if ":" in name else whole)
    known = beside(p=here, q=there)
    assert [one.subject for one in findings(known, TODAY) if one.rule == "stagger"] == ["jobs.theirs"]
    own = there.replace("    runs:", f"    waive: [{SHARED}]\n    runs:", 1)
    assert [one.subject for one in findings(beside(p=here, q=own), TODAY) if one.rule == "stagger"] == []


def test_every_entry_that_waives_something_is_judged() -> None:
    one = "waive: [{rule: staggr, reason: r, owner: o, until: 2099-01-01}]"
    text = QUIET.replace("[append, mutate]}", f"[append, mutate]}}, {one}", 1)
    text = text.replace("    expect: 3h\n", f"    expect: 3h\n    {one}\n", 1).replace("    runs:", f"    {one}\n    runs:", 1)
    about = estate(load(text), TODAY)
    assert {one.name for one in about.resources.values() if one.kind == DECLARED and "waive" in one.facts} == {
        "processors.load",
        "jobs.fetch",
        "backfills.games",
    }
    assert [found.subject for found in findings(load(text), TODAY) if found.rule == "waiver"] == [
        "processors.load",
        "jobs.fetch",
        "backfills.games",
    ]


def test_a_waiver_in_the_catalog_is_what_tests_of_rules_write() -> None:
    """The shape that the tables of `rules/` use is the real one."""
    text = CLEAN.replace(
        "    runs:", "    waive: [{rule: stagger, reason: it is the newest, owner: data, until: 2026-12-31}]\n    runs:", 1
    )
    about = jobs(estate(load(text), TODAY))["fetch"]
    assert about.facts.values["waive"] == waive()["waive"]


def test_what_no_stagger_can_ask_is_told_once_and_fails_nothing() -> None:
    often = CLEAN.replace('"0 * * * *"', '"*/10 * * * *"', 1)
    found = judged(load(often), TODAY)
    assert (found.new, found.notes) == (
        (),
        ("1 job starts more often in an hour than there are stagger minutes in p's rules, which don't judge it: fetch",),
    )
    assert judged(load(CLEAN), TODAY).notes == ()
