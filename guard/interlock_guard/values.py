"""Single values as protobuf writes them: for each type of BigQuery the type that carries it, and who checks the value. Pure.

The types are those of docs.cloud.google.com/bigquery/docs/supported-data-types, the forms of dates, times and instants those
of docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical-elements. A value comes as `rows.plain` leaves it: what
JSON has. INTERVAL and RANGE are left out.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class ColumnKind:
    """How a type is written."""

    protobuf: Literal["int64", "int32", "double", "bool", "string", "bytes"]
    said: Callable[[object], object]
    """The value for protobuf. ValueError or OverflowError when the type has no such value."""
    wanted: str
    """What a value has to be, to follow on "but"."""


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE = r"(\d{4})-(\d\d?)-(\d\d?)"
_TIME = r"(\d\d?):(\d\d?):(\d\d?)(?:\.(\d{1,6}))?"
_ZONE = r"(Z|z|UTC|(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?)?"
_ONLY_DATE = re.compile(_DATE, re.ASCII)
_ONLY_TIME = re.compile(_TIME, re.ASCII)
_DATETIME = re.compile(rf"{_DATE}(?:[ Tt]{_TIME})?", re.ASCII)
_INSTANT = re.compile(rf"{_DATE}(?:[ Tt]{_TIME})? ?{_ZONE}", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[Ii]nf(?:inity)?|[Nn]a[Nn])", re.ASCII)
"""Python also reads `1_000`, digits of other alphabets and spaces around them."""
_INT64 = range(-(2**63), 2**63)
_DECIMAL_LENGTH = 200
"""Characters; the longest BIGNUMERIC has 78."""


def _integer(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
        raise ValueError(value)
    return value


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(value)
    return float(value)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    value.encode()  # half a surrogate pair is no text
    return value


def _bytes(value: object) -> bytes:
    return base64.b64decode(_text(value), validate=True)


def _json(value: object) -> str:
    """The value is what the column holds, as for a load job: a string is a string, not a document to be parsed."""
    return _text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _days(value: object) -> int:
    found = _match(_ONLY_DATE, value)
    return (_day(found) - _EPOCH.date()).days


def _clock(value: object) -> str:
    return _of_clock(_match(_ONLY_TIME, value).groups()).isoformat()


def _civil(value: object) -> str:
    found = _match(_DATETIME, value)
    return datetime.combine(_day(found), _of_clock(found.groups()[3:7])).isoformat()


def _microseconds(value: object) -> int:
    """Since the epoch. Without an offset it is UTC, as everywhere in BigQuery."""
    found = _match(_INSTANT, value)
    offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    local = datetime.combine(_day(found), _of_clock(found.groups()[3:7]), timezone.utc)
    instant = local + offset if found["sign"] == "-" else local - offset
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _decimal(whole: int, fraction: int) -> Callable[[object], str]:
    """So many digits before and after the point (docs: data-types, "Decimal types"); more would be rounded unseen."""

    def said(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(value)
        text = str(value)
        try:
            number = Decimal(text if len(text) <= _DECIMAL_LENGTH and _NUMBER.fullmatch(text) else "nan")
        except InvalidOperation:
            raise ValueError(value) from None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or number.adjusted() >= whole or exponent < -_DECIMAL_LENGTH:  # 1e-999999999 is long
            raise ValueError(value)
        digits = f"{number:f}"
        if len(digits.partition(".")[2].rstrip("0")) > fraction:
            raise ValueError(value)
        return digits

    return said


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str]:
    found = pattern.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(value)
    return found


def _day(found: re.Match[str]) -> date:
    return date(int(found[1]), int(found[2]), int(found[3]))


def _of_clock(parts: tuple[str | None, ...]) -> time:
    hour, minute, second, fraction = parts
    return time(int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "").ljust(6, "0")))


_INTEGER_KIND = ColumnKind(protobuf="int64", said=_integer, wanted="it must be a whole number of 64 bits")
_FLOAT_KIND = ColumnKind(protobuf="double", said=_float, wanted="it must be a number")
_BOOLEAN_KIND = ColumnKind(protobuf="bool", said=_boolean, wanted="it must be true or false")

KINDS: dict[str, ColumnKind] = {
    "STRING": ColumnKind(protobuf="string", said=_text, wanted="it must be text"),
    "BYTES": ColumnKind(protobuf="bytes", said=_bytes, wanted="it must be bytes, or text in base64"),
    "INTEGER": _INTEGER_KIND,
    "INT64": _INTEGER_KIND,
    "FLOAT": _FLOAT_KIND,
    "FLOAT64": _FLOAT_KIND,
    "BOOLEAN": _BOOLEAN_KIND,
    "BOOL": _BOOLEAN_KIND,
    "DATE": ColumnKind(protobuf="int32", said=_days, wanted="a DATE is written 2026-01-31"),
    "TIME": ColumnKind(protobuf="string", said=_clock, wanted="a TIME is written 23:59:59.999999"),
    "DATETIME": ColumnKind(
        protobuf="string", said=_civil, wanted="a DATETIME is written 2026-01-31T23:59:59.999999, without an offset"
    ),
    "TIMESTAMP": ColumnKind(
        protobuf="int64", said=_microseconds, wanted="a TIMESTAMP is written 2026-01-31T23:59:59.999999Z, or with an offset"
    ),
    "NUMERIC": ColumnKind(
        protobuf="string", said=_decimal(29, 9), wanted="a NUMERIC has at most 29 digits before the point and 9 after it"
    ),
    "BIGNUMERIC": ColumnKind(
        protobuf="string", said=_decimal(38, 38), wanted="a BIGNUMERIC has at most 38 digits before the point and after it"
    ),
    "JSON": ColumnKind(protobuf="string", said=_json, wanted="it must be what JSON can say"),
    "GEOGRAPHY": ColumnKind(protobuf="string", said=_text, wanted="it must be text, WKT or GeoJSON"),
}
