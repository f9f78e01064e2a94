"""Small catalogs for the tests of the core."""

from __future__ import annotations

from interlock.catalog import Catalog
from interlock.reading.entries import SourceFile
from interlock.reading.problems import SourceError
from interlock.reading.resolve import resolve_catalog

GOOD = """\
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  web: {kind: run}
  queue: {kind: topic}
  batch: {kind: run_job}
processors:
  load: {service: web, tables: {raw.games: [append]}}
jobs:
  fetch:
    description: Fetches games
    owner: data
    region: us-west2
    schedule: "0 * * * *"
    time_zone: Etc/UTC
    deadline: 180s
    retry: standard
    target: {service: web, path: /x}
    runs: [load]
backfills:
  games:
    description: All games
    owner: data
    expect: 3h
    tables: {raw.games: [mutate]}
    protect: [outputs]
"""
"""A catalog with one of everything and nothing wrong; tests break one thing of it."""

CLEAN = (
    GOOD.replace("  queue: {kind: topic}", "  # a topic")
    .replace("  batch: {kind: run_job}", "  # a job of Cloud Run")
    .replace("{raw.games: [append]}", "{raw.games: [append, mutate]}")
)
"""The same without what nothing uses, and with a backfill that covers its job; line by line as GOOD."""


def changed(old: str, new: str) -> str:
    """GOOD with `new` in the place of `old`, which it must hold."""
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def load(*texts: str, platform: str = "p") -> Catalog:
    """The catalog of `texts`, as the files a.yaml, b.yaml, ... of one platform."""
    names = (f"catalog/{platform}/{letter}.yaml" for letter in "abcdefgh")
    return resolve_catalog(SourceFile(name=n, platform=platform, text=t) for n, t in zip(names, texts, strict=False))


def beside(**platforms: str) -> Catalog:
    """The catalog of several platforms, each with one file."""
    files = platforms.items()
    return resolve_catalog(SourceFile(name=f"catalog/{name}/a.yaml", platform=name, text=text) for name, text in files)


def problems_beside(**platforms: str) -> list[str]:
    """What is wrong in such a catalog, each as `shop/a.yaml:<line>: <message>`."""
    try:
        beside(**platforms)
    except SourceError as error:
        return [str(problem).removeprefix("catalog/") for problem in error.problems]
    return []


def problems(*texts: str) -> list[str]:
    """What is wrong in `texts`, each as `a.yaml:<line>: <message>`; nothing for a good catalog."""
    try:
        load(*texts)
    except SourceError as error:
        return [str(problem).removeprefix("catalog/p/") for problem in error.problems]
    return []
