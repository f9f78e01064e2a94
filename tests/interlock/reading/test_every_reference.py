"""Each reference of the format, misspelled once: it is said where it stands, and with the right name.

The references are found by walking the models, so that a new key has to be sorted in here: it is a reference, or a value.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import yaml

from interlock.reading.located import Path
from interlock.reading.schema import CatalogFile, Entry
from tests.interlock.reading.written import Files, Said

ENTRIES = ("services", "processors", "jobs", "backfills", "windows", "seasons")
REFERENCES = {
    "defaults.owner",
    "defaults.retry",
    "processors.*.service",
    "processors.*.after[]",
    "processors.*.tables{}",
    "jobs.*.target.service",
    "jobs.*.owner",
    "jobs.*.retry",
    "jobs.*.season",
    "jobs.*.runs[]",
    "jobs.*.decides[]",
    "jobs.*.pair_with[]",
    "backfills.*.owner",
    "backfills.*.tables{}",
    "backfills.*.untouched[]",
    "backfills.*.keep[].job",
    "windows.*.covers[]",
    "windows.*.owner",
    *(f"{section}.*.waive[].rule" for section in ENTRIES),
    "baseline[].rule",
    "baseline[].subject",
}
"""What names something that is declared, or that others have to spell alike."""
VALUES = {
    *(f"defaults.{key}" for key in ("time_zone", "region", "deadline", "catch_up")),
    *(f"{section}{{}}" for section in (*ENTRIES, "retry_profiles", "removed", "unmanaged")),
    *(f"{section}.*.waive[].{key}" for section in ENTRIES for key in ("reason", "owner", "until", "since")),
    *(f"retry_profiles.*.{key}" for key in ("attempts", "min_backoff", "max_backoff", "doublings", "max_duration")),
    *(f"services.*.{key}" for key in ("kind", "url", "topic", "max_instances", "starts_per_minute", "gap")),
    *(f"services.*.app_engine.{key}" for key in ("service", "version", "instance")),
    *(f"{of}.token.oidc.{key}" for of in ("services.*", "jobs.*.target") for key in ("account", "audience")),
    *(f"{of}.token.oauth.{key}" for of in ("services.*", "jobs.*.target") for key in ("account", "scope")),
    *(f"processors.*.{key}" for key in ("burst", "expect", "dml", "idempotent")),
    *(f"{of}.*.tables.*{key}" for of in ("processors", "backfills") for key in ("[]", ".read", ".write[]")),
    # Misspelled, they are another column and no day, so that writers count as colliding: nothing is lost.
    *(f"processors.*.tables.*.{key}" for key in ("partition", "named_by")),
    *(f"jobs.*.{key}" for key in ("name", "description", "schedule", "was", "time_zone", "region", "deadline", "catch_up")),
    *(f"jobs.*.{key}" for key in ("recoverable", "active", "stagger.locked", "stagger.within")),
    *(f"jobs.*.target.{key}" for key in ("path", "method", "headers{}", "headers.*", "body", "text", "base64")),
    *("jobs.*.target.attributes{}", "jobs.*.target.attributes.*"),
    *(f"jobs.*.paused.{key}" for key in ("reason", "owner", "undecided", "review")),
    *(f"backfills.*.{key}" for key in ("description", "expect", "protect[]", "keep[].reason")),
    *(f"seasons.*.{key}" for key in ("from", "until", "time_zone")),
    *(f"windows.*.{key}" for key in ("schedule", "time_zone", "duration", "reason")),
    *(f"{section}.*.{key}" for section in ("removed", "unmanaged") for key in ("reason", "owner", "until")),
    *(f"rules.{key}" for key in ("lead", "apart", "starts_per_minute", "was", "stagger.minutes[]", "stagger.within")),
    *(f"baseline[].{key}" for key in ("count", "since", "until", "owner", "reason")),
}
"""What says something itself. A name that is declared is one: who refers to it is refused."""

WAIVE = "waive: [{rule: stagger, reason: it is small, owner: harbour, until: 2027-06-30}]"
JOBS = f"""\
defaults: {{owner: harbour, time_zone: Etc/UTC, region: europe-north1, deadline: 180s, retry: steady}}
retry_profiles:
  steady: {{attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}}
  gentle: {{attempts: 1, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}}
services:
  ferries: {{kind: run, {WAIVE}}}
  weather: {{kind: function}}
processors:
  sailings: {{service: ferries, tables: {{harbour_raw.sailings: [mutate]}}}}
  delays: {{service: ferries, after: [sailings], tables: {{harbour_raw.sailings: [read], harbour.delays: [mutate]}}, {WAIVE}}}
  forecast: {{service: weather, tables: {{harbour_raw.forecast: [append], harbour.delays: [read]}}}}
jobs:
  fetch-sailings:
    description: Sailings of the day
    owner: harbour
    schedule: "15 4 * * *"
    season: sailing
    retry: gentle
    target: {{service: ferries, path: /sailings}}
    runs: [sailings]
    decides: [forecast]
    pair_with: [fetch-forecast]
    {WAIVE.replace("}]", "}, {rule: pair, reason: the weather waits for nobody, owner: harbour, until: 2027-06-30}]")}
  fetch-forecast:
    description: Weather of the day
    schedule: "15 5 * 4-10 *"
    target: {{service: weather, path: /forecast}}
    runs: [forecast]
"""
REST = f"""\
defaults: {{owner: harbour, time_zone: Etc/UTC}}
backfills:
  sailings:
    description: Sailings, all summers
    owner: harbour
    expect: 6h
    tables: {{harbour_raw.sailings: [mutate], harbour.delays: [mutate], harbour.progress: [append]}}
    untouched: [harbour.progress]
    protect: [outputs]
    {WAIVE}
  weather:
    description: Weather, all summers
    expect: 6h
    tables: {{harbour_raw.forecast: [mutate, truncate], harbour_raw.sailings: [mutate]}}
    protect: [outputs]
    keep: [{{job: fetch-sailings, reason: it is harmless}}]
windows:
  tides:
    schedule: "0 2 * * 2"
    owner: harbour
    duration: 2h
    covers: [service/ferries, job/fetch-forecast, table/harbour.delays, backfill/sailings]
    reason: the ferries are counted
    {WAIVE}
seasons:
  sailing: {{from: 04-01, until: 10-31, {WAIVE}}}
"""
BASELINE = "baseline: [{rule: budget, subject: jobs.fetch-sailings, since: 2026-11-01, until: 2027-01-31, owner: harbour}]"
HARBOUR = {"jobs.yaml": JOBS, "rest.yaml": REST, "baseline.yaml": BASELINE}


def leaves(annotation: Any, path: str) -> Iterator[str]:
    """The values that a model may hold: `.*` for any name, `[]` for the items of a list, `{}` for the keys of a mapping."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from leaves(inner[0], path)
    elif origin in (Union, types.UnionType):
        for one in inner:
            yield from leaves(one, path) if one is not type(None) else ()
    elif origin is tuple:
        yield from leaves(inner[0], f"{path}[]")
    elif origin is dict:
        yield f"{path}{{}}"
        yield from leaves(inner[1], f"{path}.*")
    elif isinstance(annotation, type) and issubclass(annotation, Entry):
        for name, one in annotation.model_fields.items():
            yield from leaves(one.annotation, f"{path}.{one.alias or name}".removeprefix("."))
    else:
        yield path


READ = Files({name: yaml.safe_load(text) for name, text in HARBOUR.items()})


def harbour() -> Files:
    """The catalog, to be edited."""
    return READ.copy()


def shape(path: Path) -> str:
    """A path of the data as `leaves` has it, for a value: names of entries and tables are `*`."""
    section, *rest = path
    if not rest:
        return str(section)
    if section == "baseline":
        return f"baseline[].{rest[-1]}"
    parts = ["*" if number in ((0,) if "tables" not in path else (0, 2)) and isinstance(part, str) else part
             for number, part in enumerate(rest)] if section != "defaults" else rest  # fmt: skip
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in (section, *parts)).removeprefix(".")


def is_key(path: Path) -> bool:
    """Whether the reference is the key: a table."""
    return len(path) == 4 and path[2] == "tables"


OCCURRENCES = [
    (file, path)
    for file, path in harbour().places()
    if (f"{path[0]}.*.tables{{}}" if is_key(path) else shape(path)) in REFERENCES
]


def slips(name: str) -> Iterator[str]:
    """A name with the letter before its last one missing, and with it and the one before turned."""
    head, last = name[:-3], name[-3:]
    yield f"{head}{last[0]}{last[2]}"
    yield f"{head}{last[1]}{last[0]}{last[2]}"


def test_every_key_of_the_format_is_sorted_as_a_reference_or_a_value() -> None:
    known = {*leaves(CatalogFile, "")}
    assert known == REFERENCES | VALUES
    assert not REFERENCES & VALUES


def test_every_reference_occurs_in_the_catalog_that_is_misspelled_and_nothing_is_wrong_in_it() -> None:
    assert {f"{path[0]}.*.tables{{}}" if is_key(path) else shape(path) for _, path in OCCURRENCES} == REFERENCES
    assert harbour().said() == set()


@pytest.mark.parametrize("slip", [0, 1], ids=["a letter missing", "two letters turned"])
@pytest.mark.parametrize(("file", "path"), [pytest.param(*one, id=".".join(map(str, one[1]))) for one in OCCURRENCES])
def test_a_reference_that_is_misspelled_is_said_where_it_stands_and_with_the_right_name(
    file: str, path: Path, slip: int
) -> None:
    files = harbour()
    inside = files.around(file, path)
    right = str(path[-1] if is_key(path) else inside[path[-1]])
    wrong = [*slips(right)][slip]
    assert wrong != right
    if is_key(path):
        path = files.rename(file, path, wrong)
    else:
        inside[path[-1]] = wrong
    lines = {files.line(file, path), files.line(file, path[:2])}
    said = files.said()
    assert [one for one in said if is_there(one, file, lines, path) and names(one, right)], (wrong, lines, said)


def is_there(one: Said, file: str, lines: set[int], path: Path) -> bool:
    """Whether it is said of the value or its entry; of a default, of an entry that takes it; of a table that a backfill and a
    processor spell in two ways, of either with the place of the other."""
    named = {f"catalog/p/{file}:{line}" for line in lines}
    return (one.file == file and (one.line in lines or path[0] == "defaults")) or any(place in one.text for place in named)


def names(one: Said, right: str) -> bool:
    """Whether it names what was meant, and not as a part of what is wrong."""
    return right.removeprefix("jobs.") in one.text
