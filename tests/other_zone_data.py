"""Prints all that depends on time zones, in a process of its own: tests/test_other_zone_data.py gives it other data.

Its first line is what `zoneinfo` itself says, so that a test sees that the data were others. Arguments: two catalogs.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from click.testing import CliRunner

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)


def of_the_commands(base: str, head: str) -> None:
    from interlock.commands import main

    for words in (
        ["fires", "fetch-games", "--from", "2026-03-06", "--to", "2026-03-12"],
        ["timeline", "--day", "2026-03-10", "--format", "json"],
        ["validate"],
        ["validate", "--format", "json"],
        ["review", "--base", base, "--head", head, "--at", "2026-03-10T12:00:00Z", "--format", "markdown"],
        ["review", "--base", base, "--head", head, "--at", "2026-03-10T12:00:00Z", "--format", "json"],
        ["show", "fetch-games"],
        ["affected", "summaries"],
        ["--version"],
    ):
        given = [] if words[0] == "--version" else ["--catalog", head]
        done = CliRunner().invoke(main, [*words, *given], prog_name="interlock")
        print(words, done.exit_code, done.output)


def of_the_rules(head: str) -> None:
    from interlock.reading.files import load_catalog
    from interlock.terraform.facts import job_facts, stack_facts
    from policies.from_catalog import estate
    from policies.rules import RULES
    from policies.rules.judge import judge_all

    catalog = load_catalog(Path(head))
    print(stack_facts(catalog, "local"), [job_facts(job, catalog) for job in catalog.jobs.values()])
    for verdict in judge_all(RULES, estate(catalog, SUMMER.date())):
        print(verdict)


def of_the_coordinator(head: str) -> None:
    import coordinator.main
    from interlock.reading.files import load_catalog

    assert coordinator.main.handle
    from interlock.windows import openings  # as the coordinator evaluates windows and fires

    catalog = load_catalog(Path(head))
    for window in catalog.windows.values():
        print([opening.start.isoformat() for opening in openings(window, SUMMER, SUMMER.replace(month=8))])


def of_the_emulator() -> None:
    from local.emulator.schedules import next_fire

    for schedule in ("15 6 * * *", "every monday 09:00", "every 2 hours synchronized"):
        print(schedule, next_fire(schedule, "America/New_York", SUMMER, SUMMER))


if __name__ == "__main__":
    print(SUMMER.astimezone(ZoneInfo("America/New_York")).utcoffset())
    of_the_commands(*sys.argv[1:])
    of_the_rules(sys.argv[2])
    of_the_coordinator(sys.argv[2])
    of_the_emulator()
