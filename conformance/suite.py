"""One run: let in, marked, asked lane by lane, and cleaned up whatever happens."""

from __future__ import annotations

import re
import secrets
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from conformance import contracts, questions, story
from conformance.check import Check
from conformance.cloud import CallError, Cloud
from conformance.ours import INVOKER_LABEL, LABEL, Marker, bucket_of, in_the_way, marker, names_of_stacks, sweep
from conformance.stop import Stop, Stopped
from conformance.world import World
from interlock.environment import Environment
from interlock.pasted import LOCAL

Lane = Callable[[World], None]
LANES: Mapping[str, Lane] = {
    "stacks": story.tell,
    "contracts": contracts.keep,
    "questions": questions.ask,
    "function": contracts.keep_function,
    "heartbeat": questions.ask_heartbeat,
}
"""At once on a project, where most of it is waiting; one after the other on the stand-in, whose clock is one for all."""
BATCH = 20
"""APIs of one call: https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable"""
ENABLE_SECONDS, SETTLE_SECONDS = 180, 30
PASSES = 3
"""Of a clean-up: what is in another's way goes with the second."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Refused(Exception):
    """The suite doesn't run here: why, and what to do."""


@dataclass(kw_only=True)
class Cleaned:
    """What a clean-up has removed, and what it could not."""

    removed: list[str]
    stuck: list[str]


def all_checks(lanes: Collection[str] = tuple(LANES)) -> dict[str, Check]:
    """The checks of these lanes by their keys, in the report's order."""
    found = [*questions.checks(), *contracts.checks(), *story.checks()]
    return {check.key: check for check in found if check.lane in lanes}


def refusal(environment: Environment) -> str | None:
    """Why the suite may not act in this environment, as its file stands; None where it may."""
    if environment.name == LOCAL or environment.conformance:
        return None
    return (
        f"{environment.name} is not for this suite, which makes, changes and deletes in it; "
        f"for a project of its own: conformance: true in environments/{environment.name}.yaml (docs/conformance.md)"
    )


@contextmanager
def stopping(stop: Stop, say: Callable[[str], None], limit: float) -> Iterator[None]:
    """Signals end the suite in order, and so does the end of `limit` seconds."""

    def told(number: int, _frame: object) -> None:
        again = stop.is_set
        say("still cleaning up; what a kill leaves, the next run removes" if again else "stopping; then it is cleaned up")
        stop.set(f"stopped by {signal.Signals(number).name}")

    before = {number: signal.signal(number, told) for number in SIGNALS}
    timer = threading.Timer(limit, stop.set, [f"{limit / 60:.0f} minutes were over"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for known, handler in before.items():
            signal.signal(known, handler)


def clean_up(world: World, mark: Marker, say: Callable[[str], None]) -> Cleaned:
    """Delete what the marked run has made. It goes on after a stop: nothing here asks whether it should."""
    calm = Cloud(world.cloud.environment, Stop())
    removed: dict[str, None] = {}
    stuck: list[str] = []
    for _ in range(PASSES):
        try:
            found = sweep(calm, names_of_stacks(world.stacks), mark, state_bucket=calm.environment.state_bucket)
        except (CallError, OSError) as error:
            stuck = [world.shown(str(error))]
            continue
        stuck = [world.shown(line) for line in found if ": " in line]
        removed |= dict.fromkeys(world.shown(_without_run(line)) for line in found if ": " not in line)
        if not stuck:
            break
    calm.go_with_the_real_clock()
    if stuck:
        say(f"NOT removed: {'; '.join(stuck)}; run the suite again, or delete it by hand")
    return Cleaned(removed=list(removed), stuck=stuck)


def let_in(world: World, say: Callable[[str], None]) -> None:
    """Refused unless the project is empty of ours; what a killed run has left is removed first."""
    environment = world.cloud.environment
    if (old := marker(world.cloud)) is not None:
        say(f"a run was killed here (ilc-{old.run}); what it left is removed first")
        if clean_up(world, old, say).stuck:
            raise Refused("what a killed run left can't be removed")
    found = in_the_way(
        world.cloud, names_of_stacks(world.stacks), state_bucket=environment.state_bucket, invoker=environment.invoker
    )
    if found:
        shown = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        raise Refused(f"{environment.project} is not empty of ours: {shown}; take a project of its own, or delete them")


def mark(world: World) -> Marker:
    """Make the bucket that marks this run, before anything else. CallError."""
    cloud = world.cloud
    made = Marker(
        run=world.run,
        bucket=bucket_of(world.run, cloud.project),
        invoker_was_there=_is_there(cloud, cloud.environment.invoker),
    )
    labels = {LABEL: world.run, INVOKER_LABEL: "yes" if made.invoker_was_there else "no"}
    body = {
        "name": made.bucket,
        "location": cloud.environment.location,
        "labels": labels,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    }
    cloud.post("storage", "storage/v1/b", body, {"project": cloud.project})
    return made


def enable(world: World) -> None:
    """Turn on the APIs that the suite asks; they stay on. CallError."""
    cloud, names = world.cloud, [f"{name}.googleapis.com" for name in world.apis()]
    for start in range(0, len(names), BATCH):
        body = {"serviceIds": names[start : start + BATCH]}
        operation = cloud.post("serviceusage", f"v1/projects/{cloud.project}/services:batchEnable", body)
        if not operation.get("done"):
            path = f"v1/{operation['name']}"
            cloud.wait(lambda path=path: cloud.get("serviceusage", path).get("done") or None, ENABLE_SECONDS, 5)  # type: ignore[misc]
            cloud.stop.wait(SETTLE_SECONDS)


def ask(world: World, lanes: Collection[str] = tuple(LANES)) -> list[str]:
    """All of these lanes; what broke one of them, a line each. What it had not answered yet stays unanswered."""
    broken: list[str] = []

    def go(lane: str) -> None:
        try:
            LANES[lane](world)
        except Stopped:
            return
        except Exception as error:  # a fault of the suite's, or of a tool's: the others still answer
            broken.append(f"{lane}: {type(error).__name__} {error}")

    with ThreadPoolExecutor(max_workers=1 if world.cloud.local is not None else len(LANES)) as pool:
        for each in [pool.submit(go, lane) for lane in LANES if lane in lanes]:
            each.result()
    return broken


def new_run() -> str:
    """Six hexadecimal digits, so that no id that Google keeps for weeks is met again."""
    return secrets.token_hex(3)


def _is_there(cloud: Cloud, email: str) -> bool:
    return cloud.call("GET", "iam", f"v1/projects/{cloud.project}/serviceAccounts/{email}").status == 200


def _without_run(line: str) -> str:
    return re.sub(r"(ilc[-_])[0-9a-f]{6}", r"\1*", line)
