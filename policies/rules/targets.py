"""What a job calls, as whom, and what it says there."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from urllib.parse import SplitResult, parse_qsl, urlsplit

from interlock.payload import MAX_DEPTH, Piece, TooDeep, content_pieces, pieces
from interlock.secrets import URL_KEY, redacted_url, said_loosely, secrets_among, shown_key, url_pieces
from policies.rules.estate import JOB, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, Attributes, Malformed, is_expression, shown

GOOGLE = "googleapis.com"
_YEAR = re.compile(r"(?<![0-9])20[1-4][0-9](?:(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]))?(?![0-9])")
"""A year, or a date without separators."""
_DATED_KEY = re.compile(r"(?<![A-Za-z])(?:[Yy]ear|[Dd]ate|[Ss]eason)|(?<=[a-z])(?:Year|Date|Season)")
CACHED_TEXTS = 4096
"""Bodies that have been opened, and keys: jobs of a platform have most of these in common."""
_SIZE = "2048"
"""A year that is more often a number of megabytes."""
_ON = ("true", "1", "1.0", "yes", "on", "y", "t")
_ASKED = re.compile(
    r"""(?i)(?<![\w-])["']?backfill[_-]?mode["']?\s*[:=]\s*["']?(true|1|yes|on|y|t)\b"""
    r"""|\s--?backfill[_-]?mode(?![\w-])(?!(\s+|\s*[:=]\s*)["']?(false|0|no|off|n|f)\b)"""
)
"""In YAML, in what is nearly JSON, and in a command."""
TARGETS = ("http_target", "app_engine_http_target")


def payload(job: Resource) -> str | None:
    """The text that a job sends: the body of a request, or the data of a message; None for none."""
    topic = job.attributes.block("pubsub_target")
    requests = [http for name in TARGETS if (http := job.attributes.block(name))]
    sent = requests[0].text("body") if requests else topic.text("data") if topic else None
    if sent is None:
        return None
    try:
        # Bytes that are no text hold no text that a rule is about.
        return base64.b64decode(sent, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        # Never the value: it may be a secret.
        raise Malformed("its body", f"{len(sent)} characters", "base64, as base64encode() gives it") from None


def canonical_body(job: Resource) -> str:
    """What a job sends, the same text for the same JSON or form; nothing when it sends nothing, or an empty object."""
    text = payload(job) or ""
    for _ in _inside(text):  # not nested too deeply to be written again
        pass
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        body = [*map(list, sorted(parse_qsl(text)))] or text
    return "" if body is None or body == {} else json.dumps(body, sort_keys=True)


def _url(job: Resource) -> SplitResult:
    """What a job calls over HTTP, in parts. In a catalog there is no URL yet, only a path."""
    uri = (job.attributes.block("http_target") or NOTHING).text("uri")
    try:
        parts = urlsplit(uri if uri is not None else job.facts.text("path") or "")
        port = parts.port
        # Google encodes what follows the host, so that it may have more than a URL may.
        if uri is not None and (re.search(r"[^!-~]", parts.netloc) or re.search(r"[\x00-\x1f\x7f]", uri)):
            raise ValueError
    except ValueError:
        raise Malformed("its uri", f"{len(uri or '')} characters", "a URL, like https://SERVICE/PATH") from None
    del port
    return parts


def _is_googles(host: str) -> bool:
    return host == GOOGLE or host.endswith(f".{GOOGLE}")


def _inside(text: str) -> Iterator[Piece]:
    """What is in the body of a request or the data of a message."""
    found, is_too_deep = _opened(text)
    yield from found
    if is_too_deep:
        raise Malformed("its body", "nested too deeply", f"nested {MAX_DEPTH} deep at most")


@lru_cache(CACHED_TEXTS)
def _opened(text: str) -> tuple[tuple[Piece, ...], bool]:
    """The pieces of a body, until it is nested too deeply, and whether it is: four rules look into each."""
    found: list[Piece] = []
    try:
        found.extend(content_pieces(text))
    except TooDeep:
        return tuple(found), True
    return tuple(found), False


def _said(job: Resource) -> Iterator[tuple[str, Piece]]:
    """Everything that a job says: where, and what."""
    http = job.attributes.block("http_target") or NOTHING
    yield from (("body", piece) for piece in _inside(payload(job) or ""))
    url = _url(job)
    try:
        for piece in url_pieces(url.geturl()):
            yield "URL", piece
    except TooDeep:
        raise Malformed("its uri", "nested too deeply", f"nested {MAX_DEPTH} deep at most") from None
    topic = job.attributes.block("pubsub_target") or NOTHING
    engine = job.attributes.block("app_engine_http_target") or NOTHING
    for where, texts in (
        ("header", http.block("headers")),
        ("header", engine.block("headers")),
        ("message attribute", topic.block("attributes")),
    ):
        for name in (texts or NOTHING).names():
            try:
                yield from ((where, piece) for piece in pieces((texts or NOTHING).text(name), name))
            except (Malformed, TooDeep):
                raise Malformed(f"{where} {shown(shown_key(name))}", "something else", "a text") from None


def _said_of_it(job: Resource) -> Iterator[tuple[str, Piece]]:
    """What a job does not send, and others read all the same."""
    token = (job.attributes.block("http_target") or NOTHING).block("oidc_token") or NOTHING
    described = job.attributes.values.get("description")  # what is no text, `described` finds
    try:
        if isinstance(described, str):
            yield from (("description", piece) for piece in content_pieces(described))
        if "audience" in token and not is_expression(token.values["audience"]):
            yield from (("audience", piece) for piece in url_pieces(token.text("audience") or ""))
    except TooDeep:
        raise Malformed("its description", "nested too deeply", f"nested {MAX_DEPTH} deep at most") from None


@rule(
    10,
    "token",
    "A job shows who it is: OIDC with an audience for a service, OAuth for Google's own APIs only",
    kinds=(JOB,),
    origins=DEPLOYED,
    applies=lambda job: "http_target" in job.attributes,
    bad="http_target: {uri: https://scraper-1.us-west2.run.app/run}",
    good="oidc_token: {service_account_email: ..., audience: https://scraper-1.us-west2.run.app}",
)
def token(job: Resource) -> Iterator[str]:
    """A service of Cloud Run checks an identity token for its audience; Google's APIs want an access token, which is worth as
    much to anybody else (cloud.google.com/scheduler/docs/http-target-auth). 57 jobs of the NBA platform had no token, and one
    that runs Cloud Run jobs got 401 every two hours for having the other kind."""
    http = job.attributes.block("http_target") or NOTHING
    host = _url(job).hostname or "an unknown host"
    oauth, oidc = http.block("oauth_token"), http.block("oidc_token")
    if _is_googles(_url(job).hostname or ""):
        if oauth is None or oidc is not None:
            yield f"calls {host}, which wants an access token: write oauth_token with a service account, and no oidc_token"
        return
    if oauth is not None:
        yield f"would hand an access token to {host}; write oidc_token with an audience instead"
    if oidc is None:
        yield f"calls {host} as nobody; write oidc_token with a service account and an audience"
    elif not _written(oidc, "audience"):
        yield "its oidc_token has no audience; write the URL of the service, without a path"
    elif not _written(oidc, "service_account_email"):
        yield "its oidc_token has no service_account_email; write the account that may invoke the service"


def _written(block: Attributes, name: str) -> bool:
    """Whether something is written there, if only an expression."""
    return name in block and block.values.get(name) != ""


@rule(
    11,
    "https",
    "A job calls https URLs only, with no user in them",
    kinds=(JOB,),
    origins=DEPLOYED,
    applies=lambda job: "http_target" in job.attributes,
    bad="uri: http://10.0.0.7/run",
    good="uri: https://scraper-1.us-west2.run.app/run",
)
def https(job: Resource) -> Iterator[str]:
    """The token travels with the request: over plain http everybody on the way has it."""
    parts = _url(job)
    if parts.scheme != "https" or not parts.hostname:
        yield f"its uri is {shown(redacted_url(parts.geturl()))}; write one that begins with https://"
    if parts.username is not None:
        yield "its uri has a user name in it; use oidc_token"


@rule(
    12,
    "year",
    "Nothing that a job says again and again has a year in it",
    kinds=(JOB,),
    bad='body: {scraper: nbac_player_movement, year: "2026"}',
    good="body: {scraper: nbac_player_movement, year: CURRENT}",
)
def year(job: Resource) -> Iterator[str]:
    """A season or a date that somebody typed is wrong from some day on, and the job goes on without an error."""
    googles = _is_googles(_url(job).hostname or "")
    for where, piece in _said(job):
        key, value = piece.key, piece.value
        is_address = where == "URL" and key == URL_KEY
        if where == "header" or isinstance(value, bool) or (is_address and googles):  # there a project is in the path
            continue
        if is_address:
            value = urlsplit(str(value)).path
        is_dated = _is_dated(key)
        found = _YEAR.search(str(value)) if isinstance(value, str) or is_dated else None
        if found := (found if found and (is_dated or found[0] != _SIZE) else None) or _YEAR.search(key):
            yield f"its {where} has the year {found[0][:4]} in {shown(shown_key(key))}; let the service work it out"


@rule(
    13,
    "backfill-body",
    "No recurring job asks its service for backfill mode",
    kinds=(JOB,),
    bad="body: {start_date: TODAY, backfill_mode: true}",
    good="body: {start_date: TODAY}",
)
def backfill_body(job: Resource) -> Iterator[str]:
    """`backfill_mode` skips the checks of dependencies, completeness and freshness. In a daily job it skips them daily: so it
    was with same-day-phase3 until 2026-01-26."""
    for where, piece in _said(job):
        if _asks_for_backfill(piece):
            yield f"its {where} says backfill_mode: true on every run; leave it out, and start a backfill by hand"


@lru_cache(CACHED_TEXTS)
def _is_dated(key: str) -> bool:
    return _DATED_KEY.search(key) is not None


def _secrets(job: Resource) -> Iterator[tuple[str, str]]:
    """Where a secret is, and under which key."""
    for where, piece in chain(_said(job), _said_of_it(job)):
        yield from ((where, key) for key in secrets_among([piece]))


def _asks_for_backfill(piece: Piece) -> bool:
    """Whether a piece turns the mode on: by its key, an `enabled` below that, or in a text that is no JSON, as a command."""
    key, around = _letters(piece.key), _letters(piece.around)
    if key == "backfillmode" or (around == "backfillmode" and key in ("enabled", "on", "active", "value")):
        return str(piece.value).lower() in _ON
    return isinstance(piece.value, str) and "mode" in piece.value.lower() and _ASKED.search(piece.value) is not None


@lru_cache(CACHED_TEXTS)
def _letters(key: str) -> str:
    """A key without what different writers put between its words, and before it."""
    return re.sub(r"[^a-z]", "", key.lower()).removeprefix("x")


@rule(
    14,
    "secret",
    "No header, body or URL of a job holds a secret",
    kinds=(JOB,),
    never_old=True,
    bad="headers: {X-Api-Key: 5f1c...}",
    good="oidc_token, or a secret that the service reads from Secret Manager",
)
def secret(job: Resource) -> Iterator[str]:
    """Whoever may list jobs with their targets reads it, and it lies in git, in Terraform's state and in every plan. What wraps
    one is opened: JSON in JSON, base64, a form, an argument, the query of a URL."""
    for where, key in chain(_secrets(job), [("body", key) for key in [said_loosely(payload(job) or "")] if key]):
        # Never the value: this is printed, and kept by CI.
        yield f"its {where} holds what looks like a secret in {shown(key)}; let the service read it from Secret Manager"
