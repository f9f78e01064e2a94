"""What stands beside a job, as rules about its starts need it: the tables that it writes, and the rules of its platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import cast, get_args

from interlock.access import Kind
from interlock.catalog import Json
from interlock.dates import NamedDay
from interlock.names import rounded
from interlock.platform_rules import MINUTES_AN_HOUR, STAGGER_MINUTES, PlatformRules, Stagger, Was
from policies.rules.estate import Estate, Resource
from policies.rules.values import NOTHING, Attributes, Malformed

HALF_AN_HOUR = timedelta(minutes=30)
"""Around one minute of the hour that is every minute."""
MAX_GAP = timedelta(days=1)
"""Between two jobs, that anybody may want; jobs that start a day apart start together."""

Writes = Mapping[str, frozenset[Kind]]


def writes_of(job: Resource) -> Writes:
    """The tables that a job's processors write, and how, as it is declared."""
    tables = job.facts.block("writes") or NOTHING
    return {table: frozenset(_kind(kind) for kind in tables.texts(table)) for table in sorted(tables.names())}


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise Malformed("an access in writes", text, f"one of {', '.join(kind.value for kind in Kind)}") from None


def days_of(job: Resource) -> Mapping[str, NamedDay]:
    """The tables of which a job changes one day alone, with that day."""
    tables = job.facts.block("days") or NOTHING
    return {table: _day(tables.block(table) or NOTHING) for table in sorted(tables.names())}


def _day(said: Attributes) -> NamedDay:
    column, days = said.text("column"), said.number("from_start")
    if column is None or days is None:
        raise Malformed("a day in days", None, "its column, and from_start in days")
    return NamedDay(column=column, offset=timedelta(days=days))


def rules_for(job: Resource, estate: Estate) -> PlatformRules:
    """Those of the job's platform, as the stack has them; where it has none those that go everywhere."""
    platform = job.facts.text("platform") or ""
    known = estate.once(_rules)
    found = known.get(platform, PlatformRules(name=platform))
    if isinstance(found, Malformed):
        raise found
    return found


def _rules(estate: Estate) -> dict[str, PlatformRules | Malformed]:
    """The rules of each platform that says any, or what is wrong with them."""
    said = estate.facts.block("rules") or NOTHING
    found: dict[str, PlatformRules | Malformed] = {}
    for name in said.names():
        try:
            found[name] = _read_rules(name, said.block(name) or NOTHING)
        except Malformed as malformed:
            found[name] = malformed
    return found


def _read_rules(name: str, said: Attributes) -> PlatformRules:
    rules = PlatformRules(name=name)
    minutes = [_minute(said, one) for one in said.items("stagger")] if "stagger" in said.values else STAGGER_MINUTES
    within, apart, was = said.seconds("within_s"), said.seconds("apart_s"), said.text("was")
    if apart is not None and apart > MAX_GAP:
        raise Malformed(f"rules.{name}.apart_s", int(apart.total_seconds()), f"{rounded(MAX_GAP)} at most, in seconds")
    return PlatformRules(
        name=name,
        stagger=Stagger(minutes=frozenset(minutes), within=min(within or timedelta(0), HALF_AN_HOUR)),
        apart=rules.apart if apart is None else apart,
        was=_was(said, was) if was else rules.was,
    )


def _minute(said: Attributes, value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MINUTES_AN_HOUR:
        raise Malformed(f"{said.path}.stagger", value, "a list of minutes from 0 to 59")
    return value


def _was(said: Attributes, text: str) -> Was:
    for known in get_args(Was):
        if text == known:
            return cast(Was, known)
    raise Malformed(f"{said.path}.was", text, f"one of {', '.join(get_args(Was))}")
