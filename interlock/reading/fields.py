"""The values of our YAML files: what each kind of text or number must be, and a message with what is allowed.

A message reads on after what was found: `'5m30' is no duration; write one like 45s, 10m, 30h or 4d`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from interlock.cron import Cron, CronError, ZoneError, zone
from interlock.names import JOB_SUBJECT, MAX_TEXT, NAME, NAME_RULE, REGION, SCOPE, SECONDS, TABLE, exact

MIN_DEADLINE, MAX_DEADLINE = timedelta(seconds=15), timedelta(minutes=30)
"""Of an HTTP target: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
MIN_EXPECT, MAX_EXPECT = timedelta(minutes=1), timedelta(days=14)
MIN_WINDOW, MAX_WINDOW = timedelta(minutes=5), timedelta(hours=24)
MIN_GAP, MAX_GAP = timedelta(minutes=2), timedelta(hours=6)
"""Between two starts of a service. A gap of a minute means what `starts_per_minute: 1` means."""
MAX_ATTEMPTS = 5
MAX_DOUBLINGS = 16

PATH = r"/([A-Za-z0-9._~?=&%:+,-][A-Za-z0-9._~/?=&%:+,-]*)?"
DURATION = r"([0-9]{1,6})([smhd])"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def wrong(message: str) -> PydanticCustomError:
    """The error of a value that is not as it must be."""
    return PydanticCustomError("interlock", "{message}", {"message": message})


def _duration(value: object) -> timedelta:
    found = re.fullmatch(DURATION, value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is no duration; write one like 45s, 10m, 30h or 4d")
    return timedelta(seconds=int(found[1]) * SECONDS[found[2]])


def _duration_between(low: timedelta, high: timedelta) -> BeforeValidator:
    def check(value: object) -> timedelta:
        duration = _duration(value)
        if not low <= duration <= high:
            raise wrong(f"is too {'short' if duration < low else 'long'}; allowed: {exact(low)} to {exact(high)}")
        return duration

    return BeforeValidator(check)


def _cron(value: object) -> Cron:
    if not isinstance(value, str):
        raise wrong('is no schedule; write five fields in quotes, as "15,45 * * * *"')
    try:
        return Cron.parse(value)
    except CronError as error:
        raise wrong(f"is refused: {error}") from None


def _zone(value: object) -> str:
    try:
        return zone(value if isinstance(value, str) else "").key
    except ZoneError:
        raise wrong("is no time zone; write one like America/New_York or Etc/UTC") from None


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) and re.fullmatch(DATE, value) else "")
    except ValueError:
        raise wrong("is no date; write one like 2027-01-31") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("is no text; write one in quotes")
    text = value.strip()
    if not text:
        raise wrong("is empty; write a text")
    if len(text) > MAX_TEXT:
        raise wrong(f"has {len(text)} characters; allowed: at most {MAX_TEXT}")
    if not text.isprintable():
        raise wrong("has a line break or another control character; allowed: one line of text")
    return text


def matching(pattern: str, message: str) -> BeforeValidator:
    """A text that `pattern` matches in full, or `message`."""

    def check(value: object) -> str:
        if not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise wrong(message)
        return value

    return BeforeValidator(check)


def _schema(pattern: str, description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$", "description": description})


_DURATION_SCHEMA = _schema(DURATION, "45s, 10m, 30h or 4d")

Duration = Annotated[timedelta, BeforeValidator(_duration), _DURATION_SCHEMA]
Deadline = Annotated[timedelta, _duration_between(MIN_DEADLINE, MAX_DEADLINE), _DURATION_SCHEMA]
Expect = Annotated[timedelta, _duration_between(MIN_EXPECT, MAX_EXPECT), _DURATION_SCHEMA]
Gap = Annotated[timedelta, _duration_between(MIN_GAP, MAX_GAP), _DURATION_SCHEMA]
WindowDuration = Annotated[timedelta, _duration_between(MIN_WINDOW, MAX_WINDOW), _DURATION_SCHEMA]
Schedule = Annotated[Cron, BeforeValidator(_cron), _schema(r"\S+( \S+){4}", "five fields of cron, as 15,45 * * * *")]
Zone = Annotated[str, BeforeValidator(_zone), _schema(r"[A-Z][A-Za-z0-9_+/-]*", "America/New_York, Etc/UTC")]
Date = Annotated[date, BeforeValidator(_date), _schema(DATE, "2027-01-31")]
Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=MAX_TEXT)]
Name = Annotated[str, matching(NAME, f"is no name; allowed: {NAME_RULE}"), _schema(NAME, NAME_RULE)]
Table = Annotated[str, matching(TABLE, "is no table; write dataset.table"), _schema(TABLE, "dataset.table")]
Scope = Annotated[
    str,
    matching(
        SCOPE, "is no scope; write backfill/<name>, table/<dataset.table>, job/<name>, service/<name>, platform/<name> or all"
    ),
    _schema(SCOPE, "service/nba-scrapers"),
]
JobSubject = Annotated[
    str, matching(JOB_SUBJECT, "is no job as a finding names it; write jobs.<name>"), _schema(JOB_SUBJECT, "jobs.fetch")
]
Region = Annotated[str, matching(REGION, "is no region; write one like us-west2"), _schema(REGION, "us-west2")]
UrlPath = Annotated[
    str,
    matching(PATH, "is no path; it begins with one / and holds letters, digits and . _ ~ / ? = & % : + , -"),
    _schema(PATH, "/scrape"),
]
Count = Annotated[int, Strict(), Field(ge=1)]
Attempts = Annotated[int, Strict(), Field(ge=0, le=MAX_ATTEMPTS)]
Doublings = Annotated[int, Strict(), Field(ge=0, le=MAX_DOUBLINGS)]
Flag = Annotated[bool, Strict()]
