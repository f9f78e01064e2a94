"""Jobs without their secrets: what a person would write into git, with a word in the place of each secret. Pure."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import unquote

from interlock.catalog import Json, json_bytes
from interlock.live import Resource
from interlock.payload import Piece, TooDeep, pieces, read_json
from interlock.secrets import WITHHELD, find_secrets, is_secret, redacted, shown_key, url_pieces

Found = list[tuple[str, str]]
"""Where secrets are, and under which key."""
TARGETS = ("httpTarget", "appEngineHttpTarget", "pubsubTarget")
_HOST = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/]*)(.*)", re.DOTALL)
_FIELD = re.compile(r"([?&;#])([^=&;#]*)(=?)([^&;#]*)")


def withheld(resource: Resource) -> tuple[Resource, Found]:
    """A live job with `WITHHELD` in the place of each secret, and where there were any."""
    clean, found = dict(resource), Found()
    for key in TARGETS:
        target = resource.get(key)
        if isinstance(target, dict):
            clean[key] = _target(_without_googles_own(target), found)
    description = resource.get("description")
    if isinstance(description, str) and (secrets := find_secrets([("description", description)])):
        found += secrets
        clean["description"] = WITHHELD
    return clean, list(dict.fromkeys(found))


def _without_googles_own(target: Mapping[str, Json]) -> dict[str, Json]:
    """What the API may answer beside a token is the access token that it sends, and nobody's to write."""
    headers = target.get("headers")
    if not isinstance(headers, dict) or not target.keys() & {"oidcToken", "oauthToken"}:
        return dict(target)
    return {**target, "headers": {name: text for name, text in headers.items() if name.lower() != "authorization"}}


def _target(target: Mapping[str, Json], found: Found) -> dict[str, Json]:
    clean = dict(target)
    for key in ("uri", "relativeUri"):
        url = target.get(key)
        if isinstance(url, str) and (secrets := find_secrets([("URL", url)])):
            found += secrets
            clean[key] = _url(url)
    token = target.get("oidcToken")
    audience = token.get("audience") if isinstance(token, dict) else None
    if isinstance(token, dict) and isinstance(audience, str) and (secrets := find_secrets([("URL", audience)])):
        found += [("audience", key) for _, key in secrets]
        clean["oidcToken"] = {**token, "audience": clean["uri"] if audience == target.get("uri") else _url(audience)}
    for key, where in (("headers", "header"), ("attributes", "message attribute")):
        texts = target.get(key)
        if isinstance(texts, dict) and (secrets := find_secrets([(where, texts)])):
            found += secrets
            apart = {shown_key(name): _text(name, text) for name, text in texts.items()}
            # One text may say what another one is: {name: password, value: ...}.
            clean[key] = apart if _is_clean(partial(pieces, apart)) else dict.fromkeys(apart, WITHHELD)
    for key in ("body", "data"):
        sent = target.get(key)
        if isinstance(sent, str) and (secrets := find_secrets([("body", b64decode(sent))])):
            found += secrets
            clean[key] = b64encode(_content(b64decode(sent))).decode()
    return clean


def _text(name: str, text: Json) -> Json:
    return WITHHELD if find_secrets([("", {name: text})]) else text


def _content(content: bytes) -> bytes:
    """A body without its secrets: JSON keeps its form, anything else goes as a whole."""
    body = read_json(content)
    if isinstance(body, dict | list):
        clean = redacted(body, WITHHELD)
        if _is_clean(partial(pieces, clean)):
            return json_bytes(clean)
    return WITHHELD.encode()


def _url(url: str) -> str:
    """A URL without its secrets: of its query what has none stays, as does a path without any."""
    before = re.split("[?#]", url, maxsplit=1)[0]
    rest = _FIELD.sub(_field, url[len(before) :])
    parts = _HOST.fullmatch(before)
    start, host, path = parts.groups() if parts else ("", "", before)
    host = f"{WITHHELD}@{host.rpartition('@')[2]}" if "@" in host else host
    for attempt in (f"{start}{host}{path}{rest}", f"{start}{host}{path}", f"{start}{host}/{WITHHELD}"):
        if _is_clean(partial(url_pieces, attempt)):
            return attempt
    return f"{start}{'withheld.invalid' if host else ''}/{WITHHELD}"


def _field(found: re.Match[str]) -> str:
    mark, key, equals, value = found.groups()
    if _is_clean(partial(url_pieces, f"/?{key}{equals}{value}")):
        return found[0]
    return f"{mark}{key}={WITHHELD}" if equals and shown_key(unquote(key)) == unquote(key) else f"{mark}{WITHHELD}"


def _is_clean(read: Callable[[], Iterable[Piece]]) -> bool:
    """Whether nothing is a secret but the words that stand for one."""
    try:
        return not any(is_secret(_without_words(piece)) or shown_key(piece.key) != piece.key for piece in read())
    except TooDeep:
        return False


def _without_words(piece: Piece) -> Piece:
    return piece._replace(value=piece.value.replace(WITHHELD, "")) if isinstance(piece.value, str) else piece
