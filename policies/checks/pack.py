"""A check for each rule. checkov knows resources; what a rule needs beyond that, neighbours and waivers, is read from the file.

checkov gives a check one resource and a path that is relative to what it scans, drops the top level's `//`, and a plan has no
`//` at all. So the file is found, read once into an estate, and each resource is judged in it. Whatever can't be judged fails:
checkov itself takes an exception for "unknown" and says nothing of it.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from types import FrameType

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.common.typing import _CheckResult, _SkippedCheck
from checkov.terraform.checks.provider.base_check import BaseProviderCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)  # checkov puts only this folder there; at the end, so that nothing of the repository hides a package

from interlock.catalog import Json
from interlock.zones import ZoneDataError
from policies.from_files import PROVIDER, Unreadable, read_estate
from policies.rules import RULES
from policies.rules.estate import DECLARED, STACK, Estate
from policies.rules.judge import Outcome, judge
from policies.rules.rule import Rule

ADDRESS = "__address__"
"""Where checkov puts the address of a resource of a plan."""
PROVIDERS = (PROVIDER, f"{PROVIDER}-beta")
"""One of which a stack of Google's resources has."""
READ_FILES = 8
"""Estates that are kept: the stacks of an output folder and their plans."""
RESULTS = {
    Outcome.PASSED: CheckResult.PASSED,
    Outcome.FAILED: CheckResult.FAILED,
    Outcome.WAIVED: CheckResult.SKIPPED,
    Outcome.OLD: CheckResult.SKIPPED,
    Outcome.DEFERRED: CheckResult.SKIPPED,
}


class NotFound(ValueError):
    """What is to be judged isn't there: one sentence."""


def guideline(rule: Rule) -> str:
    """Where a rule is explained."""
    return f"docs/policies.md#{rule.name}"


def scanned_path(frame: FrameType | None) -> Path:
    """The file that checkov is scanning: `full_file_path` of the `run_block` that is running, of whichever framework.

    checkov passes no more than a path that is relative to what it was told to scan, and for a plan not that.
    """
    while frame is not None:
        found = frame.f_locals.get("full_file_path") if frame.f_code.co_name == "run_block" else None
        if found is not None:
            return Path(getattr(found, "file_path", found))  # the framework `terraform` has an object around it
        frame = frame.f_back
    raise NotFound("this checkov does not say which file it scans; use the version in requirements/policy.txt")


@lru_cache(maxsize=READ_FILES)
def _read(path: Path, changed_ns: int, today: date) -> Estate | Unreadable:
    """The estate of a file, or why there is none: that, too, is found out once."""
    del changed_ns
    try:
        return read_estate(path, today)
    except Unreadable as unreadable:
        return unreadable


def estate_of(path: Path) -> Estate:
    """The estate of a file, read once as long as it stays the same."""
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError:
        changed_ns = 0
    found = _read(path.resolve(), changed_ns, datetime.now(UTC).date())
    if isinstance(found, Unreadable):
        raise found
    return found


def _result(rule: Rule, address: str, path: Path) -> tuple[CheckResult, tuple[str, ...]]:
    """What to tell checkov, and the messages. UNKNOWN, which it does not report, only for a rule that is not about this."""
    estate = estate_of(path)
    resource = estate.resources.get(address)
    if resource is None and address in estate.gone:
        return (
            CheckResult.UNKNOWN,
            (),
        )  # what is let go is among the planned values before Terraform 1.15.6; the rule `delete` says it
    if resource is None:
        raise NotFound(f"{path.name} has no such resource, as Terraform reads it")
    verdict = judge(rule, resource, estate)
    return (RESULTS[verdict.outcome], verdict.messages) if verdict else (CheckResult.UNKNOWN, ())


class _Check:
    """What the checks of resources and of providers have in common. `details` are checkov's: texts of the next record."""

    rule: Rule
    details: list[str]

    def run(
        self,
        scanned_file: str,
        entity_configuration: dict[str, Json],
        entity_name: str,
        entity_type: str,
        skip_info: _SkippedCheck,
    ) -> _CheckResult:
        """Judge one resource."""
        del scanned_file, skip_info  # its own way to skip: has no end and no owner, and JSON has no comments
        planned = entity_configuration.get(ADDRESS)
        address = planned if isinstance(planned, str) else f"{entity_type}.{entity_name}"
        address = f"{STACK}.{PROVIDER}" if STACK in self.rule.kinds and entity_type in PROVIDERS else address
        try:
            result, messages = _result(self.rule, address, scanned_path(sys._getframe()))
        except (Unreadable, NotFound, ZoneDataError) as error:
            result, messages = CheckResult.FAILED, (f"can't be judged: {error}",)
        except Exception as error:  # of a rule: it must not pass for that
            result, messages = (
                CheckResult.FAILED,
                (f"can't be judged: {type(error).__name__} in the rule itself: {error}",),
            )
        self.details = [_line(f"{self.rule.id} {self.rule.name}: {address}: {message}") for message in messages]
        return {"result": result, "evaluated_keys": [], "suppress_comment": _line("; ".join(messages))}


def _line(text: str) -> str:
    """Strangers' names in a message stay on its line, and do nothing to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


class ResourceCheck(_Check, BaseResourceCheck):
    """A rule about resources of some types."""

    def __init__(self, rule: Rule, kinds: list[str]) -> None:
        self.rule = rule
        super().__init__(
            name=rule.outcome,
            id=rule.id,
            categories=[CheckCategories.CONVENTION],
            supported_resources=kinds,
            guideline=guideline(rule),
        )

    def scan_resource_conf(self, conf: dict[str, list[Json]]) -> CheckResult:
        """checkov's own way to a result, abstract there. `run` stands in its place; what came here anyway was not judged."""
        del conf
        return CheckResult.FAILED


class StackCheck(_Check, BaseProviderCheck):
    """A rule about a whole stack or plan: each has one provider, and checkov knows no other thing that each has."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__(
            name=rule.outcome,
            id=rule.id,
            categories=[CheckCategories.CONVENTION],
            supported_provider=[*PROVIDERS],
            guideline=guideline(rule),
        )

    def scan_provider_conf(self, conf: dict[str, list[Json]]) -> CheckResult:
        """As above."""
        del conf
        return CheckResult.FAILED


def checks(rule: Rule) -> list[_Check]:
    """The checks of a rule, which checkov knows as soon as they are made."""
    kinds = [kind for kind in rule.kinds if kind not in (STACK, DECLARED)]
    made: list[_Check] = [ResourceCheck(rule, kinds)] if kinds else []
    return [*made, StackCheck(rule)] if STACK in rule.kinds else made


CHECKS = [check for rule in RULES for check in checks(rule)]
