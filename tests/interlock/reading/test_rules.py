"""The rules of a platform: what it says, what goes without saying, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interlock.platform_rules import PlatformRules, Stagger, rules_of
from tests.interlock.catalogs import GOOD, beside, changed, load, problems

OWN = "rules: {stagger: {minutes: [5, 35], within: 2m}, lead: 10m, apart: 0m, starts_per_minute: 3, was: days}\n"


def test_a_platform_says_its_own_and_the_others_keep_what_goes_everywhere() -> None:
    found = beside(p=GOOD + OWN, q="services:\n  own: {kind: run}\n")
    assert rules_of(found, "p") == PlatformRules(
        name="p",
        stagger=Stagger(minutes=frozenset({5, 35}), within=timedelta(minutes=2)),
        lead=timedelta(minutes=10),
        apart=timedelta(0),
        starts_per_minute=3,
        was="days",
    )
    assert rules_of(found, "q") == PlatformRules(name="q")


@pytest.mark.parametrize("text", ["rules:\n", "rules: {}\n", "rules: {stagger: {within: 0m}}\n", "rules: {stagger: {}}\n"])
def test_what_is_not_said_is_as_everywhere(text: str) -> None:
    assert rules_of(load(GOOD + text), "p") == PlatformRules(name="p")


@pytest.mark.parametrize("word", ["off", "'off'", "false"])
def test_a_stagger_can_be_off(word: str) -> None:
    assert rules_of(load(GOOD, f"rules: {{stagger: {word}}}\n"), "p").stagger.minutes == frozenset()


def test_services_bear_what_the_platform_says_unless_they_say_it() -> None:
    found = load(changed("queue: {kind: topic}", "queue: {kind: topic, starts_per_minute: 9}") + OWN)
    assert {name: service.starts_per_minute for name, service in found.services.items()} == {"web": 3, "queue": 9, "batch": 3}


WRONG = {
    "stager: off": "rules.stager: unknown key; did you mean stagger? Allowed: stagger, lead, apart, starts_per_minute, was",
    "stagger: on": "rules.stagger: on is no stagger; write off, or {minutes: [15, 45], within: 0m}",
    "stagger: {minuts: [1]}": "rules.stagger.minuts: unknown key; did you mean minutes? Allowed: minutes, within",
    "stagger: {minutes: []}": "rules.stagger: a mapping has no minutes; write off for no stagger at all",
    "stagger: {minutes: [60]}": "rules.stagger.minutes[0]: 60 is too high; allowed: 59 or less",
    "stagger: {within: 30m}": "rules.stagger.within: '30m' is too long; allowed: 0s to 29m",
    "lead: 7h": "rules.lead: '7h' is too long; allowed: 0s to 6h",
    "apart: 15": "rules.apart: 15 is no duration; write one like 45s, 1.5s, 10m, 30h or 4d",
    "starts_per_minute: 0": "rules.starts_per_minute: 0 is too low; allowed: 1 or more",
    "was: never": "rules.was: 'never' is not allowed; allowed: same, days or free",
    "was: ": "rules.was: has no value; write one, or leave the key out",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_rules_that_are_wrong(text: str, said: str) -> None:
    assert problems(GOOD, f"rules: {{{text}}}\n") == [f"b.yaml:1: {said}"]


def test_a_platform_has_its_rules_in_one_file() -> None:
    assert problems(GOOD + OWN, OWN) == [
        "b.yaml:1: rules: p has its rules already, in catalog/p/a.yaml:27; write them in one of the two files"
    ]
    assert len(beside(p=GOOD + OWN, q=OWN).rules) == 2


@pytest.mark.parametrize(
    ("minutes", "within", "said"),
    [
        ({15, 45}, 0, "minutes 15 and 45"),
        ({0}, 0, "minute 0"),
        ({0}, 3, "minutes 57-3"),
        ({10, 30, 50}, 1, "minutes 9-11, 29-31 and 49-51"),
        ({10, 12}, 1, "minutes 9-13"),
        ({15, 45}, 29, "minutes 0-59"),
        (set(), 5, "off"),
    ],
)
def test_minutes_in_words(minutes: set[int], within: int, said: str) -> None:
    assert str(Stagger(minutes=frozenset(minutes), within=timedelta(minutes=within))) == said
