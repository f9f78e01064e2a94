"""Names are those of a platform's folder: a bare one means its own entry, and another platform's is written platform/name."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from interlock.reading.folder import catalog_of
from interlock.reading.problems import SourceError
from tests.interlock.catalogs import GOOD, beside, problems_beside

JOB = """\
jobs:
  orders:
    description: Fetches orders
    owner: shop
    region: us-west2
    schedule: "20 * * * *"
    time_zone: Etc/UTC
    deadline: 180s
    retry: {retry}
    target: {{service: {service}}}
    runs: [{runs}]
"""


def shop(*, retry: str = "unset", service: str = "own", runs: str = "", more: str = "") -> str:
    return f"services:\n  own: {{kind: run}}\n{JOB.format(retry=retry, service=service, runs=runs)}{more}"


OWN_RETRY = "retry_profiles:\n  standard: {attempts: 1}\n"
OWN_LOAD = "processors:\n  load: {service: own, tables: {shop.orders: [append]}}\n"


def test_a_bare_name_means_what_the_folder_has_and_another_platform_s_says_so() -> None:
    own = beside(p=GOOD, shop=shop(retry="standard", runs="load", more=OWN_RETRY + OWN_LOAD))
    assert (own.jobs["fetch"].runs, own.jobs["orders"].runs) == (("p/load",), ("shop/load",))
    profiles = [job.retry for job in own.jobs.values()]
    assert [one and (one.name, one.platform, one.attempts) for one in profiles] == [
        ("p/standard", "p", 3),
        ("shop/standard", "shop", 1),
    ]
    assert sorted(own.processors) == ["p/load", "shop/load"]
    theirs = beside(p=GOOD, shop=shop(retry="p/standard", service="p/web", runs="p/load", more=OWN_RETRY + OWN_LOAD))
    job = theirs.jobs["orders"]
    assert (job.runs, job.retry and job.retry.attempts, job.target.service.name) == (("p/load",), 3, "web")


def test_a_name_that_one_platform_has_alone_is_called_by_it() -> None:
    found = beside(p=GOOD, shop=shop(retry="p/standard", runs="p/load"))
    assert (list(found.processors), list(found.retry_profiles)) == (["load"], ["standard"])
    assert found.jobs["orders"].runs == ("load",)


def test_a_folder_may_write_its_own_platform_too() -> None:
    assert beside(p=GOOD, shop=shop(service="shop/own")).jobs["orders"].target.service.name == "own"


@pytest.mark.parametrize("runs", ["load, shop/load", "shop/load, load"])
def test_a_name_with_its_platform_and_without_is_written_twice(runs: str) -> None:
    assert problems_beside(p=GOOD, shop=shop(runs=runs, more=OWN_LOAD)) == [
        "shop/a.yaml:13: jobs.orders.runs[1]: names 'shop/load' twice, with its platform and without; leave one out"
    ]


def test_a_chain_goes_over_platforms_where_it_says_so() -> None:
    after = "processors:\n  load: {service: own, after: [p/load]}\n  mart: {service: p/web, after: [load]}\n"
    found = beside(p=GOOD, shop=shop(more=after))
    assert (found.processors["shop/load"].after, found.processors["mart"].after) == (("p/load",), ("shop/load",))
    assert found.processors["mart"].service == "web"


KEPT = (
    "backfills:\n  all: {description: d, owner: o, expect: 1h, tables: {raw.games: [mutate]}, protect: [outputs], "
    "keep: [KEEP]}\n"
)


@pytest.mark.parametrize(
    ("text", "where", "kind", "name"),
    [
        (shop(retry="standard"), "11: jobs.orders.retry", "retry profile", "standard"),
        (shop(service="web"), "12: jobs.orders.target.service", "service", "web"),
        (shop(runs="load"), "13: jobs.orders.runs[0]", "processor", "load"),
        (shop(more="    decides: [load]\n"), "14: jobs.orders.decides[0]", "processor", "load"),
        (shop(more="    pair_with: [fetch]\n"), "14: jobs.orders.pair_with[0]", "job", "fetch"),
        (shop(more="processors:\n  mart: {service: web}\n"), "15: processors.mart.service", "service", "web"),
        (
            shop(more="processors:\n  mart: {service: own, after: [load]}\n"),
            "15: processors.mart.after[0]",
            "processor",
            "load",
        ),
        (shop(more=KEPT.replace("KEEP", "{job: fetch, reason: r}")), "15: backfills.all.keep[0].job", "job", "fetch"),
    ],
)
def test_a_bare_name_of_another_platform_is_an_error_that_says_what_to_write(
    text: str, where: str, kind: str, name: str
) -> None:
    expected = f"shop/a.yaml:{where}: there is no {kind} {name!r} in shop; p has one: write p/{name}"
    assert problems_beside(p=GOOD, shop=text) == [expected]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        pytest.param("load", "in shop; did you mean lod? p has one: write p/load", id="a near one of its own comes first"),
        pytest.param("lode", "; did you mean lod?", id="its own is nearer than that of another platform"),
        pytest.param("p/lode", "; did you mean p/load?", id="misspelled in another platform"),
        pytest.param("q/load", "; did you mean p/load?", id="of a platform that is not there"),
    ],
)
def test_what_was_meant_perhaps(runs: str, said: str) -> None:
    [found] = problems_beside(p=GOOD, shop=shop(runs=runs, more="processors:\n  lod: {service: own}\n"))
    assert found.startswith(f"shop/a.yaml:13: jobs.orders.runs[0]: there is no processor '{runs}'")
    assert found.endswith(said)


def test_a_near_one_of_another_platform_is_named_with_it() -> None:
    [found] = problems_beside(p=GOOD, shop=shop(runs="lode"))
    assert found == "shop/a.yaml:13: jobs.orders.runs[0]: there is no processor 'lode'; did you mean p/load?"


def test_what_is_no_reference_is_said_to_be_none() -> None:
    [found] = problems_beside(p=GOOD, shop=shop(runs="a/b/c"))
    assert found.endswith("beginning with a letter, at most 100; of another platform write platform/name")


def test_a_default_of_another_platform_is_one_problem_of_its_file() -> None:
    text = "defaults: {retry: standard}\n" + shop().replace("    retry: unset\n", "")
    assert problems_beside(p=GOOD, shop=text) == [
        "shop/a.yaml:1: defaults.retry: there is no retry profile 'standard' in shop; p has one: write p/standard"
    ]
    assert problems_beside(p=GOOD, shop=text.replace("standard", "p/standard")) == []


@pytest.mark.parametrize(
    ("more", "kind", "line"),
    [
        pytest.param("services:\n  web: {kind: run}\n", "service", 4, id="a service"),
        pytest.param(KEPT.replace("all:", "games:").replace(", keep: [KEEP]", ""), "backfill", 21, id="a backfill"),
    ],
)
def test_what_is_a_scope_has_a_name_of_its_own_over_all_platforms(more: str, kind: str, line: int) -> None:
    [found] = problems_beside(p=GOOD, shop=more)
    assert found.endswith(
        f"there is a {kind} of this name already, in catalog/p/a.yaml:{line}; a {kind} is a scope of the whole catalog, so "
        "choose another"
    )


def test_a_name_that_a_platform_uses_twice_is_an_error() -> None:
    text = shop(more=OWN_LOAD)
    files = {PurePosixPath("shop/a.yaml"): text.encode(), PurePosixPath("shop/b.yaml"): OWN_LOAD.encode()}
    with pytest.raises(
        SourceError, match=r"shop/b.yaml:2: processors.load: there is a processor of this name already, in .*a.yaml:15"
    ):
        catalog_of("catalog", files)


def test_in_a_catalog_of_the_past_a_bare_name_meant_that_of_any_folder() -> None:
    files = {PurePosixPath("p/a.yaml"): GOOD, PurePosixPath("shop/a.yaml"): shop(retry="standard", service="web", runs="load")}
    found = catalog_of("catalog", {path: text.encode() for path, text in files.items()}, past=True)
    assert (found.jobs["orders"].runs, found.jobs["orders"].target.service.name) == (("load",), "web")
