"""What must be there before Terraform can be of use: the first APIs, and the bucket of its state."""

from __future__ import annotations

import time
from collections.abc import Callable

from interlock.apis import FIRST, enable_command
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import Enabling
from interlock.gcp.session import Refusal
from interlock.gcp.storage import ensure_state_bucket
from interlock.terminal.printed import again
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import say_folded

PAUSE_SECONDS = 5
TRIES = 120
"""Ten minutes. Google says "a few minutes": https://cloud.google.com/service-usage/docs/troubleshoot-service-usage"""


def bootstrap(
    environment: Environment, project: Enabling, sleep: Callable[[float], None] = time.sleep
) -> tuple[list[str], bool]:
    """Turns on the APIs of `FIRST` that are off, waits until they answer, then makes the state bucket unless it is there. The
    APIs that were turned on, and whether the bucket was made. CloudError with the next command when it can't be done."""
    turned_on = _turn_on(environment, project, sleep)
    return turned_on, ensure_state_bucket(environment.project, environment.state_bucket, environment.location)


def _turn_on(environment: Environment, project: Enabling, sleep: Callable[[float], None]) -> list[str]:
    try:
        on = project.enabled()
        off = [api for api in FIRST if api not in on]
        if off:
            project.enable(off)
    except Refusal as refusal:
        if not refusal.is_off:
            raise
        # It is what turns on APIs, so that it can't be asked to turn on itself; gcloud asks by a project of Google's.
        raise CloudError(f"{refusal.api}.googleapis.com is off; run: {enable_command(FIRST, environment.project)}") from refusal
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
