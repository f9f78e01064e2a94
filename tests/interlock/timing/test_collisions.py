"""Which jobs collide, in what and when: by example, and against a walk over the fires of random catalogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.access import Kind, Severity
from interlock.catalog import Catalog, DeclaredPause, Job, Partition, Processor, Service
from interlock.cron import Cron
from interlock.platform_rules import PlatformRules
from interlock.timing.collisions import Collision, CollisionKind, collisions
from interlock.timing.minutes import MINUTE, Span
from tests.interlock.catalogs import GOOD, load
from tests.interlock.cloud import at
from tests.interlock.timing.naive_collisions import Naive

DAY = Span(start=at("2026-01-05"), end=at("2026-01-06"))
PAUSE = DeclaredPause(reason="off-season", owner="data", review=date(2027, 1, 1))
BASE = load(GOOD)
NEW_YORK = "America/New_York"


def catalog(text: str) -> Catalog:
    """A small catalog of two services: `web` takes one start a minute, `wide` two, with half an hour between its jobs."""
    head = """\
retry_profiles:
  none: {attempts: 0, min_backoff: 5s, max_backoff: 3600s, doublings: 5, max_duration: 0s}
defaults: {owner: data, region: us-west2, time_zone: Etc/UTC, deadline: 180s, retry: none}
services:
  web: {kind: run}
  wide: {kind: run, starts_per_minute: 2, gap: 30m}
"""
    return load(head + text)


def jobs(*lines: str, processors: str = "{}") -> Catalog:
    """The catalog of jobs written as `name: "schedule", service, [processors]`."""
    written = []
    for line in lines:
        name, schedule, service, runs, *more = (part.strip() for part in line.split("|"))
        keys = ", ".join([f'schedule: "{schedule}"', f"target: {{service: {service}, path: /x}}", f"runs: [{runs}]", *more])
        written.append(f"  {name}: {{description: d, {keys}}}")
    return catalog(f"processors: {processors}\njobs:\n" + "\n".join(written) + "\n")


def times(found: Collision) -> list[str]:
    return [instant.strftime("%H:%M") for instant in found.times]


def of(kind: CollisionKind, found: tuple[Collision, ...]) -> list[tuple[str, tuple[str, ...], list[str]]]:
    return [(collision.subject, collision.jobs, times(collision)) for collision in found if collision.kind is kind]


# Budget


def test_one_start_a_minute_where_nobody_said_how_many() -> None:
    (found,) = collisions(jobs("a|0 6 * * *|web|", "b|0 6,7 * * *|web|", "c|1 6 * * *|web|"), DAY)
    assert (found.kind, found.subject, found.jobs, found.severity) == (CollisionKind.BUDGET, "service/web", ("a", "b"), None)
    assert times(found) == ["06:00"]
    assert found.why == "web takes 1 start a minute, as nobody says how many; 2 jobs start together"


def test_all_that_start_in_a_minute_collide_together() -> None:
    three = jobs("a|0 6,8 * * *|wide|", "b|0 6,7,8 * * *|wide|", "c|0 6,7,8,9 * * *|wide|")
    assert of(CollisionKind.BUDGET, collisions(three, DAY)) == [("service/wide", ("a", "b", "c"), ["06:00", "08:00"])]


def test_the_same_minute_of_two_services_is_no_collision() -> None:
    assert collisions(jobs("a|0 6 * * *|web|", "b|0 6 * * *|wide|"), DAY) == ()


def test_one_job_by_itself_is_no_crowd_and_no_gap() -> None:
    assert collisions(jobs("a|*/2 * * * *|wide|"), DAY) == ()


@pytest.mark.parametrize(
    ("schedule", "keys", "runs", "expected"),
    [
        pytest.param("0 6,7 * * *", "expect: 1h, tables: {raw.t: [mutate]}", "p", [], id="it ends before it starts again"),
        pytest.param("0 6,7 * * *", "expect: 61m, tables: {raw.t: [mutate]}", "p", ["07:00"], id="it starts before it ends"),
        pytest.param("0 6,7 * * *", "expect: 61m, tables: {raw.t: [append]}", "p", [], id="what adds rows may meet itself"),
        pytest.param("0 6 * * *", "burst: 15, tables: {raw.t: {write: [delete, load]}}", "p", ["06:00"], id="a burst of files"),
        pytest.param("0 6 * * *", "burst: 15, tables: {raw.t: [append]}", "p", [], id="a burst that adds rows"),
        pytest.param("0 6 * * *", "tables: {raw.t: [mutate]}", "p, q", ["06:00"], id="two processors of one start"),
    ],
)
def test_a_job_collides_with_its_own_runs(schedule: str, keys: str, runs: str, expected: list[str]) -> None:
    text = f"{{p: {{service: wide, {keys}}}, q: {{service: wide, tables: {{raw.t: [mutate]}}}}}}"
    found = of(CollisionKind.TABLE, collisions(jobs(f"a|{schedule}|wide|{runs}", processors=text), DAY))
    assert found == ([("table/raw.t", ("a",), expected)] if expected else [])


def test_two_writers_that_name_different_days_do_not_collide_unless_midnight_is_between_them() -> None:
    def met(one: str, other: str, minutes: tuple[str, str]) -> list[str]:
        text = "".join(
            f"{name}: {{service: web, expect: 10m, tables: {{raw.t: {{write: [merge], partition: day, named_by: date}}}}}}, "
            for name in ("p", "q")
        )
        lines = "\n".join(
            f"  {job}: {{description: d, schedule: '{at_} * * *', runs: [{runs}], "
            f"target: {{service: web, path: /x, body: {{date: {word}}}}}}}"
            for job, at_, runs, word in (("a", minutes[0], "p", one), ("b", minutes[1], "q", other))
        )
        found = collisions(catalog(f"processors: {{{text}}}\njobs:\n{lines}\n"), DAY)
        return [time for _, _, met in of(CollisionKind.TABLE, found) for time in met]

    assert met("TODAY", "TODAY", ("0 6", "5 6")) == ["06:05"]
    assert met("TODAY", "YESTERDAY", ("0 6", "5 6")) == []
    assert met("TODAY", "YESTERDAY", ("55 23", "0 0")) == ["00:00"], "today and, after midnight, yesterday are one day"
    assert met("YESTERDAY", "TODAY", ("55 23", "0 0")) == []
    assert met("TODAY", "TODAY", ("55 23", "0 0")) == [], "today and, after midnight, today are two days"


def test_what_a_job_decides_of_it_does_not_write() -> None:
    text = "{p: {service: web, expect: 10m, tables: {raw.t: [mutate]}}}"
    found = collisions(jobs("a|0 6 * * *|web|p", "b|5 6 * * *|web||decides: [p]", processors=text), DAY)
    assert of(CollisionKind.TABLE, found) == []


def test_jobs_paused_by_declaration_take_no_part() -> None:
    both = jobs("a|0 6 * * *|web|", "b|0 6 * * *|web|")
    paused = replace(both, jobs=both.jobs | {"b": replace(both.jobs["b"], paused=PAUSE)})
    assert (len(collisions(both, DAY)), collisions(paused, DAY)) == (1, ())


@pytest.mark.parametrize(
    ("month", "expected"),
    [pytest.param("01", [], id="not in winter"), pytest.param("07", [("service/web", ("a", "b"), ["12:00"])], id="in summer")],
)
def test_two_zones_may_meet_in_one_season_only(month: str, expected: list[object]) -> None:
    span = Span(start=at(f"2026-{month}-01"), end=at(f"2026-{month}-02"))
    found = collisions(jobs("a|0 8 * * *|web||time_zone: America/New_York", "b|0 12 * * *|web|"), span)
    assert of(CollisionKind.BUDGET, found) == expected


# Gap


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        pytest.param("0 6 * * *", ["06:00"], id="together"),
        pytest.param("29 6 * * *", ["06:29"], id="just too near, at the later of the two"),
        pytest.param("30 6 * * *", [], id="as far apart as it should be"),
        pytest.param("31 5 * * *", ["06:00"], id="the other way round"),
        pytest.param("59 5 * * *", ["06:00"], id="across an hour"),
    ],
)
def test_two_jobs_of_a_service_keep_its_gap(schedule: str, expected: list[str]) -> None:
    found = of(CollisionKind.GAP, collisions(jobs("a|0 6 * * *|wide|", f"b|{schedule}|wide|"), DAY))
    assert found == ([("service/wide", ("a", "b"), expected)] if expected else [])


def test_a_gap_collides_with_a_start_before_the_span() -> None:
    (found,) = collisions(jobs("a|50 23 * * *|wide|", "b|5 0 * * *|wide|"), DAY)
    assert (times(found), found.why) == (["00:05"], "wide wants 30m between two jobs; these start 15m apart")


# Tables

TWO_WRITERS = """\
  {mutate: {service: web, expect: 10m, tables: {raw.t: [mutate]}},
   also: {service: web, expect: 90s, tables: {raw.t: [mutate, append]}},
   append: {service: web, tables: {raw.t: [append, read]}},
   truncate: {service: web, tables: {raw.t: [truncate]}},
   next: {service: web, after: [also], expect: 5m, tables: {raw.u: [mutate]}},
   other: {service: web, expect: 1m, tables: {raw.u: [mutate]}}}"""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(
            "0 6 * * *|wide|mutate", "9 6 * * *|web|also", ["06:09"], id="the second begins in the first's last minute"
        ),
        pytest.param("0 6 * * *|wide|mutate", "10 6 * * *|web|also", [], id="the second begins as the first ends"),
        pytest.param("0 6 * * *|wide|mutate", "59 5 * * *|web|also", ["06:00"], id="half a minute of the other is left"),
        pytest.param("0 6 * * *|wide|mutate", "58 5 * * *|web|also", [], id="the other ended half a minute ago"),
        pytest.param("0 6 * * *|wide|mutate", "0 6 * * *|web|append", [], id="an append and a mutation bear each other"),
        pytest.param("0 6 * * *|wide|truncate", "0 6 * * *|web|append", ["06:00"], id="nobody said how long: one minute"),
        pytest.param("0 6 * * *|wide|truncate", "1 6 * * *|web|append", [], id="and not two"),
        pytest.param("0 6 * * *|wide|also", "1 6 * * *|web|other", ["06:01"], id="down a chain, 90 seconds later"),
        pytest.param("0 6 * * *|wide|also", "6 6 * * *|web|other", ["06:06"], id="until the chain is through"),
        pytest.param("0 6 * * *|wide|also", "0 6 * * *|web|other", [], id="over before the chain gets there"),
        pytest.param("0 6 * * *|wide|also", "7 6 * * *|web|other", [], id="after the chain is through"),
        pytest.param("59 23 * * *|wide|mutate", "5 0 * * *|web|also", ["00:05"], id="one began before the span"),
    ],
)
def test_two_jobs_write_a_table_at_once(one: str, other: str, expected: list[str]) -> None:
    found = of(CollisionKind.TABLE, collisions(jobs(f"a|{one}", f"b|{other}", processors=TWO_WRITERS), DAY))
    assert [(jobs, times) for _, jobs, times in found] == ([(("a", "b"), expected)] if expected else [])


def test_what_is_said_to_take_for_ever_takes_a_week() -> None:
    forever = "{p: {service: web, expect: 999999d, tables: {raw.t: [mutate]}}}"
    found = collisions(jobs("a|0 6 29 12 *|web|p", "b|0 5 5 1 *|web|p", "c|0 7 5 1 *|web|p", processors=forever), DAY)
    assert of(CollisionKind.TABLE, found) == [
        ("table/raw.t", ("a", "b"), ["05:00"]),
        ("table/raw.t", ("b", "c"), ["07:00"]),
    ]


def test_a_collision_on_a_table_says_how_bad_it_is_and_why() -> None:
    both = jobs("a|0 6 * * *|wide|mutate", "b|5 6 * * *|web|also", processors=TWO_WRITERS)
    (found,) = (collision for collision in collisions(both, DAY) if collision.kind is CollisionKind.TABLE)
    assert (found.subject, found.severity) == ("table/raw.t", Severity.ERROR)
    assert found.why == (
        "a (mutate for 10m) and b (mutate for 1m30s) write it at once: Two UPDATE, DELETE or MERGE statements that change the "
        'same partition at once fail with "Could not serialize access", unless both name different partitions in a predicate.'
    )


# Order

FEEDING = """\
  {write: {service: web, expect: 10m, tables: {raw.t: [append]}},
   slow: {service: web, expect: 2h, tables: {raw.t: [append]}},
   read: {service: web, tables: {raw.t: [read]}},
   later: {service: web, after: [read], tables: {raw.u: [read, append]}},
   back: {service: web, tables: {raw.u: [append], raw.t: [read, append]}}}"""


@pytest.mark.parametrize(
    ("producer", "consumer", "expected"),
    [
        pytest.param("0 6 * * *|wide|write", "0 6 * * *|web|read", ["06:00"], id="together"),
        pytest.param(
            "0 6 * * *|wide|write", "29 6 * * *|web|read", ["06:29"], id="less than 30 minutes later, though it is done"
        ),
        pytest.param("0 6 * * *|wide|write", "30 6 * * *|web|read", [], id="30 minutes later"),
        pytest.param("0 6 * * *|wide|write", "59 5 * * *|web|read", [], id="before the producer: it reads yesterday's"),
        pytest.param("0 6 * * *|wide|slow", "59 7 * * *|web|read", ["07:59"], id="while the producer still writes"),
        pytest.param("0 6 * * *|wide|slow", "0 8 * * *|web|read", [], id="as the producer is done"),
        pytest.param("0 23 * * *|wide|slow", "10 0 * * *|web|read", ["00:10"], id="the producer began before the span"),
        pytest.param("0 6 * * *|wide|back", "0 6 * * *|web|back", [], id="two that feed each other"),
    ],
)
def test_a_consumer_waits_for_its_producer(producer: str, consumer: str, expected: list[str]) -> None:
    found = of(CollisionKind.ORDER, collisions(jobs(f"p|{producer}", f"c|{consumer}", processors=FEEDING), DAY))
    assert found == ([("table/raw.t", ("p", "c"), expected)] if expected else [])


def test_what_is_read_down_a_chain_waits_for_its_message() -> None:
    found = collisions(jobs("p|0 6 * * *|wide|back", "c|1 6 * * *|web|read", processors=FEEDING), DAY)
    assert [subject for subject, _, _ in of(CollisionKind.ORDER, found)] == [
        "table/raw.t"
    ]  # and not raw.u, which `later` reads


def test_a_consumer_waits_for_the_longest_way_in_which_its_producer_writes() -> None:
    found = collisions(jobs("p|0 6 * * *|wide|write, slow", "c|0 7 * * *|web|read", processors=FEEDING), DAY)
    assert of(CollisionKind.ORDER, found) == [("table/raw.t", ("p", "c"), ["07:00"])]


def test_an_order_says_by_how_much() -> None:
    (found,) = collisions(jobs("p|0 6 * * *|wide|slow", "c|10,20 6 * * *|web|read", processors=FEEDING), DAY)
    assert (times(found), found.severity) == (["06:10", "06:20"], None)
    assert found.why == (
        "c starts 10m after p, which is expected to write what it reads until 2h after its start; 2h should be between the two"
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param("", True, id="20 of 30 minutes, which nobody says otherwise"),
        pytest.param("rules: {lead: 20m}", False, id="20 of 20 minutes"),
        pytest.param("rules: {lead: 0m}", False, id="none is wanted, and the producer is done"),
        pytest.param("rules: {lead: 2h}", True, id="20 minutes of 2 hours"),
    ],
)
def test_the_platform_of_the_consumer_says_how_long_after_its_producer_it_starts(rules: str, expected: bool) -> None:
    text = "processors: {w: {service: web, tables: {raw.t: [append]}}, r: {service: web, tables: {raw.t: [read]}}}\njobs:\n"
    for name, schedule, runs in (("p", "0 6 * * *", "w"), ("c", "20 6 * * *", "r")):
        text += f'  {name}: {{description: d, schedule: "{schedule}", target: {{service: web}}, runs: [{runs}]}}\n'
    assert bool(of(CollisionKind.ORDER, collisions(catalog(f"{text}{rules}\n"), DAY))) is expected


# All of them

SCHEDULES = ["*/15 * * * *", "15,45 * * * *", "0 * * * *", "5 0-23 * * *", "*/20 1-3 * * *", "0 */6 * * SUN", "*/7 * * * *"]
PLACES = ["Etc/UTC", NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "America/Nuuk", "America/Havana"]
EXPECTS = [None, *(timedelta(seconds=seconds) for seconds in (20, 60, 95, 430, 2_400, 11_000))]
LEADS = [timedelta(minutes=minutes) for minutes in (0, 5, 95)]
STARTS = ["2026-01-05", "2026-03-08", "2026-11-01", "2026-03-28 18:00", "2026-04-04 12:00", "2026-10-03 12:00"]

KINDS = [Kind.READ, Kind.APPEND, Kind.MUTATE, Kind.REPLACE, Kind.TRUNCATE]
TABLES = ["r.t", "r.u", "r.v"]


def random_catalogs() -> st.SearchStrategy[Catalog]:
    """Of a seed each: what is drawn one by one takes longer than what is then shown of it."""
    return st.builds(random_catalog, st.randoms(use_true_random=True))


def random_catalog(rng: Random) -> Catalog:
    """A few services, processors in chains and circles, and jobs, some of them paused."""
    services = {
        name: replace(
            BASE.services["web"],
            name=name,
            starts_per_minute=rng.choice([None, 1, 2]),
            gap=rng.choice([None, 5 * MINUTE, 20 * MINUTE]),
        )
        for name in ("s", "u")
    }
    names = [f"p{n}" for n in range(rng.randint(2, 5))]
    return Catalog(
        services=services,
        processors={name: _processor(rng, name, names) for name in names},
        jobs={name: _job(rng, name, services, names) for name in ("a", "b", "c", "d", "e")[: rng.randint(3, 5)]},
        backfills={},
        windows={},
        rules={"q": PlatformRules(name="q", lead=rng.choice(LEADS))},
    )


def _processor(rng: Random, name: str, names: list[str]) -> Processor:
    return replace(
        BASE.processors["load"],
        name=name,
        after=tuple(rng.sample(names, rng.randint(0, 2))),
        tables={table: frozenset(rng.sample(KINDS, rng.randint(1, 2))) for table in rng.sample(TABLES, rng.randint(1, 2))},
        expect=rng.choice(EXPECTS),
        partitions=rng.choice([{}, dict.fromkeys(["r.t", "r.u"], Partition(column="day", named_by="date"))]),
        burst=rng.choice([1, 1, 1, 3]),
    )


def _job(rng: Random, name: str, services: Mapping[str, Service], names: list[str]) -> Job:
    base = BASE.jobs["fetch"]
    return replace(
        base,
        name=name,
        platform=rng.choice(["p", "q"]),
        schedule=Cron.parse(rng.choice([rng.choice(SCHEDULES), f"{rng.randrange(60)} */3 * * *"])),
        time_zone=rng.choice(PLACES),
        target=replace(
            base.target,
            service=services[rng.choice(sorted(services))],
            body=rng.choice([None, {"date": "TODAY"}, {"date": "YESTERDAY"}]),
        ),
        decides=tuple(rng.sample(names, rng.randint(0, 1))),
        runs=tuple(rng.sample(names, rng.randint(1, 2))),
        paused=rng.choice([None, None, None, PAUSE]),
    )


@settings(max_examples=100, derandomize=True)
@given(found=random_catalogs(), start=st.sampled_from(STARTS), length=st.integers(60, 24 * 60))
def test_collisions_are_those_of_a_walk_over_the_fires(found: Catalog, start: str, length: int) -> None:
    span = Span(start=at(start), end=at(start) + length * MINUTE)
    naive = Naive(found, span)
    naive.find_fires()
    expected = naive.walk()
    searched = collisions(found, span)
    assert {(c.kind, c.subject, c.jobs): set(c.times) for c in searched} == expected
    assert {(c.kind, c.subject, c.jobs): c.severity for c in searched if c.severity is not None} == naive.worst
    assert len(searched) == len(expected)


def test_a_consumer_that_may_read_between_two_statements_of_a_replacement_is_told_so() -> None:
    text = "{p: {service: web, expect: 5m, tables: {raw.t: %s}}, c: {service: web, tables: {raw.t: [read], raw.u: [append]}}}"
    lines = ("p|0 6 * * *|web|p", "c|2 6 * * *|web|c")
    said = {
        access: next(
            one.why for one in collisions(jobs(*lines, processors=text % access), DAY) if one.kind is CollisionKind.ORDER
        )
        for access in ("{write: [delete, load]}", "[mutate]")
    }
    assert "without the rows that are being replaced" in said["{write: [delete, load]}"]
    assert "replaced" not in said["[mutate]"]


def test_the_order_is_that_of_kind_subject_and_jobs() -> None:
    both = jobs(
        "a|0 6 * * *|wide|mutate",
        "b|0 6 * * *|web|also",
        "c|0 6 * * *|web|truncate",
        "d|0 6 * * *|wide|",
        processors=TWO_WRITERS,
    )
    found = collisions(both, DAY)
    assert [(c.kind.value, c.subject, c.jobs) for c in found] == [
        ("budget", "service/web", ("b", "c")),
        ("gap", "service/wide", ("a", "d")),
        ("table", "table/raw.t", ("a", "b")),
        ("table", "table/raw.t", ("a", "c")),
        ("table", "table/raw.t", ("b", "c")),
    ]
