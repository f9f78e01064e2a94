"""The values of our YAML files: what each kind of text or number must be, and a message with what is allowed.

A message reads on after what was found: `'5m30' is no duration; write one like 45s, 10m, 30h or 4d`.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from interlock.cron import Cron, CronError, ZoneError, zone
from interlock.groc import DAYS_IN_MONTH
from interlock.names import (
    IDENTITY,
    IDENTITY_RULE,
    JOB_SUBJECT,
    MAX_TEXT,
    NAME,
    NAME_RULE,
    REGION,
    SCHEDULER_NAME,
    SCOPE,
    SECONDS,
    TABLE,
    exact,
    unseen,
)
from interlock.seasons import MonthDay

MIN_DEADLINE, MAX_DEADLINE = timedelta(seconds=15), timedelta(minutes=30)
"""Of an HTTP target: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
MAX_APP_ENGINE_DEADLINE = timedelta(hours=24, seconds=15)
"""Of an App Engine target, ibid."""
DEADLINES = f"Cloud Scheduler takes {exact(MIN_DEADLINE)} to {exact(MAX_DEADLINE)}, and of App Engine up to 24h"
MIN_EXPECT, MAX_EXPECT = timedelta(minutes=1), timedelta(days=14)
MIN_WINDOW, MAX_WINDOW = timedelta(minutes=5), timedelta(hours=24)
MIN_GAP, MAX_GAP = timedelta(minutes=2), timedelta(hours=6)
"""Between two starts of a service. A gap of a minute means what `starts_per_minute: 1` means."""
MAX_WITHIN = timedelta(minutes=29)
"""Around one minute of the hour: with more it would be every minute."""
MAX_SHIFT = timedelta(minutes=59)
"""Of a start: with more it would be in another hour, or across midnight."""
MAX_ATTEMPTS = 5
MAX_DOUBLINGS = 2**31 - 1
"""An int32; Google names no other limit."""
MAX_URI = 2083
"""Characters of a URL, ibid."""

PATH = r"[/?#][^\x00-\x1f\x7f]*"
"""Cloud Scheduler "will encode some characters for compatibility", so that it takes more than a URL may have, ibid."""
HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A token: https://www.rfc-editor.org/rfc/rfc9110#name-tokens"""
ACCOUNT = r"[A-Za-z0-9][A-Za-z0-9_.-]*(@[A-Za-z0-9.-]+)?"
TOPIC = r"(projects/[a-z0-9:.-]+/topics/)?[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
"""https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names"""
SERVICE_URL_TEXT = r"https?://[^\x00-\x20?#\x7f]+"
APP_ENGINE_ID = r"[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?"
DURATION = r"([0-9]{1,8}(?:\.[0-9]{1,6})?)([smhd])"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MONTH_DAY = r"([0-9]{2})-([0-9]{2})"


def wrong(message: str) -> PydanticCustomError:
    """The error of a value that is not as it must be."""
    return PydanticCustomError("interlock", "{message}", {"message": message})


def _duration(value: object) -> timedelta:
    found = re.fullmatch(DURATION, value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is no duration; write one like 45s, 1.5s, 10m, 30h or 4d")
    return timedelta(microseconds=int(Decimal(found[1]) * SECONDS[found[2]] * 1_000_000))


def _duration_between(low: timedelta, high: timedelta) -> BeforeValidator:
    def check(value: object) -> timedelta:
        duration = _duration(value)
        if not low <= duration <= high:
            raise wrong(f"is too {'short' if duration < low else 'long'}; allowed: {exact(low)} to {exact(high)}")
        return duration

    return BeforeValidator(check)


def _deadline(value: object) -> timedelta:
    deadline = _duration(value)
    if not MIN_DEADLINE <= deadline <= MAX_APP_ENGINE_DEADLINE:
        raise wrong(f"is too {'short' if deadline < MIN_DEADLINE else 'long'}; {DEADLINES}")
    return deadline


def _cron(read: Callable[[str], Cron]) -> BeforeValidator:
    def check(value: object) -> Cron:
        if not isinstance(value, str):
            raise wrong('is no schedule; write five fields in quotes, as "15,45 * * * *"')
        try:
            return read(value)
        except CronError as error:
            raise wrong(f"is refused: {error}") from None

    return BeforeValidator(check)


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


def _season_day(value: object) -> date | MonthDay:
    if not (isinstance(value, str) and (found := re.fullmatch(MONTH_DAY, value))):
        try:
            return _date(value)
        except PydanticCustomError:
            raise wrong("is no day; write one like 2026-10-20, or 03-01 for one of every year") from None
    month, day = int(found[1]), int(found[2])
    if not (1 <= month <= len(DAYS_IN_MONTH) and 1 <= day <= DAYS_IN_MONTH[month - 1]):
        raise wrong("is a day of no year; write the month first, as 03-01 for the first of March")
    return MonthDay(month=month, day=day)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("is no text; write one in quotes")
    text = _up_to(value.strip())
    if not text:
        raise wrong("is empty; write a text")
    if unseen(text) is not None:
        raise wrong("has a line break or another control character; allowed: one line of text")
    return text


def _description(value: object) -> str:
    """Of a job: what others have written, lines and all. Spaces around one line are not a part of it, unless it says so."""
    if isinstance(value, dict) and value.keys() == {"text"}:
        return _up_to(_verbatim(value["text"]))
    if not isinstance(value, str):
        raise wrong("is no text; write one in quotes")
    return _up_to(value if "\n" in value.strip() else value.strip())


def _up_to(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise wrong(f"has {len(text)} characters; allowed: at most {MAX_TEXT}")
    return text


def _body(value: object) -> object:
    if not isinstance(value, dict | list):
        raise wrong("is no JSON object or list; write one, or the bytes as they are under `text`")
    return value


def _verbatim(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("is no text; write one in quotes")
    return value


def _base64(value: object) -> str:
    try:
        b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError:
        raise wrong("is no base64; write what `base64 -w0 FILE` prints") from None
    return str(value)


def matching(pattern: str, message: str) -> BeforeValidator:
    """A text that `pattern` matches in full, or `message`."""

    def check(value: object) -> str:
        if not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise wrong(message)
        return value

    return BeforeValidator(check)


def _schema(pattern: str, description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$", "description": description})


_DURATION_SCHEMA = _schema(DURATION, "45s, 1.5s, 10m, 30h or 4d")


def _share(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise wrong("is no share; write a number above 0 and up to 1, like 0.05")
    return float(value)


Duration = Annotated[timedelta, BeforeValidator(_duration), _DURATION_SCHEMA]
Deadline = Annotated[timedelta, BeforeValidator(_deadline), _DURATION_SCHEMA]
Expect = Annotated[timedelta, _duration_between(MIN_EXPECT, MAX_EXPECT), _DURATION_SCHEMA]
Gap = Annotated[timedelta, _duration_between(MIN_GAP, MAX_GAP), _DURATION_SCHEMA]
Within = Annotated[timedelta, _duration_between(timedelta(0), MAX_WITHIN), _DURATION_SCHEMA]
Lead = Annotated[timedelta, _duration_between(timedelta(0), MAX_GAP), _DURATION_SCHEMA]
Shift = Annotated[timedelta, _duration_between(timedelta(minutes=1), MAX_SHIFT), _DURATION_SCHEMA]
"""By which a start may move."""
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1})]
Minute = Annotated[int, Strict(), Field(ge=0, le=59)]
WindowDuration = Annotated[timedelta, _duration_between(MIN_WINDOW, MAX_WINDOW), _DURATION_SCHEMA]
_SCHEDULE = r" *\S+( +\S+){4} *|every ([0-9]+ (hours|mins|minutes)( .*)?|hour|minute)|.* [0-9]{1,2}:[0-9]{2}"
Schedule = Annotated[Cron, _cron(Cron.read), _schema(_SCHEDULE, "five fields of cron, as 15,45 * * * *")]
"""Of a job: also what one that exists may have. A rule wants the safe dialect of those that are new."""
WindowSchedule = Annotated[Cron, _cron(Cron.parse), _schema(r"\S+( \S+){4}", "five fields of cron, as 15,45 * * * *")]
"""When a window opens: that must be known."""
Zone = Annotated[str, BeforeValidator(_zone), _schema(r"[A-Z][A-Za-z0-9_+/-]*", "America/New_York, Etc/UTC")]
Date = Annotated[date, BeforeValidator(_date), _schema(DATE, "2027-01-31")]
DayOfSeason = Annotated[
    date | MonthDay,
    BeforeValidator(_season_day),
    _schema(rf"{DATE}|{MONTH_DAY}", "2026-10-20, or 03-01 of every year"),
]
Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=MAX_TEXT)]
Name = Annotated[str, matching(NAME, f"is no name; allowed: {NAME_RULE}"), _schema(NAME, NAME_RULE)]
_REFERENCE = rf"({NAME}/)?{NAME}"
Reference = Annotated[
    str,
    matching(_REFERENCE, f"is no name; allowed: {NAME_RULE}; of another platform write platform/name"),
    _schema(_REFERENCE, "what the folder of the platform has, or platform/name of another one"),
]
"""The name of an entry: of the platform itself, or with that of another one before it."""
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
    matching(PATH, "is no path; it begins with /, ? or #, and has no control characters"),
    _schema(PATH, "/scrape"),
]
Description = Annotated[
    str,
    BeforeValidator(_description),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": MAX_TEXT},
                {
                    "type": "object",
                    "properties": {"text": {"type": "string", "maxLength": MAX_TEXT}},
                    "required": ["text"],
                    "additionalProperties": False,
                    "description": "byte for byte, with the spaces around it",
                },
            ]
        }
    ),
]
Body = Annotated[object, BeforeValidator(_body), WithJsonSchema({"type": ["object", "array"], "description": "JSON"})]
Verbatim = Annotated[str, BeforeValidator(_verbatim)]
SchedulerName = Annotated[
    str,
    matching(SCHEDULER_NAME, "is no name of a Cloud Scheduler job; allowed: 1 to 500 of A-Z, a-z, 0-9, - and _"),
    _schema(SCHEDULER_NAME, "Odds_Props_V2"),
]
Identity = Annotated[str, matching(IDENTITY, f"is no job; {IDENTITY_RULE}"), _schema(IDENTITY, IDENTITY_RULE)]
HeaderName = Annotated[str, matching(HEADER, "is no name of a header; write one like X-Caller"), _schema(HEADER, "X-Caller")]
Account = Annotated[
    str,
    matching(ACCOUNT, "is no account; write an e-mail address, or a name under `accounts` of the environment"),
    _schema(ACCOUNT, "an e-mail address, or a name under `accounts` of the environment"),
]
TopicName = Annotated[
    str,
    matching(TOPIC, "is no topic; write its id, or projects/<project>/topics/<id> of another project"),
    _schema(TOPIC, "orders, projects/other/topics/orders"),
]
ServiceUrl = Annotated[
    str,
    matching(SERVICE_URL_TEXT, "is no URL; write one like https://dataform.googleapis.com"),
    _schema(SERVICE_URL_TEXT, "https://dataform.googleapis.com"),
]
AppEngineId = Annotated[
    str,
    matching(APP_ENGINE_ID, "is no id of App Engine; allowed: a-z, 0-9 and -"),
    _schema(APP_ENGINE_ID, "default"),
]
Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
Base64 = Annotated[str, BeforeValidator(_base64)]
Count = Annotated[int, Strict(), Field(ge=1)]
Attempts = Annotated[int, Strict(), Field(ge=0, le=MAX_ATTEMPTS)]
Doublings = Annotated[int, Strict(), Field(ge=0, le=MAX_DOUBLINGS)]
Flag = Annotated[bool, Strict()]
Statement = Literal[
    "append", "load", "insert", "mutate", "delete", "update", "merge", "truncate", "replace", "stream", "storage_write"
]
"""A way to write a table: a kind of access, or the statement that is of that kind (`accesses.py`)."""
COLUMN = r"[A-Za-z_][A-Za-z0-9_]{0,299}"
"""https://cloud.google.com/bigquery/docs/schemas#column_names, without the characters of flexible names."""
Column = Annotated[str, matching(COLUMN, "is no column; write one like game_date"), _schema(COLUMN, "game_date")]
