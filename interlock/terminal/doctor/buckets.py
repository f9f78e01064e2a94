"""The bucket of Terraform's state, and that of the flags and holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from interlock.gcp.project import Bucket
from interlock.gcp.session import FORBIDDEN, Refusal
from interlock.gcp.storage import read_lock
from interlock.names import exact
from interlock.terminal.cdktf import stacks_of
from interlock.terminal.doctor.looking import Look
from interlock.terminal.machine import Finding
from interlock.terminal.printed import make
from interlock.terminal.terraform import Stack

STATE, FLAGS = "state bucket", "bucket"


def state_bucket(look: Look) -> Iterator[Finding]:
    """Versioned, uniform access, never public, and nothing in the way of a state that is overwritten and a lock that goes."""
    name = look.environment.state_bucket
    found = _seen(name, look)
    if found is None:
        yield Finding(STATE, f"gs://{name} is not there, or not to be seen by you", make("bootstrap"))
        return
    yield from _settings(STATE, name, found)


def state_lock(look: Look) -> Iterator[Finding]:
    """Nobody holds the lock of a state."""
    environment = look.environment
    if _seen(environment.state_bucket, look) is None:
        return
    locks = 0
    for stack in stacks_of(look.catalog):
        prefix = Stack(environment=environment, name=stack).state_prefix
        if lock := read_lock(environment.project, environment.state_bucket, prefix):
            locks += 1
            yield Finding(
                "state lock",
                f"{stack} is locked: {lock.operation} by {lock.who} since {lock.created}. If that was killed",
                make("unlock", STACK=stack),
                note=True,
            )
    if not locks:
        yield Finding("state lock", "free")


def flags_bucket(look: Look) -> Iterator[Finding]:
    """The same of the coordination bucket, which the first deploy makes."""
    name = look.environment.bucket
    found = look.project.bucket(name) if look.is_deployed else None
    if found is None:
        yield Finding(FLAGS, f"gs://{name} is not there yet; the first deploy makes it")
        return
    yield from _settings(FLAGS, name, found)


def _seen(name: str, look: Look) -> Bucket | None:
    """A bucket's settings; None also where Google says that it is not to be seen, which it may say of one that is not there."""
    try:
        return look.project.bucket(name)
    except Refusal as refusal:
        if refusal.is_off or refusal.status != FORBIDDEN:
            raise
        return None


def _settings(what: str, name: str, found: Bucket) -> Iterator[Finding]:
    update = f"gcloud storage buckets update gs://{name}"
    lacks = {
        "has no versions": ("" if found.is_versioned else "--versioning"),
        "has access by object": ("" if found.is_uniform else "--uniform-bucket-level-access"),
        "may be made public": ("" if found.is_never_public else "--public-access-prevention"),
        f"keeps what is in it for {exact(timedelta(seconds=found.retention))}, so that nothing can be overwritten": (
            "--clear-retention-period" if found.retention else ""
        ),
        "holds each new object, so that nothing can be overwritten": ("--no-default-event-based-hold" if found.is_held else ""),
        "has a lifecycle rule that deletes what is in use": ("--clear-lifecycle" if found.deletes_live else ""),
    }
    options = [option for option in lacks.values() if option]
    if options:
        why = ", ".join(reason for reason, option in lacks.items() if option)
        yield Finding(what, f"gs://{name} {why}", " ".join([update, *options]))
    else:
        yield Finding(what, f"gs://{name} in {found.location}: versioned, uniform access, never public")
