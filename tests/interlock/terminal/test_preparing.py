"""Bootstrap: the first APIs, the wait until they answer, then the bucket; over a project in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from interlock.apis import FIRST
from interlock.gcp import CloudError
from interlock.gcp.project import Resource
from interlock.gcp.session import Refusal
from interlock.terminal import preparing
from tests.interlock.cloud import environment
from tests.interlock.memory_project import off


@dataclass
class Turning:
    """A project whose APIs answer only so many looks after they were turned on."""

    on: set[str] = field(default_factory=set)
    after: int = 0
    refuses: Refusal | None = None
    lacks: frozenset[str] = frozenset()
    looks: int = 0
    turned_on: list[str] = field(default_factory=list)

    def granted(self, _: Resource, permissions: Iterable[str]) -> frozenset[str] | None:
        return frozenset(permissions) - self.lacks

    def enabled(self) -> frozenset[str]:
        if self.refuses:
            raise self.refuses
        return frozenset(self.on)

    def enable(self, apis: Sequence[str]) -> None:
        self.turned_on += apis
        self.on |= {*apis}

    def is_off(self, api: str) -> bool:
        self.looks += api == self.turned_on[0]
        return self.looks <= self.after


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The buckets that are made."""
    buckets = list[str]()
    monkeypatch.setattr(preparing, "ensure_state_bucket", lambda _project, bucket, _where: buckets.append(bucket) or True)
    return buckets


def test_all_that_is_off_is_turned_on_and_waited_for_before_the_bucket_is_made(made: list[str]) -> None:
    project, slept = Turning(on={"storage"}, after=3), list[float]()

    def sleep(seconds: float) -> None:
        assert made == [], "the bucket waits"
        slept.append(seconds)

    turned_on, is_made = preparing.bootstrap(environment(), project, sleep)
    assert turned_on == project.turned_on == [api for api in FIRST if api != "storage"]
    assert slept == [preparing.PAUSE_SECONDS] * 3
    assert is_made
    assert made == [environment().state_bucket]


def test_what_is_on_is_left_alone(made: list[str]) -> None:
    project = Turning(on={*FIRST, "run"})
    assert preparing.bootstrap(environment(), project, lambda _: None) == ([], True)
    assert project.turned_on == []
    assert made


def test_an_api_that_never_answers_is_said_and_no_bucket_is_made(made: list[str]) -> None:
    project, slept = Turning(after=preparing.TRIES + 1), list[float]()
    with pytest.raises(CloudError, match="serviceusage, cloudresourcemanager, iam, storage still refuse after 10 minutes"):
        preparing.bootstrap(environment(), project, slept.append)
    assert sum(slept) == 600
    assert made == []


def test_service_usage_that_is_off_itself_is_turned_on_by_gcloud(made: list[str]) -> None:
    with pytest.raises(CloudError, match=r"run: gcloud services enable serviceusage\.googleapis\.com cloudresourcemanager"):
        preparing.bootstrap(environment(), Turning(refuses=off("serviceusage")), lambda _: None)
    assert made == []


def test_another_refusal_is_passed_on(made: list[str]) -> None:
    with pytest.raises(Refusal, match="broken"):
        preparing.bootstrap(environment(), Turning(refuses=Refusal("serviceusage", 500, "broken")), lambda _: None)
    assert made == []


def test_who_may_not_turn_on_apis_hears_the_line_for_who_may(made: list[str]) -> None:
    with pytest.raises(CloudError, match=r"lacks a right; who may, runs: gcloud services enable serviceusage\.googleapis"):
        preparing.bootstrap(environment(), Turning(refuses=Refusal("serviceusage", 403, "lacks a right")), lambda _: None)
    assert made == []


@pytest.mark.parametrize("right", preparing.BOOTSTRAP_TAKES)
def test_bootstrap_asks_whether_it_may_before_it_begins(made: list[str], right: str) -> None:
    project = Turning(lacks=frozenset({right, "pubsub.topics.create"}))
    with pytest.raises(CloudError, match=rf"lacks {right} on .+; nothing is done; run: .*interlock roles --actor deployer"):
        preparing.bootstrap(environment(), project, lambda _: None)
    assert (project.turned_on, made) == ([], [])
