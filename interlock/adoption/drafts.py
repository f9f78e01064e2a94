"""Services for what live jobs call: which jobs share one, what it is called, and as whom its jobs call it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from interlock.adoption.keys import Keys, is_key, key_of, with_suffix
from interlock.adoption.places import Place
from interlock.adoption.yaml_text import Value
from interlock.catalog import CLOUD_PLATFORM, SERVICE_URL, WHOLE_URL, Catalog, Json, OAuth, Oidc, Service, ServiceKind, Token
from interlock.environment import Environment
from interlock.reading.targets import DEFAULT_TOKENS
from interlock.terraform.attributes import Attributes

NOBODY = "none"
_NAMED = ("project", "project_number", "region")
_URL_NAMES = (*_NAMED, "url", "uri")
_IN_ENVIRONMENT = frozenset({ServiceKind.RUN, ServiceKind.FUNCTION})
"""Their URLs differ between environments, and stand there."""
DEFAULT_ACCOUNT = "default-compute"
_DEFAULT_EMAIL = re.compile(r"[0-9]+-compute@developer\.gserviceaccount\.com")
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com")
_ORDER = (
    ServiceKind.RUN_JOB,
    ServiceKind.RUN,
    ServiceKind.FUNCTION,
    ServiceKind.API,
    ServiceKind.TOPIC,
    ServiceKind.APP_ENGINE,
    ServiceKind.URL,
)
"""Whose key must be its name comes first."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A live job to be adopted: what Terraform would have of it, and what it calls."""

    identity: str
    state: str
    attributes: Attributes
    place: Place

    @property
    def region(self) -> str:
        """Where it is."""
        return str(self.attributes["region"])

    @property
    def name(self) -> str:
        """What Cloud Scheduler calls it."""
        return str(self.attributes["name"])


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A service, known to the catalog or to be written."""

    key: str
    """With its platform before it where that is not the one to be adopted."""
    kind: ServiceKind
    token: Token
    fields: Mapping[str, Value] | None
    """As written; None when the catalog has it already."""

    @property
    def name(self) -> str:
        """Without the platform before it."""
        return self.key.rpartition("/")[2]


@dataclass(kw_only=True)
class Drafts:
    """The services of jobs, and what an environment has to say so that they answer where they do now."""

    env: Environment
    of: dict[str, Draft] = field(default_factory=dict)
    """By the identity of a job."""

    @property
    def new(self) -> dict[str, Draft]:
        """Those to be written, by key."""
        return dict(sorted((draft.key, draft) for draft in self.of.values() if draft.fields is not None))


def draft_services(lives: Sequence[Live], catalog: Catalog, env: Environment, platform: str) -> Drafts:
    """Services for all of `lives`, jobs of `platform`; those of `catalog` are used where they are meant."""
    drafts = Drafts(env=_with_accounts(lives, catalog, env))
    said = {url: key for key, url in env.service_urls.items()}
    keys = Keys({*catalog.services, *env.service_urls})
    for group in _groups(lives, keys):
        if (known := _known(group, catalog, env)) is not None:
            key = known.name if known.platform == platform else f"{known.platform}/{known.name}"
            draft = Draft(key=key, kind=known.kind, token=known.token, fields=None)
        elif group[0].place.kind in _IN_ENVIRONMENT and said.get(group[0].place.base, "") not in {"", *catalog.services}:
            draft = _draft(group, said[group[0].place.base], drafts.env, kept=True)
        else:
            draft, url = _named(group, keys, drafts.env)
            if url:
                drafts.env = replace(drafts.env, service_urls={**drafts.env.service_urls, draft.key: url})
        drafts.of.update(dict.fromkeys((live.identity for live in group), draft))
    return drafts


def _groups(lives: Sequence[Live], keys: Keys) -> list[list[Live]]:
    """The jobs that call the same service, in the order in which services get their names."""
    by_base: dict[tuple[ServiceKind, str], list[Live]] = {}
    for live in lives:
        by_base.setdefault((live.place.kind, live.place.base), []).append(live)
    groups: dict[tuple[ServiceKind, str, str], list[Live]] = {}
    for (kind, base), group in by_base.items():
        # One service that follows the pattern in each of its regions is one; one that a job calls from another region is not.
        name = group[0].place.name
        together = kind in _IN_ENVIRONMENT and keys.is_free(name) and all(live.place.by_pattern for live in group)
        groups.setdefault((kind, name, "" if together else base), []).extend(group)
    rank = {kind: number for number, kind in enumerate(_ORDER)}
    return [group for key, group in sorted(groups.items(), key=lambda one: (rank[one[0][0]], *one[0][1:]))]


def _known(group: Sequence[Live], catalog: Catalog, env: Environment) -> Service | None:
    """The service of the catalog that these jobs call."""
    return next((one for one in catalog.services.values() if all(_is_meant(one, live, env) for live in group)), None)


def _is_meant(service: Service, live: Live, env: Environment) -> bool:
    place = live.place
    if service.kind is not place.kind:
        return False
    if service.kind is ServiceKind.TOPIC:
        return env.topic(service) == place.base
    if service.kind is ServiceKind.APP_ENGINE:
        return service.app_engine == place.app_engine
    if service.kind is ServiceKind.RUN_JOB:
        return service.name == place.base
    return env.service_url(service, live.region) == place.base


def _named(group: Sequence[Live], keys: Keys, env: Environment) -> tuple[Draft, str]:
    """A new service with a name, and its URL where the environment has to say it."""
    place, kind = group[0].place, group[0].place.kind
    name = key_of(place.name, "service")
    kept = all(live.place.by_pattern for live in group) and is_key(place.name) and keys.is_free(place.name)
    suffix = kind.replace("_", "-")
    region = Counter(live.region for live in group).most_common(1)[0][0]
    key = keys.take(place.name) if kept else keys.take(name, with_suffix(name, suffix), with_suffix(name, region))
    draft = _draft(group, key, env, kept=kept)
    return draft, place.base if kind in _IN_ENVIRONMENT and not kept else ""


def _draft(group: Sequence[Live], key: str, env: Environment, *, kept: bool) -> Draft:
    """A new service; it is `kept` where its key alone says where it is."""
    place, kind = group[0].place, group[0].place.kind
    fields: dict[str, Value] = {"kind": kind.value}
    if kind in (ServiceKind.API, ServiceKind.URL) and not kept:
        fields["url"] = braced(place.base)
    if kind is ServiceKind.TOPIC and not kept:
        fields["topic"] = place.name if place.by_pattern else place.base
    if kind is ServiceKind.APP_ENGINE and place.base.strip("/"):
        part = place.app_engine
        parts = {"service": part.service, "version": part.version, "instance": part.instance}
        fields["app_engine"] = {word: text for word, text in parts.items() if text}
    default = DEFAULT_TOKENS.get(kind)
    tokens = {token_of(live, env) for live in group}
    token = tokens.pop() if len(tokens) == 1 else default
    if token != default and kind not in (ServiceKind.TOPIC, ServiceKind.APP_ENGINE):
        fields["token"] = token_value(token)
    return Draft(key=key, kind=kind, token=token, fields=fields)


# As whom


def token_of(live: Live, env: Environment) -> Token:
    """As whom a job calls, in the catalog's words."""
    http = cast("dict[str, Json]", live.attributes.get("http_target") or {})
    url = str(http.get("uri", ""))
    if isinstance(oidc := http.get("oidc_token"), dict):
        audience = str(oidc.get("audience", ""))
        base = url if live.place.kind is ServiceKind.RUN_JOB else live.place.base
        said = SERVICE_URL if audience == base else WHOLE_URL if audience == url else braced(audience, _URL_NAMES)
        return Oidc(account=_account(oidc, env), audience=said)
    if isinstance(oauth := http.get("oauth_token"), dict):
        return OAuth(account=_account(oauth, env), scope=str(oauth.get("scope", "")))
    return None


def token_value(token: Token) -> Value:
    """A token as written."""
    if isinstance(token, Oidc):
        said = {"account": token.account or None, "audience": None if token.audience == SERVICE_URL else token.audience}
        return {"oidc": {key: text for key, text in said.items() if text is not None}}
    if isinstance(token, OAuth):
        said = {"account": token.account or None, "scope": None if token.scope == CLOUD_PLATFORM else token.scope}
        return {"oauth": {key: text for key, text in said.items() if text is not None}}
    return NOBODY


def braced(text: str, names: Iterable[str] = _NAMED) -> str:
    """A text as it is, although names in braces stand for something in the catalog."""
    return re.sub(rf"\{{({'|'.join(names)})\}}", r"{{\1}}", text)


def path_of(live: Live, env: Environment) -> str:
    """The path as written: the project where it is a part of an address at Google."""
    path = braced(live.place.path)
    if live.place.kind is not ServiceKind.API:
        return path
    before, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)((?s:.*))", path).groups()  # type: ignore[union-attr]
    words = {env.project: "{project}", env.project_number: "{project_number}"}
    return "/".join(words.get(part, part) for part in before.split("/")) + mark + rest


def _account(token: Mapping[str, Json], env: Environment) -> str:
    email = str(token.get("service_account_email", ""))
    return "" if email == env.invoker else next((name for name, one in env.accounts.items() if one == email), email)


def _with_accounts(lives: Iterable[Live], catalog: Catalog, env: Environment) -> Environment:
    """The environment with the accounts of jobs; the most frequent one is the invoker, unless declared jobs call as that."""
    emails = Counter(filter(None, map(_email, lives)))
    own = [email for email in emails if re.fullmatch(rf"[a-z0-9-]+@{re.escape(env.project)}\.iam\.gserviceaccount\.com", email)]
    is_used = any(job.target.token is not None and not job.target.token.account for job in catalog.jobs.values())
    invoker = env.invoker if is_used or not own else max(own, key=lambda email: (emails[email], email == env.invoker, email))
    accounts = dict(env.accounts)
    for email in sorted(set(emails) - {invoker, *accounts.values()}):
        name = DEFAULT_ACCOUNT if _DEFAULT_EMAIL.fullmatch(email) else email.partition("@")[0]
        if is_key(name) and name not in accounts and _SERVICE_ACCOUNT.fullmatch(email):
            accounts[name] = email
    return replace(env, invoker=invoker, accounts=accounts)


def _email(live: Live) -> str:
    http = cast("dict[str, Json]", live.attributes.get("http_target") or {})
    token = http.get("oidc_token") or http.get("oauth_token")
    return str(token.get("service_account_email", "")) if isinstance(token, dict) else ""
