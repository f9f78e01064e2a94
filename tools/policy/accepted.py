"""The findings of checkov's own checks that we accept, each until a day: policies/builtin.yaml, the one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import yaml

from policies.rules.estate import Estate
from policies.rules.judge import Outcome
from policies.rules.rule import PREFIX
from tools.policy.records import ROOT, CannotCheck, Record

FILE = ROOT / "policies" / "builtin.yaml"
FIELDS = ("check", "resource", "reason", "owner", "until")


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One of them. `resource` is an address."""

    check: str
    resource: str
    reason: str
    owner: str
    until: date

    def __str__(self) -> str:
        return f"{FILE.name}: the waiver of {self.check} for {self.resource}"


def read(text: str) -> list[Accepted]:
    """What the file says; CannotCheck for one that is written otherwise."""
    try:
        entries = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        raise CannotCheck(f"{FILE.name}: {error}") from None
    if not isinstance(entries, list):
        raise CannotCheck(f"{FILE.name} is no list; write entries of {', '.join(FIELDS)}")
    return [_entry(number, entry) for number, entry in enumerate(entries, 1)]


def _entry(number: int, entry: object) -> Accepted:
    where = f"{FILE.name}: entry {number}"
    if not isinstance(entry, dict) or set(entry) != set(FIELDS):
        raise CannotCheck(f"{where} has to have {', '.join(FIELDS)}, and nothing else")
    if type(entry["until"]) is not date:  # a datetime is one, too
        raise CannotCheck(f"{where}: until is {entry['until']!r}, which is no date; write one like 2027-06-30")
    if empty := [name for name in FIELDS[:-1] if not isinstance(entry[name], str) or not entry[name].strip()]:
        raise CannotCheck(f"{where} has no {' and no '.join(empty)}; write one")
    if entry["check"].startswith(PREFIX):
        raise CannotCheck(f"{where} is of a rule of our own; waive that where it is broken, as docs/policies.md says")
    return Accepted(**entry)


def apply(accepted: Iterable[Accepted], records: Iterable[Record], today: date) -> tuple[list[Record], list[str], list[str]]:
    """The records with the accepted ones waived; what is wrong with the waivers; and which of them waive nothing any more."""
    kept, wrong, idle = list(records), [], []
    for one in accepted:
        if one.until < today:
            wrong.append(f"{one} ended on {one.until}: {one.reason}")
            continue
        if not any(record.check == one.check for record in kept):
            wrong.append(f"{one} is of a check that checkov has not run here; name one of checkov's own, as it does")
            continue
        meant = [n for n, record in enumerate(kept) if record.check == one.check and record.resource == one.resource]
        failed = [n for n in meant if kept[n].outcome is Outcome.FAILED]
        if not failed:
            idle.append(f"{one} waives nothing; remove it")
        comment = f"waived by {one.owner} until {one.until}: {one.reason}"
        for number in failed:
            kept[number] = replace(kept[number], outcome=Outcome.WAIVED, messages=(comment, *kept[number].messages))
    return kept, wrong, idle


def with_addresses(records: Iterable[Record], known: Mapping[Path, Estate], accepted: Iterable[Accepted] = ()) -> list[Record]:
    """The records with addresses also of synthesized resources, where only one can be meant: checkov leaves out the type. A
    plan says it of the same check; where none does, what is `accepted`, of a check that ran for one resource of that name."""
    given, named = list(records), {(one.check, one.resource) for one in accepted}
    planned = {(record.check, record.resource) for record in given}
    runs = Counter((record.path, record.check, record.resource) for record in given)
    by_name: dict[tuple[Path, str], list[str]] = {}
    for path, estate in known.items():
        for address, resource in estate.resources.items():
            by_name.setdefault((path, f"resource.{resource.name}"), []).append(address)
    found = []
    for record in given:
        alike = by_name.get((record.path, record.resource), [])
        meant = [one for one in alike if len(alike) == 1 or (record.check, one) in planned]
        if not meant and runs[record.path, record.check, record.resource] == 1:
            meant = [one for one in alike if (record.check, one) in named]
        found.append(replace(record, resource=meant[0]) if len(meant) == 1 else record)
    return found
