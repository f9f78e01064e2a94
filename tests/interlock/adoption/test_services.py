"""Whose account it is, which service a job leads to, and what a topic starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from interlock.adoption.services import Push, who_is_who
from interlock.catalog import Catalog, ServiceKind
from interlock.inventory import Deployed, Form
from interlock.reading.files import load_environment
from tests.interlock.catalogs import GOOD, changed, load

ENVIRONMENT = load_environment(Path(__file__).parents[3] / "environments", "local")
DEFAULT = "100000000000-compute@developer.gserviceaccount.com"
WEB = Deployed(
    name="web",
    region="us-west2",
    form=Form.SERVICE,
    urls=("https://web-100000000000.us-west2.run.invalid",),
    service="p/web",
    account="w@p",
)
SUMS = Deployed(
    name="sums", region="us-west2", form=Form.SERVICE, urls=("https://sums.invalid",), service="p/sums", account="s@p"
)
QUEUE = f"projects/{ENVIRONMENT.project}/topics/queue"
PUSH = Push(topic=QUEUE, endpoint="https://sums.invalid/push?x=y")
TO_TOPIC = changed("    deadline: 180s\n", "").replace("{service: web, path: /x}", "{service: queue}")
TO_RUN_JOB = changed("{service: web, path: /x}", "{service: batch}")


@pytest.mark.parametrize(
    ("catalog", "deployed", "pushes", "services"),
    [
        pytest.param(load(GOOD), [WEB, SUMS], [], ("web",), id="what it calls"),
        pytest.param(load(GOOD), [SUMS], [], (), id="what it calls was not found"),
        pytest.param(load(TO_TOPIC), [WEB, SUMS], [PUSH], ("sums",), id="a push"),
        pytest.param(
            load(TO_TOPIC),
            [WEB, SUMS],
            [PUSH, replace(PUSH, endpoint=f"{WEB.urls[0]}/b")],
            ("sums", "web"),
            id="two pushes of a topic",
        ),
        pytest.param(load(TO_TOPIC), [SUMS], [replace(PUSH, topic=f"{QUEUE}-2")], (), id="another topic"),
        pytest.param(load(TO_TOPIC), [SUMS], [replace(PUSH, endpoint="https://sums.invalid.evil")], (), id="a host like it"),
        pytest.param(
            load(TO_TOPIC),
            [Deployed(name="fn", region="us-west2", form=Form.FUNCTION, topic=QUEUE)],
            [],
            ("fn",),
            id="a function that the topic starts",
        ),
        pytest.param(
            load(TO_RUN_JOB), [Deployed(name="batch", region="us-west2", form=Form.RUN_JOB)], [], ("batch",), id="a run job"
        ),
    ],
)  # fmt: skip
def test_what_a_job_leads_to(catalog: Catalog, deployed: list[Deployed], pushes: list[Push], services: tuple[str, ...]) -> None:
    assert who_is_who(catalog, ENVIRONMENT, deployed, pushes, DEFAULT).called == {"fetch": services}


def test_a_service_has_the_name_that_the_catalog_has_for_its_url() -> None:
    elsewhere = Deployed(name="web-v2", region="us-west2", form=Form.SERVICE, urls=WEB.urls, service="p/web-v2", account="w@p")
    known = who_is_who(load(GOOD), ENVIRONMENT, [elsewhere], [], DEFAULT)
    assert (known.accounts, known.kinds) == ({"w@p": ("web",)}, {"web": ServiceKind.RUN})


def test_a_service_that_names_no_account_has_googles() -> None:
    twins = [
        Deployed(name=name, region="us-west2", form=Form.FUNCTION, account=account)
        for name, account in (("a", ""), ("b", DEFAULT))
    ]
    assert who_is_who(load(GOOD), ENVIRONMENT, twins, [], DEFAULT).accounts == {DEFAULT: ("a", "b")}


def test_one_service_in_two_regions_is_one_service() -> None:
    twins = [Deployed(name="web", region=region, form=Form.SERVICE, service=region, account="w@p") for region in ("a", "b")]
    assert who_is_who(load(GOOD), ENVIRONMENT, twins, [], DEFAULT).accounts == {"w@p": ("web",)}


def test_the_service_behind_a_function_is_not_another_that_shares_its_account() -> None:
    behind = Deployed(name="fn", region="us-west2", form=Form.SERVICE, service="p/fn", account="f@p")
    function = Deployed(name="fn", region="us-west2", form=Form.FUNCTION, service="p/fn", account="f@p")
    assert who_is_who(load(GOOD), ENVIRONMENT, [behind, function], [], DEFAULT).accounts == {"f@p": ("fn",)}
