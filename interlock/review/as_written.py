"""Values of the model as the catalog would write them, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from interlock.catalog import AppEngine, DeclaredPause, Keep, OAuth, Oidc, Partition, RetryProfile, Undecided, Waiver
from interlock.names import exact

NOT_SAID = ""
"""How a key that has no value is written."""
NOBODY = "none"
"""How a token is written that there is not."""


def in_yaml(value: object) -> str:
    """A value of the model as the catalog would write it, on one line, for people."""
    match value:
        case None:
            return NOT_SAID
        case bool():
            return "true" if value else "false"
        case timedelta():
            return exact(value)
        case RetryProfile():
            return f"{value.name}: {', '.join(_retries(value))}"
        case Oidc():
            return f"oidc: {value.account or 'invoker'} for {value.audience}"
        case OAuth():
            return f"oauth: {value.account or 'invoker'} with {value.scope}"
        case AppEngine():
            parts = {"service": value.service, "version": value.version, "instance": value.instance}
            return ", ".join(f"{name} {part}" for name, part in parts.items() if part)
        case Undecided():
            return f"undecided, review {value.review}"
        case DeclaredPause():
            return f"{value.reason} ({value.owner}, review {value.review})"
        case Waiver():
            return f"{value.rule} until {value.until}: {value.reason} ({value.owner})"
        case Partition():
            return f"{value.column} by {value.named_by}" if value.named_by else value.column
        case Keep():
            return f"{value.job}: {value.reason}"
        case Mapping():
            return ", ".join(f"{key}: [{in_yaml(inner)}]" for key, inner in sorted(value.items()))
        case frozenset():
            return ", ".join(sorted(map(in_yaml, value)))
        case tuple():
            return ", ".join(map(in_yaml, value))
        case _:
            return str(value)


def _retries(retry: RetryProfile) -> Iterator[str]:
    """What the profile says, in words."""
    if retry.attempts is not None:
        yield f"{retry.attempts} attempts"
    if retry.min_backoff is not None and retry.max_backoff is not None:
        yield f"{exact(retry.min_backoff)} to {exact(retry.max_backoff)}"
    elif (one := retry.min_backoff or retry.max_backoff) is not None:
        yield f"{'from' if retry.min_backoff else 'up to'} {exact(one)}"
    if retry.doublings is not None:
        yield f"{retry.doublings} doublings"
    if retry.max_duration is not None:
        yield f"at most {exact(retry.max_duration)}"
