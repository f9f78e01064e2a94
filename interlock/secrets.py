"""Secrets in what jobs say: where they are, and how such texts are shown without them. Pure; no function here gives one away.

A secret is found by the key that it stands under, or by the form that its issuer gives it. Nothing is guessed from how random a
text looks, but where its key is `key`. What is found too often costs a waiver; what is missed lies in git.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from urllib.parse import SplitResult, unquote, urlsplit

from interlock.catalog import Json
from interlock.payload import Piece, TooDeep, content_pieces, pieces, read_json

CACHED_KEYS = 4096
"""Jobs of a platform have most of their keys in common."""
HIDDEN = "***"
"""What is shown instead of a secret, or of what may be one."""
WITHHELD = "SECRET-WITHHELD"
"""What is written to a file instead of a secret, until somebody decides where it goes; itself found as one."""
URL_KEY = "path"
"""Under which a secret in a URL is found that is not in its query."""

_SECRET_KEY = re.compile(
    r"(?i)(api|app|private|access|secret|auth|subscription|signing|encryption|shared|account|master|webhook)[_-]?key(?!word|board)"
    r"|secret|passw(or)?d|passphrase|passcode|pwd|token(?!i)|credential|authorization|cookie|(?<![a-z])(jwt|bearer|sig|signature)(?![a-z])"
)
_HEADER_KEY = re.compile(r"(?i)x-([a-z0-9]+-)*(key|auth|signature)")
"""Of a header that somebody made up for a secret, X-Cron-Key."""
_NO_SECRET_KEY = re.compile(
    r"(?i)[_-](name|id|ref|path|version|uri)$|(?<=[a-z])(?-i:Name|Id|Ref|Path|Version|Uri)$"
    r"|^(max|min|num|total|page|next_?page)[_-]?((new|output|input)[_-]?)?tokens?$"
)
"""Of what only says where a secret is, and of counts and cursors."""
BODY = "body"
_LOOSE = re.compile(
    r"""(?<![\w.-])(?:--([A-Za-z][\w.-]{1,59})\s+|([A-Za-z][\w.-]{1,59})["']?\s*[:=>]\s*)["']?([^\s"',;<>{}\[\]]{4,200})"""
)
"""A key and what follows it, in a text of no form that we know."""
_SECRETS_KEY = re.compile(r"(?i)(keys|secrets|tokens|passwords|credentials?|cookies)$")
"""Around the secrets of several services."""
_ABOUT_KEY = re.compile(
    r"(?i)(name|id|ref|path|version|uri|url|type|kind|project|user(name)?|e?mail|provider|scopes?|expir\w*)$"
)
"""Of what is said about a secret beside it."""
_NO_SECRET = re.compile(r"(?i)(projects/[^/]+/)?(locations/[^/]+/)?secrets/[\w-]+(/versions/\w+)?|true|false|none|null")
"""Names in Secret Manager, and flags."""
_SECRET_NUMBER = re.compile(r"(?i)key|secret|passw|passcode|pwd")
_RANDOM = re.compile(r"(?=[a-zA-Z-]*[0-9])(?=[0-9-]*[a-zA-Z])([A-Za-z0-9]{20,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")

_WEBHOOK = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/"
    r"|webhook\.office\.com/|outlook\.office\.com/webhook/|hooks\.zapier\.com/hooks/|hook\.[a-z0-9.]{0,20}make\.com/"
    r"|maker\.ifttt\.com/|hc-ping\.com/|api\.telegram\.org/(?:file/)?bot"
)
"""Where whoever knows the URL may write, so that all that follows is a secret."""
KNOWN = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"AIza[0-9A-Za-z_-]{30,}|GOCSPX-[0-9A-Za-z_-]{20,}|ya29\.[0-9A-Za-z_-]{10,}|1//0[0-9A-Za-z_-]{20,}"  # Google
    r"|gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{20,}|gl[a-z]{2,6}-[0-9A-Za-z_-]{20,}"  # GitHub, GitLab
    r"|xox[abeoprs]-[0-9A-Za-z-]{10,}|xapp-[0-9A-Za-z-]{10,}|[0-9]{8,10}:AA[0-9A-Za-z_-]{30,}"  # Slack, Telegram
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|[sr]k_(?:live|test)_[0-9A-Za-z]{10,}|whsec_[0-9A-Za-z+/=]{20,}"  # AWS, Stripe
    r"|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}|SK[0-9a-f]{32}|key-[0-9a-f]{32}"  # SendGrid, Twilio, Mailgun
    r"|npm_[0-9A-Za-z]{30,}|pypi-[0-9A-Za-z_-]{20,}|hf_[0-9A-Za-z]{30,}|dapi[0-9a-f]{32}"  # npm, PyPI, Hugging Face, Databricks
    r"|sk-(?:[a-z0-9]{2,10}-){0,2}[0-9A-Za-z_]{20,}|do[opr]_v1_[0-9a-f]{40,}"  # OpenAI and others, DigitalOcean
    r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|glsa_[0-9A-Za-z_]{30,}|hv[sbr]\.[0-9A-Za-z_-]{20,}"  # Shopify, Grafana, Vault
    r"|eyJ[0-9A-Za-z_-]{10,400}\.[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]*"  # JSON web tokens
    rf"|{WITHHELD}"
    r")"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY[^-]*(?:-----)?[0-9A-Za-z+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?i:\b(?:Bearer|Basic)\s+)(?=[^\s\"']*[0-9=._~+/-])[0-9A-Za-z._~+/=-]{12,}"
    rf"|(?:{_WEBHOOK})[^\s\"'<>]+"
    r"|(?<=://)[^/\s:@\"]{0,99}:[^/\s@\"]{1,999}(?=@)|(?<=://)[0-9A-Za-z_-]{16,99}(?=@)"  # in the place of a user
)
"""Secrets by the form that their issuers give them."""
SHORTEST_KNOWN = 12
"""Characters without a space that each of them has, but a user in a URL and a private key."""
_ASSIGNED = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,63})=(?!\*\*\*)([^\s&;,\"']+)")
"""In a longer text, as `host=db password=5f1c`."""
_STATED = re.compile(
    r"""(?<![\w.-])--?([A-Za-z][\w.-]{1,59})(?:\s+|=)["']?([^\s"',;<>{}\[\]*-][^\s"',;<>{}\[\]]{3,200})"""
    r"""|["']([A-Za-z][\w.-]{1,59})["']\s*[:=]\s*["']([^"'*]{4,200})["']"""
)
"""The same of an option of a command, `--password 5f1c`, and of what is nearly JSON, `{'password': '5f1c'}`."""
_KEY_SEGMENT = re.compile(r"(?i)(api[_-]?)?key|token|secret")
"""Of a path, before its secret."""

_PARAMETERS = re.compile(r"(;[^=;]*=|;|%3[BbFf]|%23).*", re.DOTALL)
"""Of one part of a path, or a query whose mark is encoded."""
_URL = r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>\\]+"
_QUOTED = r'(?:([A-Za-z_][\w.-]{0,63})\s*[=:]\s*)?("((?:[^"\\\n]|\\.)*+)("|\\?$))'
"""Up to the end of the line when nothing closes it, so that the search never goes back."""
_SEPARATOR = re.compile(r"\s*[=:]\s*")
_LINE_KEY = r"[\s~+\-/<=]*\"?([A-Za-z_][\w.-]*)\"?\s*[=:]"
"""Of a line of Terraform's text, `  ~ "X-Api-Key" = "..." -> "..."`."""
_WELL_KNOWN = r"([\w-]+\.)*(google|googleapis|hashicorp)\.com|(www\.)?(terraform\.io|github\.com)|localhost|127\.0\.0\.1"
"""Hosts of manuals and of Google's APIs, which errors name; a secret in their queries has a key or a form that we know."""


def is_secret(piece: Piece) -> bool:
    """Whether a piece of what a job says looks like a secret."""
    value, key = piece.value, piece.key
    if isinstance(value, str):
        return bool(value.strip()) and (_is_secret_by_key(piece, value) or _has_known(value) or _assigned(value) is not None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and _is_secret_key(key) and _SECRET_NUMBER.search(key) is not None


def _is_secret_by_key(piece: Piece, value: str) -> bool:
    if _NO_SECRET.fullmatch(value.strip()):
        return False
    if _is_key_of_secret(piece.key, piece.around, piece.opened):
        return True
    is_key = piece.key.lower() == "key" and not _NO_SECRET_KEY.search(piece.around)
    return is_key and _RANDOM.fullmatch(value) is not None


@lru_cache(CACHED_KEYS)
def _is_key_of_secret(key: str, around: str, opened: tuple[str, ...]) -> bool:
    """Whether what stands under a key, and in texts that stand under others, is a secret whatever it looks like."""
    if _NO_SECRET_KEY.search(around):
        return False
    if any(_is_secret_key(one) or _HEADER_KEY.fullmatch(one) for one in (key, *opened)):
        return True
    if _is_secret_key(around) and key.lower() == "value":
        return True
    is_among_secrets = _SECRETS_KEY.search(around) is not None and not _NO_SECRET_KEY.search(key)
    return is_among_secrets and not _ABOUT_KEY.search(key)


def _has_known(text: str) -> bool:
    """Whether a secret is in it that is known by its form."""
    return may_have_known(text) and KNOWN.search(text) is not None


def may_have_known(text: str) -> bool:
    """What all those forms have in common, found sooner: so many characters without a space, or how a URL or a key begins."""
    return "://" in text or "-----BEGIN " in text or any(len(word) >= SHORTEST_KNOWN for word in text.split())


@lru_cache(CACHED_KEYS)
def _is_secret_key(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None and not _NO_SECRET_KEY.search(key)


def _assigned(text: str) -> str | None:
    """The key of the first secret that stands in a longer text beside its key."""
    pairs = [(found[1], found[2]) for found in _ASSIGNED.finditer(text)] if "=" in text else []
    if "-" in text or '"' in text or "'" in text:
        pairs += [(found[1] or found[3], found[2] or found[4]) for found in _STATED.finditer(text)]
    return next((key for key, value in pairs if _is_secret_key(key) and not _NO_SECRET.fullmatch(value)), None)


def shown_key(key: str) -> str:
    """A key for people: not one that is a secret itself."""
    return KNOWN.sub(HIDDEN, key) if may_have_known(key) else key


def secrets_among(found: Iterable[Piece]) -> Iterator[str]:
    """The keys of the secrets among some pieces, each once, as people may see them."""
    seen = set[str]()
    for piece in found:
        if is_secret(piece) or shown_key(piece.key) != piece.key:
            inner = _assigned(piece.value) if isinstance(piece.value, str) and not _is_secret_key(piece.key) else None
            key = shown_key(inner or piece.key)
            if key not in seen:
                seen.add(key)
                yield key


def find_secrets(said: Iterable[tuple[str, Json | bytes]]) -> list[tuple[str, str]]:
    """Where secrets are in what a job says, and under which key. Each part of that comes with where it is said: `URL` with
    the whole URL, `header` with all headers by name, `body` with its bytes or its JSON. What nobody can read is found, too."""
    found: list[tuple[str, str]] = []
    for where, value in said:
        if isinstance(value, bytes):
            value = _text_of(value)
        try:
            if where == "URL" and isinstance(value, str):
                found += ((where, key) for key in secrets_among(url_pieces(value)))
            else:
                inside = content_pieces(value) if isinstance(value, str) else pieces(value)
                keys = [*secrets_among(inside)]
                if not keys and isinstance(value, str) and where == BODY:
                    keys = [*filter(None, [said_loosely(value)])]
                found += ((where, key) for key in keys)
        except TooDeep as deep:
            found.append((where, str(deep)))
    return found


def _text_of(content: bytes) -> str:
    """Bytes as the text that they are in the encoding which JSON has, else as UTF-8."""
    try:
        return content.decode(json.detect_encoding(content))
    except ValueError:
        return content.decode(errors="replace")


def said_loosely(text: str) -> str | None:
    """The key of the first secret in a text that is no JSON and looks like it, or like YAML, XML or a command line."""
    if read_json(text.encode(errors="replace")) is not None:
        return None
    pairs = ((found[1] or found[2], found[3]) for found in _LOOSE.finditer(text))
    return next((key for key, value in pairs if _is_secret_key(key) and not _NO_SECRET.fullmatch(value)), None)


def url_pieces(url: str) -> Iterator[Piece]:
    """What a URL, or a path with a query, says: each part of its query, and all before it under `path`."""
    before, mark, query = url.partition("?")
    query, _, fragment = query.partition("#")
    yield Piece(key=URL_KEY, value=before, around="", place=())
    segments = unquote(before).split("/")
    for key, segment in pairwise(segments):
        if _KEY_SEGMENT.fullmatch(key) and _RANDOM.fullmatch(segment):
            yield Piece(key="key", value=segment, around="", place=())
    if mark:
        yield from pieces(f"/?{query}&{fragment}")


def redacted(value: Json, mark: str = HIDDEN) -> Json:
    """What a job says, with `mark` in the place of each secret. A text that wraps one goes as a whole."""
    try:
        places = {piece.place for piece in pieces(value) if is_secret(piece)}
    except TooDeep:
        return mark
    return _marked(value, (), places, mark)


def _marked(value: Json, place: tuple[str | int, ...], places: set[tuple[str | int, ...]], mark: str) -> Json:
    if place in places:
        return mark
    if isinstance(value, dict):
        return {KNOWN.sub(mark, key): _marked(inner, (*place, key), places, mark) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, (*place, index), places, mark) for index, inner in enumerate(value)]
    return value


def own_url(url: str) -> str:
    """The URL or the path of a job that the catalog declares, for people: only with a secret in it as a stranger's."""
    try:
        return url if not any(True for _ in secrets_among(url_pieces(url))) else redacted_url(url)
    except TooDeep:
        return HIDDEN


def redacted_url(url: str) -> str:
    """A stranger's URL for people: no user, no fragment, of its query the keys only, of its path no part that is a secret.
    A topic's name stays as it is."""
    try:
        parts = urlsplit(url.replace("\\", "/"))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    query = "&".join(_shown_field(field) for field in re.split("[&;]", parts.query) if field)
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    host = f"//{_host(parts)}{port}" if parts.netloc else ""
    # Again as a whole: a webhook is known by its host and its path together.
    return KNOWN.sub(_webhook, f"{scheme}{host}{_shown_path(parts.path)}{f'?{query}' if query else ''}")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _webhook(found: re.Match[str]) -> str:
    known = re.match(_WEBHOOK, found[0])
    return f"{known[0]}{HIDDEN}" if known else HIDDEN


def _shown_field(field: str) -> str:
    """A part of a query that has no key may be a secret as a whole."""
    key, mark, _ = field.partition("=")
    return f"{shown_key(unquote(key))}={HIDDEN}" if mark and key else HIDDEN


def _shown_path(path: str) -> str:
    before, shown = "", []
    for segment in path.split("/"):
        plain = unquote(segment)
        has_user = "@" in plain.partition(":")[2]
        follows_key = _KEY_SEGMENT.fullmatch(before) and _RANDOM.fullmatch(plain)
        shown.append(HIDDEN if has_user or follows_key else _PARAMETERS.sub(rf"\1{HIDDEN}", segment))
        before = plain
    return "/".join(shown)


def scrubbed(text: str) -> str:
    """What another program says, Google's API or Terraform, with secrets hidden: it may repeat a job's URL, header or body. Of
    the query of a stranger's URL only the keys are left."""
    return "".join(_scrubbed_line(line) for line in text.splitlines(keepends=True))


def _scrubbed_line(line: str) -> str:
    named = re.match(_LINE_KEY, line)
    line_key, before, end = named[1] if named else "", "", 0

    def quoted(found: re.Match[str]) -> str:
        nonlocal before, end
        is_value = _SEPARATOR.fullmatch(line, end, found.start()) is not None
        key = found[1] or (before if is_value else line_key)
        before, end = found[3], found.end()
        if _SEPARATOR.match(line, end) or not _wraps_secret(found[3], key):  # a key itself, or a harmless value
            return found[0]
        return f'{found[0].removesuffix(found[2])}"{HIDDEN}"'

    hidden = re.sub(_URL, _scrubbed_url, re.sub(_QUOTED, quoted, line))
    hidden = _ASSIGNED.sub(lambda found: f"{found[1]}={HIDDEN}" if _is_secret_key(found[1]) else found[0], hidden)
    return KNOWN.sub(_webhook, hidden)


def _wraps_secret(text: str, key: str) -> bool:
    try:
        bare = text.replace('\\"', '"').replace("\\\\", "\\")
        return any(is_secret(piece) for piece in pieces(bare, key))
    except TooDeep:
        return True


def _scrubbed_url(found: re.Match[str]) -> str:
    url = found[0]
    bare = url.rstrip(".,;:)]}")
    try:
        is_known = re.fullmatch(_WELL_KNOWN, urlsplit(bare).hostname or "") is not None
    except ValueError:
        is_known = False
    if is_known and "@" not in bare and not any(True for _ in secrets_among(url_pieces(bare))):
        return url
    return redacted_url(bare) + url[len(bare) :]
