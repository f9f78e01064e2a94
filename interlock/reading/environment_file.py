"""`environments/<name>.yaml` -> `Environment`: the shape of the file, and what can't be wrong without a plan going wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from interlock.catalog import ServiceKind
from interlock.environment import OWN_CHANNEL, Breaker, Channel, ChannelKind, Coordinator, Environment, Required
from interlock.names import exact
from interlock.pasted import LOCAL
from interlock.reading.fields import Count, Duration, Flag, Name, Region, matching
from interlock.reading.located import Document, parse
from interlock.reading.problems import Problem, SourceError
from interlock.reading.refused import problems_of
from interlock.reading.samples import samples
from interlock.reading.schema import Entry

URL = r"https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*"
ANY_URL = r"https?://[^\x00-\x20?#\x7f]+"
"""What people write of a service that is there already; the rule `https` is about http."""
BUCKET = r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"
BUCKET_RULE = "is no bucket name; allowed: 3 to 63 of a-z, 0-9, - and _"
URL_FIELDS = {"service": "s", "project": "p", "project_number": "1", "region": "r"}
"""What a URL pattern may name, each with a value to try it with."""
TICKS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 30))
"""Those that divide an hour and, from their offset on, meet no stagger minute: every 6 or 12 minutes would meet :15."""
TICK_RULE = f"is no tick; allowed: {', '.join(map(exact, TICKS))}"
PERIOD_RULE = "is no period; allowed: whole minutes, 2m to 1d"
MINUTE = timedelta(minutes=1)
MIN_PERIOD, MAX_PERIOD = timedelta(minutes=2), timedelta(days=1)
"""Of an alert's alignment: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation. Cloud
Monitoring takes one minute, too; but the condition has to last for a minute, which a burst does only in a longer window."""
LABEL = r"[a-z0-9][a-z0-9_-]{0,62}"
TOPIC = r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
CHANNEL = r"projects/[a-z0-9-]+/notificationChannels/[0-9]{1,30}"
_ADDRESS = r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_-])?@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)*[A-Za-z0-9-]*[A-Za-z0-9]"
_POOL = r"//iam\.googleapis\.com/[A-Za-z0-9_./@:*-]+"
MEMBER = rf"(?:user|group|serviceAccount):{_ADDRESS}|domain:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|principal(?:Set)?:{_POOL}"
"""https://cloud.google.com/iam/docs/principal-identifiers; nothing in it is a template of Terraform."""
MEMBER_RULE = (
    "is no member; write one like group:data-platform@example.com, user:..., serviceAccount:..., domain:... or principal://..."
)
ADMIN = rf"(?:user|serviceAccount):{_ADDRESS}"
ADMIN_RULE = (
    "is nobody by address; write user:ana@example.com or serviceAccount:...: the coordinator goes by the address in a token,"
    " and can't look into a group"
)
CHANNEL_RULE = (
    "is no notification channel; the console makes it, as it asks Slack for the token: "
    "write its name, projects/<project>/notificationChannels/<number>"
)


class CoordinatorEntry(Entry):
    """Where the coordinator runs, and where it answers when that is not Cloud Run's pattern."""

    name: Annotated[
        str, matching(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?", "is no name of a function; allowed: 1 to 49 of a-z, 0-9 and -")
    ] = "interlock-coordinator"
    region: Region
    url: Annotated[str, matching(URL, "is no https URL")] | None = None
    operators: tuple[Annotated[str, matching(MEMBER, MEMBER_RULE)], ...] = ()
    viewers: tuple[Annotated[str, matching(MEMBER, MEMBER_RULE)], ...] = ()
    admins: tuple[Annotated[str, matching(ADMIN, ADMIN_RULE)], ...] = ()


class BreakerEntry(Entry):
    """When conflicts hold a table's writers."""

    conflicts: Count
    period: Duration
    hold: Duration


class ChannelEntry(Entry):
    """Where alerts go: each type with the one key for where."""

    type: ChannelKind
    address: (
        Annotated[str, matching(r"[^@\s]+@[A-Za-z0-9.-]+", "is no e-mail address; write one like oncall@example.com")] | None
    ) = None
    topic: Annotated[str, matching(TOPIC, "is no topic; write projects/<project>/topics/<topic>")] | None = None
    channel: Annotated[str, matching(CHANNEL, CHANNEL_RULE)] | None = None


ServiceAccount = Annotated[
    str,
    matching(
        r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com",
        "is no service account; write one like name@project.iam.gserviceaccount.com",
    ),
]
WHERE_OF: Mapping[ChannelKind, str] = {"email": "address", "pubsub": "topic", "slack": "channel"}


class EnvironmentFile(Entry):
    """One file of `environments/`."""

    project: Annotated[
        str, matching(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "is no project id; allowed: 6 to 30 of a-z, 0-9 and -, a letter first")
    ]
    project_number: Annotated[str, matching(r"[0-9]{6,20}", "is no project number; write its digits in quotes")]
    location: Region
    bucket: Annotated[str, matching(BUCKET, BUCKET_RULE)]
    state_bucket: Annotated[str, matching(BUCKET, BUCKET_RULE)]
    invoker: ServiceAccount
    accounts: Mapping[Name, ServiceAccount] = Field(default_factory=dict)
    url_patterns: dict[Literal["run", "function"], str]
    service_urls: Mapping[Name, str] = Field(default_factory=dict)
    max_hold: Duration
    require: tuple[Required, ...] = ()
    allow_destroy: Flag = False
    conformance: Flag = False
    coordinator: CoordinatorEntry
    tick: Duration
    breaker: BreakerEntry
    notification_channels: dict[Name, ChannelEntry] = Field(default_factory=dict)
    alerts_owner: Annotated[str, matching(LABEL, "is no label; allowed: at most 63 of a-z, 0-9, - and _")]


def parse_environment(name: str, text: str, file: str, *, unfilled: bool = False) -> Environment:
    """The environment that the YAML in `text` describes. SourceError with every problem in it; with what is not filled in yet,
    unless it may be `unfilled`, as for who only judges. The local one, on this machine, is made of samples."""
    document, problems = parse(text, file)
    if problems and document.data is None:
        raise SourceError(problems)
    missing = [] if name == LOCAL else [*samples(document), *_nobody(document)]
    problems += [] if unfilled else missing
    try:
        entry = EnvironmentFile.model_validate(document.data if document.data is not None else {})
    except ValidationError as error:
        raise SourceError([*problems, *problems_of(error, document, (), EnvironmentFile)]) from None
    problems += _problems(entry, document)
    if problems:
        raise SourceError(problems)
    return Environment(
        **{
            **dict(entry),
            "name": name,
            "url_patterns": {ServiceKind(kind): pattern for kind, pattern in entry.url_patterns.items()},
            "require": frozenset(entry.require),
            "coordinator": Coordinator(
                name=entry.coordinator.name,
                region=entry.coordinator.region,
                url=entry.coordinator.url or "",
                operators=entry.coordinator.operators,
                viewers=entry.coordinator.viewers,
                admins=entry.coordinator.admins,
            ),
            "unfilled": tuple(str(one) for one in sorted(missing, key=lambda one: one.source.line)),
            "sources": {service: document.at(("service_urls", service)) for service in entry.service_urls},
            "breaker": Breaker(**dict(entry.breaker)),
            "notification_channels": {name: _channel(channel) for name, channel in entry.notification_channels.items()},
        }
    )


def _nobody(document: Document) -> Iterator[Problem]:
    """That nobody may ask the coordinator."""
    coordinator = document.data.get("coordinator") if isinstance(document.data, dict) else None
    if isinstance(coordinator, dict) and not coordinator.get("operators"):
        message = "coordinator.operators: nobody may hold, extend or release; name them, like group:data-platform@<your domain>"
        yield Problem(source=document.at(("coordinator", "operators")), message=message)


def _channel(entry: ChannelEntry) -> Channel:
    return Channel(kind=entry.type, target=getattr(entry, WHERE_OF[entry.type]))


def _problems(entry: EnvironmentFile, document: Document) -> Iterator[Problem]:
    def problem(message: str, *path: str) -> Problem:
        return Problem(source=document.at(path), message=f"{'.'.join(path)}: {message}")

    if entry.bucket == entry.state_bucket:
        yield problem(f"{entry.bucket} holds the flags already; Terraform's state needs a bucket of its own", "state_bucket")
    if not entry.max_hold:
        yield problem("no hold could be made; write one like 4d", "max_hold")
    if entry.conformance and not entry.allow_destroy:
        yield problem("the suite deletes what it has made; write allow_destroy: true, too", "conformance")
    yield from _coordination_problems(entry, problem)
    for kind in sorted({"run", "function"} - entry.url_patterns.keys()):
        yield problem(f"missing key {kind}", "url_patterns")
    for kind, pattern in sorted(entry.url_patterns.items()):
        if not re.fullmatch(URL, _filled(pattern)):
            yield problem(f"{pattern!r} makes no https URL; allowed fields: {', '.join(URL_FIELDS)}", "url_patterns", kind)
        elif "{service}" not in pattern:
            yield problem(f"{pattern!r} makes one URL for all services; write {{service}} in it", "url_patterns", kind)
    for service, url in sorted(entry.service_urls.items()):
        if not re.fullmatch(ANY_URL, url):
            yield problem(f"{url!r} is no URL", "service_urls", service)


def _coordination_problems(entry: EnvironmentFile, problem: Callable[..., Problem]) -> Iterator[Problem]:
    """What the coordinator, its timers and the breaker can't work with."""
    if entry.tick not in TICKS:
        yield problem(f"{exact(entry.tick)} {TICK_RULE}", "tick")
    elif entry.breaker.hold < 2 * entry.tick:
        yield problem(
            f"{exact(entry.breaker.hold)} is shorter than two ticks, {exact(2 * entry.tick)}",
            "breaker",
            "hold",
        )
    if entry.breaker.hold > entry.max_hold:
        yield problem(f"is longer than max_hold, {exact(entry.max_hold)}", "breaker", "hold")
    period = entry.breaker.period
    if not MIN_PERIOD <= period <= MAX_PERIOD or period % MINUTE:
        yield problem(f"{exact(period)} {PERIOD_RULE}", "breaker", "period")
    for name, channel in sorted(entry.notification_channels.items()):
        wanted = WHERE_OF[channel.type]
        if channel.model_dump(exclude_none=True).keys() != {"type", wanted}:
            yield problem(f"of type {channel.type} has the key {wanted} and no other", "notification_channels", name)
        if name == OWN_CHANNEL:
            yield problem("is what Interlock's own channel is called; give it another name", "notification_channels", name)
    if not entry.invoker.endswith(f"@{entry.project}.iam.gserviceaccount.com"):
        yield problem(
            f"is of another project; Cloud Scheduler only takes accounts of {entry.project}: "
            f"<name>@{entry.project}.iam.gserviceaccount.com",
            "invoker",
        )


def _filled(pattern: str) -> str:
    """`pattern` with its fields filled in. Plain names only: str.format would also read attributes and pad to any width."""
    return re.sub(r"\{([a-z_]+)\}", lambda found: URL_FIELDS.get(found[1], "{}"), pattern)
