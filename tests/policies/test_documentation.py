"""docs/policies.md is what the rules and the catalog say, and every rule has all that it should."""

from __future__ import annotations

import re

import pytest

from policies.rules import RULES
from policies.rules.rule import Rule
from tests.golden import DOCS


def test_ids_and_names_are_used_once() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"CKV2_ILK_[1-9][0-9]*", rule.id) for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_page_has_one_section_a_rule_under_the_name_that_waivers_use() -> None:
    sections = re.findall(r"^### (.*)$", (DOCS / "policies.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_says_in_one_sentence_what_is_good_and_why(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z][^.\n]*(\.[^ ][^.\n]*)*", rule.outcome), rule.outcome
    assert rule.why.endswith((".", ").", '."')), rule.why
    assert rule.bad != rule.good


def test_the_page_tells_no_way_to_waive_what_cannot_be_waived() -> None:
    page = (DOCS / "policies.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\S+)$(.*?)(?=^### |\Z)", page, re.MULTILINE | re.DOTALL))
    assert {name for name, text in sections.items() if "It can't be waived" in text} == {
        rule.name for rule in RULES if not rule.waivable
    }
