"""What a plan does to jobs: found wrong unless the catalogs, a flag or a hold explain it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from interlock.holds import parse_object_name
from interlock.review.remark import Topic
from interlock.review.review import review
from interlock.terraform.job_changes import JobChange, JobChanges
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, GAMES, PAUSED, edited

PAUSED_GAMES = edited(("    runs: [games]\n", "    runs: [games]\n" + PAUSED))
FLAG = "backfills/summaries@2026-11-26T08:30:00Z.json"
HOLD = "holds/service/scrapers/deploy@2026-11-24T12:00:00Z.json"
ENDED = "holds/service/scrapers/deploy@2026-11-24T08:00:00Z.json"
UNKNOWN = "holds/job/long-gone/x@2026-11-24T12:00:00Z.json"


UNEXPLAINED = "!{}: the plan {} it, and neither catalog, flag nor hold explains that"
UNASKED = "fetch-games: the plan changes its {}, and the catalog does not: changed by hand, or another environment?"
OTHER_COMMIT = "!fetch-games: the plan deletes it, although the catalog has it: is it a plan of another commit?"
REPLACED = (
    "!fetch-games: the plan deletes and creates it because of region: its history is lost, and what it would run in between"
)
TAKEN_BACK = "outside of Terraform; the plan takes that back"
REFUSED = "the plan is refused until it ends or is released"
GONE = "holds fetch-games, which the catalog no longer has; wait for its end, or release it"


known = cache(load)
"""Most of these tests are about the same two catalogs."""


def change(job: str = "fetch-games", *, before: bool | None = False, after: bool | None = True, **more: Any) -> JobChange:
    """An update of `paused`, unless `more` says otherwise."""
    return JobChange(job=job, **{"actions": ("update",), "changed": ("paused",), "paused": (before, after), **more})


def said(
    before: str,
    after: str,
    *,
    jobs: tuple[JobChange, ...] = (),
    drift: tuple[JobChange, ...] = (),
    names: tuple[str, ...] = (),
    ended: tuple[str, ...] = (),
) -> list[str]:
    """The remarks about the plan, findings with a ! before them. `names` are objects that are there, `ended` flags that go."""
    holds, off = ([hold for name in some if (hold := parse_object_name(name))] for some in (names, ended))
    flags = tuple(hold for hold in holds if hold.is_flag)
    plan = JobChanges(
        jobs=jobs,
        drift=drift,
        flags_on=flags,
        flags_off=tuple(off),
        holds=tuple(hold for hold in holds if hold not in flags),
    )
    found = review(known(before), known(after), AT, plan, rules=lambda *_: [])  # what breaks a rule is another topic
    about = {Topic.PLAN, Topic.DRIFT, Topic.HELD}
    return [f"{'!' * remark.is_finding}{remark.subject}: {remark.text}" for remark in found.remarks if remark.topic in about]


@pytest.mark.parametrize(
    ("before", "after", "planned", "names", "expected"),
    [
        pytest.param(BASE, BASE, change(), (), UNEXPLAINED.format("fetch-games", "pauses"), id="a pause that nothing explains"),
        pytest.param(
            BASE,
            BASE,
            change(),
            (FLAG,),
            "fetch-games: the plan pauses it: held by backfill/summaries until 2026-11-26 08:30 UTC",
            id="a pause by a flag",
        ),
        pytest.param(
            BASE,
            BASE,
            change(),
            (HOLD,),
            "fetch-games: the plan pauses it: held by service/scrapers until 2026-11-24 12:00 UTC",
            id="a pause by a hold",
        ),
        pytest.param(
            BASE, BASE, change(), (ENDED,), UNEXPLAINED.format("fetch-games", "pauses"), id="a pause by a hold that has ended"
        ),
        pytest.param(
            BASE,
            BASE,
            change("daily-report"),
            (FLAG, HOLD),
            UNEXPLAINED.format("daily-report", "pauses"),
            id="a pause of a job that no hold covers",
        ),
        pytest.param(
            BASE,
            PAUSED_GAMES,
            change(),
            (),
            "fetch-games: the plan pauses it: the catalog declares it paused: off-season",
            id="a pause that is declared now",
        ),
        pytest.param(
            PAUSED_GAMES,
            PAUSED_GAMES,
            change(),
            (),
            UNEXPLAINED.format("fetch-games", "pauses"),
            id="a pause that was declared before",
        ),
        pytest.param(
            PAUSED_GAMES,
            BASE,
            change(before=True, after=False),
            (),
            "fetch-games: the plan resumes it: the catalog no longer declares it paused",
            id="a resumption that is declared",
        ),
        pytest.param(
            BASE,
            BASE,
            change(before=True, after=False),
            (ENDED,),
            "fetch-games: the plan resumes it: nothing holds it any more after service/scrapers",
            id="a resumption after a hold",
        ),
        pytest.param(
            BASE,
            BASE,
            change(before=True, after=False),
            (),
            UNEXPLAINED.format("fetch-games", "resumes"),
            id="a resumption of a job that nothing ever held, as after a terraform import",
        ),
        pytest.param(
            BASE,
            BASE,
            change("daily-report", before=True, after=False),
            (ENDED,),
            UNEXPLAINED.format("daily-report", "resumes"),
            id="a resumption after a hold of others",
        ),
        pytest.param(
            BASE,
            BASE,
            change(before=True, after=False),
            (HOLD,),
            UNEXPLAINED.format("fetch-games", "resumes"),
            id="a resumption in a hold",
        ),
        pytest.param(
            PAUSED_GAMES,
            PAUSED_GAMES,
            change(before=True, after=False),
            (),
            UNEXPLAINED.format("fetch-games", "resumes"),
            id="a resumption although declared paused",
        ),
        pytest.param(
            BASE,
            BASE,
            change(after=None),
            (),
            "!fetch-games: the plan can't tell whether it will be paused; coordination has to be deployed first",
            id="a state that is not known",
        ),
        pytest.param(
            BASE,
            BASE,
            change(actions=("delete",), changed=(), after=None),
            (),
            OTHER_COMMIT,
            id="a deletion that is not declared",
        ),
        pytest.param(BASE, BASE, change(actions=("delete", "create"), changed=("region",)), (), REPLACED, id="a replacement"),
        pytest.param(
            BASE,
            BASE,
            change(actions=("delete",), deposed=True),
            (),
            "!fetch-games: the plan deletes what an interrupted replacement left of it",
            id="what a replacement left",
        ),
        pytest.param(
            BASE,
            BASE,
            change(after=False, changed=("schedule",)),
            (),
            f"!{UNASKED.format('schedule')}",
            id="a schedule of which the catalog says nothing",
        ),
        pytest.param(
            BASE,
            BASE,
            change(after=False, changed=("http_target",), target_changed=("URL", "account")),
            (),
            f"!{UNASKED.format('target URL and target account')}",
            id="a target of which the catalog says nothing",
        ),
        pytest.param(
            BASE,
            BASE,
            change(after=False, changed=("retry_config",)),
            (),
            UNASKED.format("retry_config"),
            id="retries of which the catalog says nothing",
        ),
        pytest.param(
            BASE,
            edited(("path: /games", "path: /all-games")),
            change(after=False, changed=("http_target",), target_changed=("URL", "account")),
            (),
            f"!{UNASKED.format('target account')}",
            id="an account beside a path that the catalog changes",
        ),
        pytest.param(
            BASE,
            edited(("description: Games of the night", "description: Games")),
            change(after=False, changed=("description", "http_target"), target_changed=("audience",)),
            (),
            f"!{UNASKED.format('target audience')}",
            id="an audience beside a description that the catalog changes",
        ),
    ],
)
def test_what_a_plan_does_is_explained_or_found(
    before: str, after: str, planned: JobChange, names: tuple[str, ...], expected: str
) -> None:
    assert said(before, after, jobs=(planned,), names=names) == [expected]


def test_what_a_plan_makes_and_changes_as_the_catalog_says_is_no_remark() -> None:
    moved = edited(('"15 6 * * *"', '"45 6 * * *"'))
    assert said(BASE, moved, jobs=(change(after=False, changed=("schedule",)),)) == []
    assert said(BASE, BASE, jobs=(change("fetch-games", before=None, after=False, actions=("create",), changed=()),)) == []


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(edited(("path: /games", "path: /all-games")), id="of the job's path"),
        pytest.param(edited(("path: /games", "path: /games, body: {all: true}")), id="of the job's body"),
        pytest.param(
            edited(("{service: scrapers, path: /games}", "{service: marts, path: /games}")), id="of the job's service"
        ),
        pytest.param(edited(("scrapers: {kind: run, starts", "scrapers: {kind: function, starts")), id="of its service's kind"),
    ],
)
def test_a_change_of_the_catalog_explains_one_of_the_target(after: str) -> None:
    parts = ("body", "headers") if "all: true" in after else ("URL",)
    assert said(BASE, after, jobs=(change(after=False, changed=("http_target",), target_changed=parts),)) == []


def test_a_resumption_is_explained_by_the_flag_that_the_plan_takes_away() -> None:
    resumed = change(before=True, after=False)
    assert said(BASE, BASE, jobs=(resumed,), ended=(FLAG,)) == [
        "fetch-games: the plan resumes it: nothing holds it any more after backfill/summaries"
    ]


def test_a_deletion_of_what_neither_catalog_has_is_found() -> None:
    strange = change("stranger", actions=("delete",), changed=(), after=None)
    assert said(BASE, BASE, jobs=(strange,)) == [
        "!stranger: the plan deletes it, and neither side has it: was it deployed from elsewhere?"
    ]


def test_a_deletion_that_the_catalog_says_is_said_once_and_one_that_the_plan_lacks_is_noted() -> None:
    gone = edited((GAMES, ""))
    assert said(BASE, gone, jobs=(change(actions=("delete",), changed=(), after=None),)) == []
    assert said(BASE, gone) == ["the plan: the catalog removes fetch-games, and the plan deletes 0 jobs, not these"]


@pytest.mark.parametrize(
    ("drifted", "names", "expected"),
    [
        pytest.param(
            change(), (), [f"!fetch-games: somebody changed paused from false to true {TAKEN_BACK}"], id="a pause by hand"
        ),
        pytest.param(change(), (HOLD,), [], id="a pause by the coordinator, for a hold"),
        pytest.param(
            change("daily-report", before=True, after=False), (), [], id="a resumption by the coordinator, after a hold"
        ),
        pytest.param(
            change(
                changed=("schedule", "time_zone"), schedule=("15 6 * * *", "0 6 * * *"), time_zone=("Etc/UTC", "Asia/Tokyo")
            ),
            (),
            [
                '!fetch-games: somebody changed schedule from "15 6 * * *" to "0 6 * * *" and time_zone from "Etc/UTC" '
                f'to "Asia/Tokyo" {TAKEN_BACK}'
            ],
            id="a schedule by hand",
        ),
        pytest.param(change(changed=("description",)), (), [], id="a description by hand"),
        pytest.param(
            change(changed=("http_target",), target_changed=("URL", "account", "audience")),
            (),
            [f"!fetch-games: somebody changed its target URL, its target account and its target audience {TAKEN_BACK}"],
            id="another host and another account by hand",
        ),
        pytest.param(
            change(changed=("http_target", "paused"), target_changed=("headers",)),
            (HOLD,),
            [f"!fetch-games: somebody changed its target headers {TAKEN_BACK}"],
            id="headers by hand, in a pause by the coordinator",
        ),
        pytest.param(
            change(actions=("delete",), changed=(), after=None),
            (),
            ["!fetch-games: somebody deleted it outside of Terraform; the plan creates it anew"],
            id="a deletion by hand",
        ),
    ],
)
def test_what_was_changed_outside_is_found_unless_a_hold_explains_it(
    drifted: JobChange, names: tuple[str, ...], expected: list[str]
) -> None:
    # An open window would explain a pause of a scraper, too: here it opens in the evening.
    before = edited(('schedule: "0 8 * * 2"', 'schedule: "0 20 * * 2"'))
    assert said(before, before, drift=(drifted,), names=names) == expected


@pytest.mark.parametrize(
    ("after", "names", "expected"),
    [
        pytest.param(edited((GAMES, "")), (HOLD,), f"!service/scrapers: service/scrapers {GONE}", id="a job that is held"),
        pytest.param(
            edited(("  fetch-games:", "  fetch-more-games:")),
            (FLAG,),
            f"!backfill/summaries: backfill/summaries {GONE}",
            id="a job that a flag holds, renamed",
        ),
        pytest.param(
            BASE,
            (UNKNOWN,),
            f"!job/long-gone: an active hold is on it, {UNKNOWN}; {REFUSED}",
            id="a scope that no catalog has",
        ),
    ],
)
def test_what_is_held_must_not_go(after: str, names: tuple[str, ...], expected: str) -> None:
    assert said(BASE, after, names=names)[0] == expected
