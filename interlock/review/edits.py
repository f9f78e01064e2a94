"""What an edit of the catalog does, in words that people use: whom a job calls instead, as whom, and what it sends. Pure.

No value of a header is shown, of a URL and a body none that may be a secret: a comment is read by more people than the catalog.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from interlock.catalog import Job, OAuth, Oidc, ServiceKind, Target, Token
from interlock.cron import Cron
from interlock.cron_fields import FIELDS
from interlock.names import count
from interlock.review.bodies import Edit, body_edits, in_json
from interlock.review.diff import Both
from interlock.review.remark import listed
from interlock.secrets import own_url, redacted

TIMING = frozenset({"schedule", "time_zone", "paused"})
"""Keys that decide when a job runs."""
TARGET = "target."
GERUNDS = {"calls": "calling", "publishes": "publishing", "runs": "running"}
NOTHING, JSON, TEXT, BYTES = "nothing", "JSON", "text", "bytes"


def job_edits(change: Both[Job], day: date | None, leave_out: Collection[str] = ()) -> tuple[Edit, ...]:
    """What an edit of a job does, in the order of the catalog's keys, but for those to `leave_out`. `day` is that of its next
    fire, in its zone."""
    found: list[Edit] = []
    is_target_said = False
    for field in change.fields:
        if field.key in leave_out:
            continue
        if field.key == "schedule":
            found += _schedule(change.before.schedule, change.after.schedule)
        elif not field.key.startswith(TARGET):
            found.append(Edit(what=field.key, before=field.before, after=field.after))
        elif not is_target_said:
            found += _target(change.before.target, change.after.target, day)
            is_target_said = True
    return tuple(found)


def _schedule(before: Cron, after: Cron) -> Iterator[Edit]:
    """The fields of cron that differ; what is no cron differs as a whole."""
    old, new = before.text.split(), after.text.split()
    if len(old) == len(new) == len(FIELDS) and before.is_known and after.is_known:
        for field, was, now in zip(FIELDS, old, new, strict=True):
            if was != now:
                yield Edit(what=field.name, before=was, after=now)
    else:
        yield Edit(what="schedule", before=before.text, after=after.text)


def _target(before: Target, after: Target, day: date | None) -> Iterator[Edit]:
    old, new = call(before), call(after)
    if old != new:
        yield Edit(what=f"{new} instead of {_instead(old, new)}")
    elif before.path != after.path:
        yield Edit(what=f"{new.partition(' of ')[0]}, of which what differs is not shown")
    if before.token != after.token:
        yield Edit(what=f"calls {_as_whom(before.token, after.token)}")
    yield from _named("header", before.headers, after.headers)
    yield from _attributes(before.attributes, after.attributes, day)
    yield from _content(before, after, day)


def call(target: Target) -> str:
    """What a job does to its service: a verb, and what it calls."""
    service = target.service
    if service.kind is ServiceKind.TOPIC:
        return f"publishes to {service.name}"
    if service.kind is ServiceKind.RUN_JOB:
        return f"runs {service.name}"
    return f"calls {' '.join(filter(None, [target.method, own_url(target.path)]))} of {service.name}"


def _instead(old: str, new: str) -> str:
    """The older call, without a verb that both have."""
    verb, _, rest = old.partition(" ")
    return rest.removeprefix("to ") if new.startswith(f"{verb} ") else f"{GERUNDS[verb]} {rest}"


def _as_whom(before: Token, after: Token) -> str:
    """As whom it calls now, instead of whom before."""
    old, new = _account(before), _account(after)
    if old != new:
        return f"{new} instead of {old}"
    kinds = ["an identity token" if isinstance(token, Oidc) else "an access token" for token in (after, before)]
    if kinds[0] != kinds[1]:
        return f"with {kinds[0]} instead of {kinds[1]}"
    if isinstance(before, OAuth) and isinstance(after, OAuth):
        return f"with a token of the scope {after.scope} instead of {before.scope}"
    told = [own_url(token.audience) if isinstance(token, Oidc) else "" for token in (after, before)]
    return f"with a token for {told[0]} instead of {told[1]}"


def _account(token: Token) -> str:
    if token is None:
        return "without a token"
    return f"as {token.account}" if token.account else "as the invoker"


def _named(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Edit]:
    """Texts by name, of which only the names are said."""
    sets = {
        "sends": sorted(after.keys() - before.keys()),
        "no longer sends": sorted(before.keys() - after.keys()),
        "sends another value of": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
    }
    for verb, names in sets.items():
        if names:
            yield Edit(what=f"{verb} the {what}{'s' if len(names) > 1 else ''} {listed(names, most=len(names))}")


def _attributes(before: Mapping[str, str], after: Mapping[str, str], day: date | None) -> tuple[Edit, ...]:
    """Attributes of a message, which are shown as a body is."""
    return body_edits({**before}, {**after}, day, "attributes") if before != after else ()


def _content(before: Target, after: Target, day: date | None) -> Iterator[Edit]:
    old, new = sends(before), sends(after)
    if old != new:
        yield Edit(what=f"sends {new} instead of {old}")
        if before.body is not None or after.body is not None:
            yield Edit(what="body", before=in_json(redacted(before.body)), after=in_json(redacted(after.body)))
    elif before.body is not None and after.body is not None:
        if in_json(before.body) != in_json(after.body):
            yield from body_edits(before.body, after.body, day)
    elif before.content != after.content:
        sizes = [count(len(target.content or b""), "byte") for target in (after, before)]
        yield Edit(what=f"sends other {new}: {sizes[0]} instead of {sizes[1]}")


def sends(target: Target) -> str:
    """What kind of content a job sends. A message that says nothing is sent as an empty object."""
    if target.content is None or (target.as_json and target.body is None):
        return NOTHING
    if target.as_json:
        return JSON
    try:
        text = target.content.decode()
    except ValueError:
        return BYTES
    return TEXT if all(character.isprintable() or character.isspace() for character in text) else BYTES
