"""An environment that acts on a real project refuses what is only a sample, all of it at once, each with its line."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from interlock.pasted import LOCAL
from interlock.reading.environment_file import parse_environment
from interlock.reading.fit import check_both_ways
from interlock.reading.located import parse
from interlock.reading.problems import SourceError
from interlock.reading.samples import samples
from tests.interlock.production import FILLED, SHIPPED, UNFILLED, filled_in
from tests.shop import shop

FILE = "environments/production.yaml"


def problems(text: str, name: str = "production") -> list[str]:
    try:
        parse_environment(name, text, FILE)
    except SourceError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_the_repositorys_file_is_the_shipped_one_or_filled_in_by_somebody() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert text == UNFILLED or problems(text) == []


def test_the_shipped_file_is_refused_with_every_sample_in_it_and_its_line() -> None:
    text = UNFILLED
    lines = [number for number, line in enumerate(text.splitlines(), 1) if any(one in line.split(" #")[0] for one in FILLED)]
    lines = [number for number in lines if not text.splitlines()[number - 1].lstrip().startswith("#")]
    assert [int(re.findall(r":(\d+):", one)[0]) for one in problems(text)] == lines
    assert problems(filled_in()) == []


@pytest.mark.parametrize("sample", FILLED)
def test_one_sample_that_is_left_is_refused(sample: str) -> None:
    assert problems(filled_in().replace(FILLED[sample], sample)) != []


def test_who_only_judges_may_read_it_and_hears_what_is_missing() -> None:
    text = UNFILLED
    assert list(parse_environment("production", text, FILE, unfilled=True).unfilled) == problems(text)
    assert parse_environment("production", filled_in(), FILE).unfilled == ()


def test_the_local_environment_is_made_of_samples_and_every_other_has_none() -> None:
    text = (SHIPPED.parent / "local.yaml").read_text(encoding="utf-8")
    assert problems(text, LOCAL) == []
    assert len(problems(text, "staging")) > 2


def test_samples_are_said_beside_what_is_wrong_otherwise() -> None:
    found = problems(filled_in().replace("max_hold: 4d", "max_hold: 4x").replace("on-call@acme.dev", "on-call@example.org"))
    assert ["max_hold" in one or "example.org" in one for one in found] == [True, True]


def samples_of(text: str) -> list[str]:
    document, _ = parse(yaml.safe_dump({"a": {"b": [text]}}), FILE)
    return [problem.message for problem in samples(document)]


@pytest.mark.parametrize(
    "text",
    """
    on-call@example.com me@EXAMPLE.ORG a@mail.example.net. x@acme.example x@acme.test x@site.invalid
    https://localhost/x http://localhost:8080 https://api.localhost https://user@printer.local/ http://[::1]/
    http://127.0.0.1:8080 https://192.0.2.7/x https://203.0.113.9 group:data@example.com http://[2001:db8::1]/
    my-project my-project-id my_project projects/my-project/topics/alerts your-project-id-flags your-bucket
    REPLACE REPLACE_ME CHANGE_ME changeme change-me <project> <...> PROJECT_ID TODO FIXME ... 000000000000
    111111111 123456789012 1234567 projects/example-project/notificationChannels/1
    projects/acme/notificationChannels/1234567890 x@your-project-id.iam.gserviceaccount.com
    """.split(),  # noqa: SIM905 - a list of fifty in quotes is unreadable
)
def test_a_sample(text: str) -> None:
    [message] = samples_of(text)
    assert message.startswith("a.b[0]: ")


@pytest.mark.parametrize(
    "text",
    """
    on-call@acme.dev x@examples.com x@example.co x@notexample.com https://test.acme.dev https://x.run.app
    https://contest https://latest.acme.dev/v1 https://10.0.0.7/x x@example.com.au https://localhost.acme.dev
    my-project-70881 acme-project myproject project-identity tomy-project acme-props-platform todos-app
    replacement-service exchange-members https://{service}-{project_number}.{region}.run.app changed-events
    420981337220 12345 1234567890123456789 100000 00000 allstars sampled-events data-platform 4d
    """.split(),  # noqa: SIM905 - a list of fifty in quotes is unreadable
)
def test_no_sample(text: str) -> None:
    assert samples_of(text) == []


@given(st.lists(st.sampled_from(sorted(FILLED)), unique=True))
def test_what_is_named_is_what_is_left(left: list[str]) -> None:
    text = filled_in()
    for sample in left:
        text = text.replace(FILLED[sample], sample)
    lines = {number for number, line in enumerate(text.splitlines(), 1) if line not in filled_in().splitlines()}
    comments = {number for number, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith("#")}
    assert {int(re.findall(r":(\d+):", one)[0]) for one in problems(text)} == lines - comments


@pytest.mark.parametrize(
    ("service", "then"),
    [
        pytest.param("shop-import", "; did you mean shop-importer?", id="a typo"),
        pytest.param("zzz", "; write its name as the catalog does, or take the line out", id="like no service"),
    ],
)
def test_the_url_of_a_service_that_the_catalog_does_not_have_is_refused_where_it_stands(service: str, then: str) -> None:
    text = filled_in().replace("service_urls: {}", f"service_urls:\n  {service}: https://x.acme.dev")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if f"  {service}: " in line)
    with pytest.raises(SourceError) as caught:
        check_both_ways(shop(), parse_environment("production", text, FILE))
    assert [str(one) for one in caught.value.problems] == [
        f"{FILE}:{line}: service_urls.{service}: the catalog has no service {service}{then}"
    ]


def test_the_url_of_a_service_that_the_catalog_has_is_taken() -> None:
    name = next(iter(shop().services))
    text = filled_in().replace("service_urls: {}", f"service_urls: {{{name}: https://x.acme.dev}}")
    check_both_ways(shop(), parse_environment("production", text, FILE))
