"""Jobs of the catalog for live ones: what is written of each, and what its retry settings are called. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from interlock.adoption.drafts import Draft, Drafts, Live, path_of, token_of, token_value
from interlock.adoption.keys import Keys, is_key, key_of, with_suffix
from interlock.adoption.places import CantSay
from interlock.adoption.yaml_text import Bare, Quoted, Value
from interlock.catalog import Catalog, Json, RetryProfile, ServiceKind, json_bytes
from interlock.cron import Cron, CronError
from interlock.names import exact
from interlock.parts import DEFAULT_DEADLINE
from interlock.payload import read_json
from interlock.reading.entries import WITHOUT_RETRY
from interlock.reading.plain import MAX_EXACT
from interlock.secrets import WITHHELD
from interlock.terraform.attributes import go_duration

PAUSED = "PAUSED"
REVIEW = timedelta(days=14)
"""When somebody should have decided about a job that was found paused."""
JSON_TYPE = "application/json"
CONTENT_TYPE = "content-type"
MOST_NESTED, LONGEST_KEY = 20, 200
"""Of JSON that people read in YAML."""
ZERO = "0s"
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")

Retries = tuple[tuple[str, Json], ...]
"""A block of retry settings, as something to count by."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job as written: `fields` by key of the catalog, and what a person must decide about it."""

    key: str
    live: Live
    draft: Draft
    fields: Mapping[str, Value]
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Retry settings with a name; `fields` is None where the catalog has them already."""

    name: str
    fields: Mapping[str, Value] | None


def retries_of(live: Live) -> Retries:
    """The retry settings of a job; nothing for none."""
    return tuple(sorted(cast("dict[str, Json]", live.attributes.get("retry_config") or {}).items()))


def name_retries(lives: Sequence[Live], catalog: Catalog, platform: str) -> dict[Retries, Profile]:
    """A profile for each of the retry settings that there are, of the platform's own: its folder stands alone. CantSay for none
    that a catalog can have."""
    own = [profile for profile in catalog.retry_profiles.values() if profile.platform == platform]
    known = {_as_retries(profile): profile.name.rpartition("/")[2] for profile in own}
    names, found = Keys({*known.values(), WITHOUT_RETRY}), dict[Retries, Profile]()
    counts = Counter(filter(None, map(retries_of, lives)))
    for retries in sorted(counts, key=lambda retries: (-counts[retries], str(retries))):
        if retries in known:
            found[retries] = Profile(name=known[retries], fields=None)
        else:
            fields = _profile(dict(retries))
            found[retries] = Profile(name=names.take(*_names_for(dict(retries))), fields=fields)
    return found


def _as_retries(profile: RetryProfile) -> Retries:
    spans = {
        "min_backoff_duration": profile.min_backoff,
        "max_backoff_duration": profile.max_backoff,
        "max_retry_duration": profile.max_duration,
    }
    said: dict[str, Json] = {name: None if span is None else go_duration(span) for name, span in spans.items()}
    return tuple(sorted({**said, "retry_count": profile.attempts, "max_doublings": profile.doublings}.items()))


def _profile(retry: Mapping[str, Json]) -> dict[str, Value]:
    return {
        "attempts": retry["retry_count"],
        "min_backoff": _span(retry["min_backoff_duration"]),
        "max_backoff": _span(retry["max_backoff_duration"]),
        "doublings": retry["max_doublings"],
        "max_duration": _span(retry["max_retry_duration"]),
    }


def _names_for(retry: Mapping[str, Json]) -> tuple[str, ...]:
    """What the settings may be called, the shortest first."""
    count, lasts = retry["retry_count"], retry["max_retry_duration"]
    some = f"{count}-{'retry' if count == 1 else 'retries'}" if count else ""
    timed = f"for-{_word(lasts)}" if lasts != ZERO else ""
    base = "-".join(filter(None, ("retry" if some or timed else "none", some.partition("-")[0], timed)))
    backoff = f"{base}-from-{_word(retry['min_backoff_duration'])}"
    return base, backoff, f"{backoff}-to-{_word(retry['max_backoff_duration'])}"


def _word(duration: Json) -> str:
    return str(_span(duration)).replace(".", "-")


def _span(duration: Json) -> Bare:
    return Bare(exact(span_of(str(duration))))


def span_of(duration: str) -> timedelta:
    """A duration as the API says one. CantSay."""
    found = re.fullmatch(r"([0-9]+)(?:\.([0-9]{1,6})0*)?s", duration)
    if found is None:
        raise CantSay("a duration of it is no whole number of microseconds")
    return timedelta(microseconds=int(Decimal(duration[:-1]) * 1_000_000))


def entry_of(
    live: Live, key: str, drafts: Drafts, profiles: Mapping[Retries, Profile], owner: str, today: date, secrets: Sequence[str]
) -> Entry:
    """What is written of a job; everything that a file's defaults may say, too. CantSay."""
    attributes, draft = live.attributes, drafts.of[live.identity]
    retries = retries_of(live)
    fields: dict[str, Value] = {
        **({"name": live.name} if live.name != key else {}),
        "description": _description(str(attributes["description"])),
        "schedule": Quoted(str(attributes["schedule"])),
        "target": _target(live, draft, drafts),
        "owner": owner,
        "time_zone": str(attributes["time_zone"]),
        "region": live.region,
    }
    if draft.kind is not ServiceKind.TOPIC:
        fields["deadline"] = _span(attributes.get("attempt_deadline", DEFAULT_DEADLINE))
    fields["retry"] = profiles[retries].name if retries else WITHOUT_RETRY
    comments = [f"{WITHHELD} stands for a secret in its {', '.join(secrets)}. Decide where that goes."] if secrets else []
    if live.state == PAUSED:
        fields["paused"] = {"undecided": True, "review": Bare((today + REVIEW).isoformat())}
        comments.append(
            "It was found paused, and stays as it is. Decide: {reason, owner, review}, or take `paused` out and it runs."
        )
    if not is_known(str(attributes["schedule"])):
        comments.append("Nobody knows when this schedule fires.")
    return Entry(key=key, live=live, draft=draft, fields=fields, comments=tuple(comments))


def is_known(schedule: str) -> bool:
    """Whether the instants of a schedule are known."""
    try:
        return Cron.read(schedule).is_known
    except CronError:
        return False


def key_names(lives: Sequence[Live], catalog: Catalog) -> dict[str, str]:
    """Keys for jobs, by identity: their names, as far as they can be keys; those of one name in two regions say theirs."""
    wanted: dict[str, list[Live]] = {}
    for live in lives:
        wanted.setdefault(live.name if is_key(live.name) else key_of(live.name), []).append(live)
    keys, found = Keys({*catalog.jobs, *catalog.removed}), dict[str, str]()
    for key, same in sorted(wanted.items()):
        several = len({live.region for live in same}) > 1
        for live in sorted(same, key=lambda live: (live.name != key, live.identity)):
            regional = with_suffix(key, live.region)
            found[live.identity] = keys.take(*([regional] if several else [key, regional]))
    return found


def _description(text: str) -> Value:
    """The description, byte for byte: spaces around one line would be taken for nobody's."""
    return {"text": text} if text != text.strip() and "\n" not in text.strip() else text


def _target(live: Live, draft: Draft, drafts: Drafts) -> dict[str, Value]:
    name = next(name for name in ("http_target", "app_engine_http_target", "pubsub_target") if name in live.attributes)
    said = cast("dict[str, Json]", live.attributes[name])
    target: dict[str, Value] = {"service": draft.key}
    if path := path_of(live, drafts.env):
        target["path"] = path
    if (method := said.get("http_method", "POST")) != "POST":
        target["method"] = str(method)
    headers = dict(cast("dict[str, str]", said.get("headers") or {}))
    sent = said.get("body", said.get("data"))
    content = _content(None if sent is None else b64decode(str(sent)), headers, draft.kind, attributes=said.get("attributes"))
    if headers:
        target["headers"] = headers
    target |= content
    if name == "http_target" and (token := token_of(live, drafts.env)) != draft.token:
        target["token"] = token_value(token)
    if isinstance(attributes := said.get("attributes"), dict):
        target["attributes"] = attributes
    return target


def _content(content: bytes | None, headers: dict[str, str], kind: ServiceKind, *, attributes: Json) -> dict[str, Value]:
    """What is sent, as JSON where that says the same bytes; then its header goes without saying, and out of `headers`."""
    if content is None:
        return {}
    if kind is ServiceKind.TOPIC and content == json_bytes({}) and not attributes:
        return {}
    types = [name for name in headers if name.lower() == CONTENT_TYPE]
    body = read_json(content)
    is_json = isinstance(body, dict | list) and json_bytes(body) == content and _is_plain(body)
    if is_json and (types or kind is ServiceKind.TOPIC):
        if headers.get("Content-Type") == JSON_TYPE and len(types) == 1:
            del headers["Content-Type"]
        return {"body": body}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if text and all(character.isprintable() or character in "\n\t\r" for character in text):
        return {"text": text}
    return {"base64": Quoted(b64encode(content).decode())}


def _is_plain(body: Json, depth: int = 0) -> bool:
    """Whether each reader of YAML reads it as JSON has it."""
    if isinstance(body, dict | list):
        inside = body.values() if isinstance(body, dict) else body
        are_keys = not isinstance(body, dict) or all(len(key) <= LONGEST_KEY and _is_text(key) for key in body)
        return depth < MOST_NESTED and are_keys and all(_is_plain(one, depth + 1) for one in inside)
    if isinstance(body, str):
        return _is_text(body)
    if isinstance(body, float):
        return _FRACTION.fullmatch(json.dumps(body)) is not None
    return body is None or isinstance(body, bool) or abs(body) <= MAX_EXACT


def _is_text(text: str) -> bool:
    """Half a pair of surrogates is none."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
