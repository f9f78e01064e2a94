"""Waivers: what they excuse, until when, and which of them are mistakes."""

from __future__ import annotations

import pytest

from interlock.findings import REVIEWED
from policies.rules import RULES
from policies.rules.estate import DECLARED, Origin
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, estate, job, resource, said, verdict, waive

WRITES = {"writes": {"raw.games": ["mutate"]}, "backfilled": ["raw.games"]}


def outcome(rule: str, **facts: Some) -> tuple[Outcome, tuple[str, ...]]:
    """Of a job that breaks the stagger."""
    found = verdict(rule, estate(job(schedule="0 * * * *", facts={**WRITES, **facts})))
    assert found is not None
    return found.outcome, found.messages


@pytest.mark.parametrize("until", ["2026-11-23", "2099-01-01"])
def test_a_waiver_excuses_up_to_and_including_its_day_and_says_what(until: str) -> None:
    found, messages = outcome("stagger", **waive(until=until))
    assert found is Outcome.WAIVED
    assert messages[0] == f"waived by data until {until}: it is the newest"
    assert messages[1].startswith('"0 * * * *" starts a writer of raw.games outside minutes 15 and 45')


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        pytest.param({"rule": "staggr"}, "waives unknown rule 'staggr'; known: ", id="an unknown rule"),
        pytest.param({"rule": "waiver"}, "waives unknown rule 'waiver'; known: ", id="the rule about waivers"),
        pytest.param({"reason": ABSENT}, 'the waiver of "stagger" has no reason; write one', id="no reason"),
        pytest.param({"reason": "  "}, 'the waiver of "stagger" has no reason; write one', id="blanks for a reason"),
        pytest.param({"owner": None, "until": ABSENT}, 'has no owner and no until; write one', id="no owner and no end"),
        pytest.param({"until": "next year"}, 'is until "next year", which is no date; write one like 2027-01-31', id="no day"),
        pytest.param({"until": 20270131}, "until is 20270131, which is not a text", id="a number for a day"),
        pytest.param({"rule": ["stagger"]}, "rule is ['stagger'], which is not a text", id="a list of rules"),
        pytest.param({"rule": "\x1b[2J" + "x" * 9_000}, "waives unknown rule", id="a rule that a terminal would obey"),
    ],
)  # fmt: skip
def test_a_waiver_that_is_a_mistake_is_a_finding_and_excuses_nothing(changed: dict[str, Some], mistake: str) -> None:
    assert outcome("stagger", **waive(**changed))[0] is Outcome.FAILED
    [message] = outcome("waiver", **waive(**changed))[1]
    assert mistake in message
    assert message.isprintable()


def test_a_waiver_that_has_ended_is_a_finding_of_its_own_and_excuses_nothing() -> None:
    ended = waive(until="2026-11-22")
    assert outcome("stagger", **ended)[0] is Outcome.FAILED
    assert outcome("waiver", **ended) == (Outcome.PASSED, ())
    message = "waiver of stagger ended on 2026-11-22: it is the newest; renew it or keep the rule"
    assert outcome("waiver-ended", **ended) == (Outcome.FAILED, (message,))


@pytest.mark.parametrize("rule", ["stagger", "order", "pair"])
def test_a_waiver_may_name_a_rule_or_what_a_review_finds(rule: str) -> None:
    assert said("waiver", job(facts=waive(rule))) == []


@pytest.mark.parametrize("rule", ["waiver", "waiver-ended"])
def test_a_good_waiver_is_no_finding(rule: str) -> None:
    assert outcome(rule, **waive()) == (Outcome.PASSED, ())


def test_the_known_rules_are_all_but_those_about_waivers() -> None:
    [message] = outcome("waiver", **waive("staggr"))[1]
    known = message.partition("known: ")[2].split(", ")
    assert sorted([*known, "waiver", "waiver-ended"]) == sorted([*REVIEWED, *(rule.name for rule in RULES)])


def test_a_waiver_excuses_its_own_rule_and_no_other() -> None:
    assert outcome("stagger", **waive("gap"))[0] is Outcome.FAILED


def test_no_waiver_excuses_another_one() -> None:
    both = [*waive("waiver")["waive"], *waive("waiver-ended")["waive"], *waive(until="2020-01-01")["waive"]]
    found, messages = outcome("waiver", waive=both)
    assert (found, len(messages)) == (Outcome.FAILED, 2)
    assert outcome("waiver-ended", waive=both)[0] is Outcome.FAILED


def test_a_good_one_beside_a_bad_one_excuses() -> None:
    both = [*waive(until="2020-01-01")["waive"], *waive()["waive"]]
    assert outcome("stagger", waive=both)[0] is Outcome.WAIVED
    assert outcome("waiver-ended", waive=both)[0] is Outcome.FAILED


@pytest.mark.parametrize("junk", ["stagger", 5, ["stagger"], {"rule": "stagger"}, [[]], [None]])
def test_waivers_that_are_no_list_of_blocks_excuse_nothing(junk: Some) -> None:
    assert outcome("stagger", waive=junk)[0] is Outcome.FAILED
    assert outcome("waiver", waive=junk)[0] is Outcome.FAILED


def test_a_value_of_the_wrong_kind_may_be_waived_too() -> None:
    found = verdict("zone", estate(job(time_zone=5, facts=waive("zone"))))
    assert found is not None
    assert found.outcome is Outcome.WAIVED


def test_in_a_catalog_a_waiver_is_judged_where_it_is_written() -> None:
    """The jobs of a service carry its waivers, too; the mistake is said once."""
    mistake = waive("staggr")
    service = resource(DECLARED, "services.web", facts=mistake)
    about = estate(job(facts=mistake), service, origin=Origin.CATALOG)
    found = {address: one.outcome for address in about.resources if (one := verdict("waiver", about, address))}
    assert found == {job().address: Outcome.PASSED, service.address: Outcome.FAILED}


def test_what_waives_nothing_is_not_judged() -> None:
    assert verdict("waiver", estate(job())) is None
    assert said("waiver", job(facts=waive())) == []
