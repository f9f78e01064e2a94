"""Which parts of a job's target a plan changes: where a request goes, as whom, and with what. Names only, never a value.

A URL, a header or a body may hold a secret, so that nothing but the name of what differs leaves this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from interlock.catalog import Json
from interlock.parts import MAPS, OF_A_TARGET, OTHER, TARGETS

if TYPE_CHECKING:
    from interlock.terraform.plan import Values

HTTP: Final = "http_target"
HEADERS: Final = f"{HTTP}.headers"
TOKENS: Final = ("oidc_token", "oauth_token")
AUTHORIZATION: Final = "authorization"


def target_changes(before: Values, after: Values, unknown: Values) -> tuple[str, ...]:
    """The parts of its target that a change of a job changes, sorted: `("URL", "account")`. What only the apply knows has
    changed. What is empty and what is not written are the same to the provider."""
    old, new, hidden = (dict(_attributes(values)) for values in (before, after, unknown))
    names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    names |= {name for name, value in hidden.items() if _has_true(value)}
    return tuple(sorted({OF_A_TARGET.get(name.rpartition(".")[2], OTHER) for name in names}))


def forgets_token(before: Values, after: Values, changed: Iterable[str]) -> bool:
    """Whether the only difference is a header `Authorization` beside a token of Cloud Scheduler's own. The API may say the one
    that it sends, which a job that is imported then has and nobody declares; writing the target again changes nothing.

    https://github.com/GoogleCloudPlatform/magic-modules/pull/17074
    """
    if set(changed) != {HTTP}:
        return False
    old, new = (dict(_attributes({HTTP: values.get(HTTP)})) for values in (before, after))
    headers, has_token = old.get(HEADERS), any(f"{HTTP}.{token}." in name for name in old for token in TOKENS)
    if not has_token or not isinstance(headers, dict):
        return False
    rest = {name: value for name, value in headers.items() if name.lower() != AUTHORIZATION}
    return len(rest) == len(headers) - 1 and {**old, HEADERS: rest or None} == {**new, HEADERS: new.get(HEADERS)}


def _attributes(values: Values) -> Iterator[tuple[str, Json]]:
    for name in TARGETS:
        yield from _inside(name, values.get(name))


def _inside(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    """The attributes of a block and of the blocks in it, each by its way there; blocks are lists of at most one."""
    if path.rpartition(".")[2] in MAPS or not isinstance(value, dict | list):
        if value:
            yield path, value
        return
    for inner in value if isinstance(value, list) else [value]:
        if isinstance(inner, dict):
            for name, one in inner.items():
                yield from _inside(f"{path}.{name}", one)
        elif inner:
            yield path, inner


def _has_true(value: Json) -> bool:
    if isinstance(value, dict):
        return any(map(_has_true, value.values()))
    return any(map(_has_true, value)) if isinstance(value, list) else value is True
