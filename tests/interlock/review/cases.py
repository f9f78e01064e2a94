"""Small changes of a small catalog, each of one kind: what a review says of them is in tests/golden/review/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""A Tuesday, half an hour after the window has opened."""

BASE = """\
defaults: {owner: data, time_zone: America/New_York, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  scrapers: {kind: run, starts_per_minute: 1, gap: 5m}
  marts: {kind: function, starts_per_minute: 2}
processors:
  games: {service: scrapers, expect: 2m, tables: {raw.games: [mutate]}}
  lines: {service: scrapers, expect: 1m, tables: {raw.lines: [append]}}
  summary: {service: marts, after: [games], expect: 4m, tables: {raw.games: [read], mart.summary: [mutate]}}
  report: {service: marts, tables: {mart.summary: [read]}}
jobs:
  fetch-games:
    description: Games of the night
    schedule: "15 6 * * *"
    target: {service: scrapers, path: /games}
    runs: [games]
  fetch-lines:
    description: Betting lines, which can't be fetched later
    schedule: "30 * * * *"
    target: {service: scrapers, path: /lines}
    runs: [lines]
    recoverable: false
  fetch-injuries:
    description: Injury reports
    schedule: "0 17 * * *"
    time_zone: Etc/UTC
    target: {service: scrapers, path: /injuries}
  daily-report:
    description: Mails the summary
    schedule: "0 9 * * *"
    target: {service: marts, path: /report}
    runs: [report]
backfills:
  summaries:
    description: Summaries, all dates
    owner: analytics
    expect: 30h
    tables: {raw.games: [read], mart.summary: [mutate]}
    protect: [outputs, inputs]
windows:
  tuesdays:
    schedule: "0 8 * * 2"
    time_zone: Etc/UTC
    duration: 2h
    covers: [service/scrapers]
    reason: weekly deploys
"""

GAMES = BASE[BASE.index("  fetch-games:") : BASE.index("  fetch-lines:")]
NEW_WRITER = """\
  repair-summaries:
    description: Repairs what is missing
    schedule: "45 10 * * *"
    target: {service: marts, path: /repair}
    deadline: 540s
    runs: [summary]
"""
NEW_JOB = """\
  fetch-rosters:
    description: Rosters, weekly
    schedule: "45 7 * * 1"
    target: {service: scrapers, path: /rosters}
"""
NEW_LINK = "  line-summary: {service: marts, after: [lines], expect: 1m, tables: {mart.summary: [mutate]}}\n"
PAUSED = "    paused: {reason: off-season, owner: data, review: 2027-09-15}\n"
WAIVED = "    waive: [{rule: stagger, reason: the source is ready at 6, owner: data, until: 2026-12-10}]\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change, by the text of the catalog before and after."""

    name: str
    after: str
    before: str = BASE


def edited(*edits: tuple[str, str], text: str = BASE) -> str:
    """`text` with the first of each pair, which it must hold, replaced by the second."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


SEASONAL_JOBS = 19
WHEN = ("{m} 15 * {months} *", "{m},{n} 9-23 * {months} *", "{m} 16 * {months} 1")
"""By number: a job fires once a day, twice an hour, or on Mondays; all of them in a season only."""


def seasonal(months: str) -> str:
    """A platform whose 19 jobs run in the `months` of a season, beside two that run out of it, in January and November: one
    writes what each third of them writes, and one starts in the minute of some."""
    processors = "".join(
        f"  load-{n}: {{service: fetchers, expect: 2m, tables: {{league.t{n % 3}: [append], league.own{n}: [mutate]}}}}\n"
        for n in range(SEASONAL_JOBS)
    )
    jobs = "".join(
        f"  league-job-{n:02}:\n    description: Fetches number {n}\n"
        f'    schedule: "{WHEN[n % 3].format(m=n, n=n + 30, months=months)}"\n'
        f"    target: {{service: fetchers, path: /league/{n}}}\n    runs: [load-{n}]\n"
        for n in range(SEASONAL_JOBS)
    )
    rewritten = ", ".join(f"league.own{n}: [mutate]" for n in range(0, SEASONAL_JOBS, 3))
    return f"""\
defaults: {{owner: data, time_zone: America/Los_Angeles, region: europe-west1, deadline: 180s, retry: standard}}
retry_profiles:
  standard: {{attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}}
services:
  fetchers: {{kind: run, starts_per_minute: 1}}
processors:
{processors}  rewrite: {{service: fetchers, expect: 30m, tables: {{{rewritten}}}}}
jobs:
{jobs}  rewrite-all:
    description: Writes anew what each third of them writes
    schedule: "55 14 * 1,11 *"
    target: {{service: fetchers, path: /rewrite}}
    runs: [rewrite]
  report:
    description: Starts beside them
    schedule: "1,2,5,8 9,16 * 1,11 *"
    target: {{service: fetchers, path: /report}}
backfills:
  league: {{description: All of it, owner: data, expect: 8h, tables: {{league.t0: [mutate]}}, protect: [outputs]}}
"""


INJURIES = 'schedule: "0 17 * * *"\n    time_zone: Etc/UTC'

CASES = [
    Case(name="cron-change", after=edited(('"15 6 * * *"', '"45 6 * * *"'))),
    Case(
        name="zone-change",
        after=edited(('"15 6 * * *"', '"15 6 * * *"\n    time_zone: America/Phoenix')),
    ),
    Case(name="new-job", after=edited(("  fetch-lines:", NEW_JOB + "  fetch-lines:"))),
    Case(name="deleted-job", after=edited((GAMES, ""))),
    Case(name="renamed-job", after=edited(("  fetch-games:", "  fetch-night-games:"))),
    Case(name="moved-into-a-window", after=edited(('"15 6 * * *"', '"15 4 * * *"'))),
    Case(name="new-writer-of-a-backfilled-table", after=edited(("  fetch-lines:", NEW_WRITER + "  fetch-lines:"))),
    # fetch-games begins the summary at 06:17.
    Case(
        name="two-writers-at-once",
        after=edited(("  fetch-lines:", NEW_WRITER.replace("45 10", "18 6") + "  fetch-lines:")),
    ),
    Case(name="new-link-in-a-chain", after=edited(("  report:", NEW_LINK + "  report:"))),
    # 06:15 in New York is 11:15 UTC in winter and 10:15 in summer.
    Case(name="collision-only-in-winter", after=edited((INJURIES, INJURIES.replace("0 17", "15 11")))),
    Case(name="collision-only-in-summer", after=edited((INJURIES, INJURIES.replace("0 17", "15 10")))),
    Case(name="frequency-doubled", after=edited(('"30 * * * *"', '"0,30 * * * *"'))),
    Case(name="declared-paused", after=edited(("    runs: [games]\n", "    runs: [games]\n" + PAUSED))),
    Case(name="waived", after=edited(("    runs: [games]\n", "    runs: [games]\n" + WAIVED))),
    Case(name="nothing-changed", after=BASE),
]

ALIKE = [
    Case(name="nineteen-alike", before=seasonal("3-10"), after=seasonal("3-11")),
    Case(name="nineteen-alike-that-collide", before=seasonal("3-10"), after=seasonal("1-10")),
]
"""Nineteen edits that are alike."""
