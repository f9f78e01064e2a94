"""The stacks themselves, deployed: a backfill on and off with what it writes, the coordinator, the breaker, and gone again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from functools import partial

from conformance.check import Check
from conformance.cloud import CallError, JsonObject
from conformance.ours import listed, names_of_stacks
from conformance.statements import fail_statements
from conformance.stop import Ran
from conformance.terraform import CHANGES, NO_CHANGES, environ
from conformance.world import Watch, World
from interlock.names import OWN_PREFIX
from interlock.runtime.events import RECONCILED
from interlock.runtime.incident import BREAKER_LABEL, TABLE_LABEL
from interlock.terminal.cdktf import STACKS
from interlock.terminal.machine import terraform_binary

BACKFILL = "conformance-orders"
ORDERS = ("conformance-orders", "conformance-orders-late")
STOCK = ("conformance-stock",)
WRITES = ("create", "delete", "patch", "pause", "resume")
AUDITED = {"CreateJob": "create", "DeleteJob": "delete", "UpdateJob": "patch", "PauseJob": "pause", "ResumeJob": "resume"}
"""https://cloud.google.com/scheduler/docs/audit-logging: always written, seconds later."""
AUDIT_SECONDS, LOG_SECONDS, PUSH_SECONDS, ALERT_SECONDS = 90, 120, 180, 480
ALERTS_TOPIC = "google_pubsub_topic"
CONFLICTS = "interlock-conflicts"
END = re.compile(r"@[0-9TZ:-]+\.json$")
SAID = 500
"""Characters of a command that failed."""
OURS = "what the stacks count on"


def checks() -> list[Check]:
    """In the order in which they happen."""
    on, orders = ", ".join(ORDERS), "<dataset>.orders"
    found: list[tuple[str, str, str, str, bool]] = [
        (
            "deploy",
            "`interlock deploy` of all stacks",
            "deployed; a second plan is empty in coordination, schedules, alerting",
            OURS,
            False,
        ),
        (
            "backfill-on",
            "`interlock backfill on`",
            f"paused {on}; flags {BACKFILL}; written patch 2, pause 2",
            "the provider: PATCH, then :pause",
            False,
        ),
        ("deploy-meanwhile", "A colleague's deploy", f"paused {on}; flags {BACKFILL}; written nothing", OURS, False),
        (
            "backfill-off",
            "`interlock backfill off`",
            "paused nothing; flags nothing; written patch 2, resume 2",
            "the provider: PATCH, then :resume",
            False,
        ),
        ("tick", "The timer calls the coordinator", "reconciled", OURS, False),
        ("hold", "`interlock hold`", f"paused {on}", OURS, False),
        ("release", "`interlock release`", f"paused {on}; then paused nothing", OURS, False),
        ("push", "An incident that Pub/Sub pushes", f"paused {', '.join(STOCK)}; holds table/<dataset>.stock", OURS, False),
        (
            "log-metric",
            "Is a statement that fails in a conflict counted by its table?",
            f"an incident of table <project>:{orders}",
            "the shape of the audit entry is from BigQuery's pages; locally an entry of that shape is written in its place",
            True,
        ),
        ("breaker", "The conflicts hold the table's writers", f"paused {on}; holds table/{orders}", OURS, False),
        ("destroy", "`interlock destroy`", "nothing is left but the account that calls services", OURS, False),
    ]
    creates = {"deploy": "the three stacks", "log-metric": "a BigQuery dataset"}
    return [
        Check(
            key=key,
            topic="stacks",
            lane="stacks",
            question=question,
            expected=expected,
            source=source,
            assumed=assumed,
            creates={creates[key]: 1} if key in creates else {},
        )
        for key, question, expected, source, assumed in found
    ]


def tell(world: World) -> None:
    """All of it; where the deploy fails, nothing that follows is asked."""
    for key in CHAPTERS:
        ask_chapter(world, key)
        if key == "deploy" and not world.answers[key].seen.startswith("deployed"):
            return


def ask_chapter(world: World, key: str) -> None:
    """One of them, by the key of its check."""
    watch, detail = Watch(), ""
    try:
        seen = CHAPTERS[key](world)
    except CommandError as error:
        seen, detail = "the command failed", str(error)
    except (CallError, OSError) as error:
        seen, detail = "", str(error)
    world.answer(key, seen, seconds=watch.seconds, detail=detail)


class CommandError(Exception):
    """A command of ours failed: what it said last."""


def _good(done: Ran) -> Ran:
    if done.code != 0:
        raise CommandError(" ".join(f"{done.out} {done.err}".split())[-SAID:])
    return done


def _deploy(world: World) -> str:
    if world.cloud.local is None:
        _good(world.interlock("bootstrap"))
    _good(world.interlock("deploy", "--yes"))
    changed, empty = list[str](), list[str]()
    for stack in STACKS:
        words = [terraform_binary(), "plan", "-input=false", "-no-color", "-detailed-exitcode"]
        done = world.cloud.stop.run(words, cwd=world.stacks / stack, environ=environ())
        if done.code not in (NO_CHANGES, CHANGES):
            raise CommandError(" ".join(done.err.split())[-SAID:])
        touched = re.findall(r"# (\S+) (?:will be|must be) ", done.out)
        (changed if done.code == CHANGES else empty).append(f"{stack} ({', '.join(touched)})" if touched else stack)
    return f"deployed; a second plan is empty in {', '.join(empty)}" + (f"; not in {', '.join(changed)}" if changed else "")


def _on(world: World) -> str:
    words = ("backfill", "on", BACKFILL, "--reason", "conformance", "--owner", "conformance", "--yes")
    return _toggled(world, words, {"patch": 2, "pause": 2})


def _off(world: World) -> str:
    return _toggled(world, ("backfill", "off", BACKFILL, "--owner", "conformance", "--yes"), {"patch": 2, "resume": 2})


def _meanwhile(world: World) -> str:
    return _toggled(world, ("deploy", "--yes"), {})


def _toggled(world: World, words: tuple[str, ...], expected: Mapping[str, int]) -> str:
    """What a command has paused, flagged and written."""
    count = _counter(world)
    _good(world.interlock(*words))

    def as_expected() -> Mapping[str, int] | None:
        found = count()
        return found if found == expected else None

    if world.cloud.local is None and expected:
        world.cloud.wait(as_expected, AUDIT_SECONDS, 10)
    written = ", ".join(f"{verb} {number}" for verb, number in count().items()) or "nothing"
    flags = ", ".join(END.sub("", name).removeprefix("backfills/") for name in world.objects("backfills/")) or "nothing"
    return f"{_paused(world)}; flags {flags}; written {written}"


def _counter(world: World) -> Callable[[], dict[str, int]]:
    """Counts the writes of jobs from now on: by the stand-in's own count, or by the audit log."""
    cloud, methods = world.cloud, "cloudscheduler.projects.locations.jobs."
    if cloud.local is None:
        began = cloud.entries_from_now()

        def audited() -> dict[str, int]:
            found = [
                str(one["protoPayload"].get("methodName", "")).rpartition(".")[2] for one in cloud.entries(began + AUDIT_FILTER)
            ]
            counts = {verb: sum(AUDITED.get(name) == verb for name in found) for verb in WRITES}
            return {verb: number for verb, number in counts.items() if number}

        return audited
    before: Mapping[str, int] = cloud.page("GET", "requests")["methods"]

    def counted() -> dict[str, int]:
        now: Mapping[str, int] = cloud.page("GET", "requests")["methods"]
        counts = {verb: now.get(methods + verb, 0) - before.get(methods + verb, 0) for verb in WRITES}
        return {verb: number for verb, number in counts.items() if number}

    return counted


AUDIT_FILTER = ' log_id("cloudaudit.googleapis.com/activity") protoPayload.serviceName="cloudscheduler.googleapis.com"'


def _paused(world: World) -> str:
    return f"paused {', '.join(world.paused()) or 'nothing'}"


def _awaited(world: World, wanted: str, look: Callable[[], str], limit: float) -> str:
    """What `look` says once it says what is wanted, or at the end of `limit` seconds."""
    world.cloud.wait(lambda: True if look() == wanted else None, limit, 10)
    return look()


def _tick(world: World) -> str:
    cloud = world.cloud
    began = cloud.entries_from_now()
    cloud.post("cloudscheduler", f"v1/projects/{cloud.project}/locations/{cloud.region}/jobs/{OWN_PREFIX}tick:run")
    filter_ = f'{began} resource.type="cloud_run_revision" jsonPayload.event="{RECONCILED}"'
    return "reconciled" if cloud.wait(lambda: cloud.entries(filter_) or None, LOG_SECONDS, 10) else "no reconcile in the log"


def _hold(world: World) -> str:
    scope = f"table/{world.dataset}.orders"
    _good(world.interlock("hold", scope, "--for", "1h", "--reason", "conformance", "--owner", "conformance", "--yes"))
    return _paused(world)


def _release(world: World) -> str:
    before = _paused(world)
    _good(world.interlock("release", f"table/{world.dataset}.orders", "--yes"))
    return f"{before}; then {_paused(world)}"


def _push(world: World) -> str:
    """An incident as Cloud Monitoring writes it, published by hand: the topic, the push with its token, and the coordinator."""
    incident = {
        "incident_id": "0.conformance",
        "state": "open",
        "policy_name": "conformance",
        "policy_user_labels": dict([BREAKER_LABEL]),
        "metric": {"labels": {TABLE_LABEL: f"{world.cloud.project}:{world.dataset}.stock"}},
        "started_at": int(world.cloud.now()),
    }
    data = base64.b64encode(json.dumps({"version": "1.2", "incident": incident}).encode()).decode()
    [topic] = names_of_stacks(world.stacks)[ALERTS_TOPIC]
    world.cloud.post("pubsub", f"v1/projects/{world.cloud.project}/topics/{topic}:publish", {"messages": [{"data": data}]})
    wanted = world.filled(f"paused {', '.join(STOCK)}; holds table/<dataset>.stock")
    seen = _awaited(world, wanted, partial(_held_and_holds, world), PUSH_SECONDS)
    if seen == wanted:
        _good(world.interlock("release", f"table/{world.dataset}.stock", "--yes"))
    return seen


def _held_and_holds(world: World) -> str:
    scopes = sorted({name.removeprefix("holds/").rpartition("/")[0] for name in world.objects("holds/")})
    return f"{_paused(world)}; holds {', '.join(scopes) or 'nothing'}"


def _count(world: World) -> str:
    fail_statements(world, world.cloud.environment.breaker.conflicts + 1)
    table = world.cloud.wait(partial(_table_of_incident, world), ALERT_SECONDS)
    return f"an incident of table {table}" if table is not None else f"no incident in {ALERT_SECONDS} seconds"


def _table_of_incident(world: World) -> str | None:
    """The table of an open incident of the conflict policy."""
    cloud = world.cloud
    found: list[JsonObject] = (
        cloud.page("GET", "incidents")["incidents"]
        if cloud.local is not None
        else cloud.pages("monitoring", f"v3/projects/{cloud.project}/alerts", "alerts")
    )
    metrics = [one.get("metric") or {} for one in found if str(one.get("state", "")).upper() == "OPEN"]
    wanted = (one for one in metrics if str(one.get("type", "")).endswith(f"/{CONFLICTS}"))
    return next((str((one.get("labels") or {}).get(TABLE_LABEL, "")) for one in wanted), None)


def _break(world: World) -> str:
    wanted = world.filled(f"paused {', '.join(ORDERS)}; holds table/<dataset>.orders")
    return _awaited(world, wanted, partial(_held_and_holds, world), PUSH_SECONDS)


def _destroy(world: World) -> str:
    world.cloud.go_with_the_real_clock()
    names = names_of_stacks(world.stacks)
    _good(world.interlock("destroy", "--yes"))
    invoker = world.cloud.environment.invoker
    stacks = set().union(*names.values())
    left = [str(one) for one in listed(world.cloud) if one.name in stacks and one.item.get("email") != invoker]
    return f"left: {', '.join(sorted(left))}" if left else "nothing is left but the account that calls services"


CHAPTERS: Mapping[str, Callable[[World], str]] = {
    "deploy": _deploy,
    "backfill-on": _on,
    "deploy-meanwhile": _meanwhile,
    "backfill-off": _off,
    "tick": _tick,
    "hold": _hold,
    "release": _release,
    "push": _push,
    "log-metric": _count,
    "breaker": _break,
    "destroy": _destroy,
}
