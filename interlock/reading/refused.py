"""What pydantic refused, as problems in our words: where it stands, what was found, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from interlock.names import did_you_mean
from interlock.payload import Piece
from interlock.reading.located import MAX_SHOWN_CHARACTERS, Document, Path, dotted
from interlock.reading.problems import Problem
from interlock.reading.schema import (
    FULL,
    SHORT,
    AppEngineEntry,
    Entry,
    JobEntry,
    KeepEntry,
    OAuthEntry,
    OidcEntry,
    PauseEntry,
    ProcessorAccessEntry,
    StaggerEntry,
    TargetEntry,
    TokenEntry,
    WaiverEntry,
)
from interlock.secrets import HIDDEN, is_secret

_NESTED: dict[str, type[Entry]] = {
    "target": TargetEntry,
    "paused": PauseEntry,
    "waive": WaiverEntry,
    "keep": KeepEntry,
    "token": TokenEntry,
    "oidc": OidcEntry,
    "oauth": OAuthEntry,
    "app_engine": AppEngineEntry,
    "stagger": StaggerEntry,
}
"""The models of the entries that stand in another one of a catalog, by key."""

_REASONS = {
    "string_type": "is no text; write one in quotes",
    "int_type": "is no whole number; write one like 3",
    "bool_type": "is neither true nor false; write one of them",
    "tuple_type": "is no list; write one like [a, b]",
    "dict_type": "holds no keys; write them as key: value",
    "model_type": "holds no keys; write them as key: value",
    "greater_than_equal": "is too low; allowed: {ge} or more",
    "less_than_equal": "is too high; allowed: {le} or less",
    "too_short": "is empty; write at least one",
    "enum": "is not allowed; allowed: {expected}",
    "literal_error": "is not allowed; allowed: {expected}",
}
"""By pydantic's type of error, what follows what was found: https://docs.pydantic.dev/latest/errors/validation_errors/"""


GONE: Mapping[tuple[type[Entry], str], str] = {
    (JobEntry, "wave"): "is no key any more: nothing was derived from it; delete the line",
}
"""Keys that there were, and what to do about one that is still written."""


def keys(model: type[Entry]) -> list[str]:
    """The keys of an entry, for people: its own first."""
    named = [field.alias or name for name, field in model.model_fields.items()]
    return [*(key for key in named if key != "waive"), *(["waive"] if "waive" in named else [])]


def one_of(name: str, allowed: Sequence[str]) -> str:
    """What is allowed instead of `name`, and which of it is near: the end of a sentence."""
    hint = did_you_mean(name, allowed)
    return f"{hint}{' Allowed' if hint else '; allowed'}: {', '.join(allowed)}"


def problems_of(error: ValidationError, document: Document, at: Path, model: type[Entry]) -> Iterator[Problem]:
    """Pydantic's errors as problems with file and line; `at` is where the value that `model` refused stands in the document."""
    for details in error.errors(include_url=False):
        # A list is also called too short when all that it holds was refused, which has been reported then.
        if details["type"] == "too_short" and details["input"]:
            continue
        where: Path = (*at, *(part for part in details["loc"] if part not in {"[key]", SHORT, FULL}))
        yield Problem(source=document.at(where), message=f"{dotted(where)}: {_message(details, document, where, model)}")


def _nested(around: Sequence[str], model: type[Entry]) -> type[Entry]:
    """The model of the entry that stands at the end of these keys of one of `model`."""
    if len(around) > 1 and around[-2] == "tables":
        return ProcessorAccessEntry
    if around[-1] in _NESTED:
        return _NESTED[around[-1]]
    for key in around:
        field = model.model_fields.get(key)
        model = next(_entries(field.annotation), model) if field else model
    return model


def _entries(annotation: object) -> Iterator[type[Entry]]:
    """The models of entries in the type of a field, as in that of a mapping of them."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for part in get_args(annotation):
        yield from _entries(part)


def _message(details: ErrorDetails, document: Document, where: Path, model: type[Entry]) -> str:
    if details["type"] == "extra_forbidden":
        *around, key = (part for part in details["loc"] if isinstance(part, str) and part not in {SHORT, FULL})
        entry = _nested(around, model) if around else model
        allowed = keys(entry)
        if (entry, key) in GONE:
            return GONE[entry, key]
        return f"unknown key{one_of(key, allowed)}"
    if details["type"] == "missing":
        return "missing key"
    context = {key: str(value).replace("'", "") for key, value in details.get("ctx", {}).items()}
    reason = _REASONS[details["type"]].format_map(context) if details["type"] in _REASONS else details["msg"]
    if details["input"] is None:
        return f"has no value;{reason.partition(';')[2]}"
    # What is written there is the value, also when the key was refused.
    is_key = details["loc"][-1:] == ("[key]",)
    return f"{_found(details['input'], {} if is_key else document.written, where)}{reason}"


def _found(value: object, written: Mapping[Path, str], where: Path) -> str:
    """A value as it is written, for people; nothing for one that is too large to repeat."""
    if isinstance(value, dict | list):
        return "a list " if value and isinstance(value, list) else "a mapping " if value else ""
    text = written.get(where, str(value))
    if is_secret(Piece(key=str(where[-1]) if where else "", value=text, around="", place=())):
        return f"{HIDDEN} "
    shown = text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "..."
    return f"{ascii(shown) if isinstance(value, str) else shown} "
