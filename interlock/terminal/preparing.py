"""What must be there before Terraform can be of use: the first APIs, and the bucket of its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from interlock.apis import FIRST, enable_command
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import Enabling, Granting
from interlock.gcp.session import FORBIDDEN, Refusal
from interlock.gcp.storage import ensure_state_bucket
from interlock.roles import DEPLOYER
from interlock.terminal.doctor.rights import granting, lacking
from interlock.terminal.printed import again
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import say_folded

PAUSE_SECONDS = 5
TRIES = 120
"""Ten minutes. Google says "a few minutes": https://cloud.google.com/service-usage/docs/troubleshoot-service-usage"""

BOOTSTRAP_TAKES = (
    *("serviceusage.services.enable", "serviceusage.services.list"),
    *("storage.buckets.create", "storage.buckets.get"),
)
SHOWN = 6
"""Permissions named of what lacks somewhere; of more, how many there are besides."""


def refuse_what_lacks(environment: Environment, project: Granting, only: Collection[str] = ()) -> None:
    """CloudError with every permission of the deployer that who asks lacks, or of `only` these, before anything is begun.

    Asking takes no right (https://cloud.google.com/iam/docs/testing-permissions). What can't be asked, as while an API is off,
    is no reason to refuse: Google will say it.
    """
    try:
        found = [
            (where, wanted)
            for where, missing in lacking(DEPLOYER, environment, project)
            if (wanted := [permission for permission in missing if not only or permission in only])
        ]
    except CloudError:
        return
    if found:
        said = "; ".join(f"{_listed(missing)} on {where}" for where, missing in found)
        raise CloudError(f"who deploys lacks {said}; nothing is done; run: {granting(DEPLOYER)}")


def _listed(permissions: list[str]) -> str:
    more = len(permissions) - SHOWN
    return ", ".join(permissions[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def bootstrap(
    environment: Environment, project: Enabling, sleep: Callable[[float], None] = time.sleep
) -> tuple[list[str], bool]:
    """Turns on the APIs of `FIRST` that are off, waits until they answer, then makes the state bucket unless it is there. The
    APIs that were turned on, and whether the bucket was made. CloudError with the next command when it can't be done."""
    refuse_what_lacks(environment, project, BOOTSTRAP_TAKES)
    turned_on = _turn_on(environment, project, sleep)
    return turned_on, ensure_state_bucket(environment.project, environment.state_bucket, environment.location)


def _turn_on(environment: Environment, project: Enabling, sleep: Callable[[float], None]) -> list[str]:
    off = [*FIRST]
    try:
        on = project.enabled()
        off = [api for api in FIRST if api not in on]
        if off:
            project.enable(off)
    except Refusal as refusal:
        if refusal.is_off:
            # It is what turns on APIs, so that it can't be asked to turn on itself; gcloud asks by a project of Google's.
            command = enable_command(FIRST, environment.project)
            raise CloudError(f"{refusal.api}.googleapis.com is off; run: {command}") from refusal
        if refusal.status != FORBIDDEN:
            raise
        command = enable_command(tuple(off), environment.project)
        raise CloudError(f"{refusal}; who may, runs: {command}") from refusal
    if off:
        _wait(off, project, sleep)
    return off


def _wait(apis: list[str], project: Enabling, sleep: Callable[[float], None]) -> None:
    line = StackLine("APIs")
    for tried in range(TRIES):
        silent = [api for api in apis if project.is_off(api)]
        if not silent:
            return
        if tried == 0:
            say_folded(f"{', '.join(apis)} are turned on; waiting until they answer, a few minutes at most")
        line.now(f"waiting for {', '.join(silent)}")
        sleep(PAUSE_SECONDS)
    minutes = PAUSE_SECONDS * TRIES // 60
    raise CloudError(f"{', '.join(silent)} still refuse after {minutes} minutes, as if they were off; again later: {again()}")
