"""An environment: which project the stacks go to, and what differs between projects.

The catalog knows no project, URL or account; they come from `environments/<name>.yaml`, which `schema.py` reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from interlock.catalog import Job, OAuth, Oidc, Service, ServiceKind, Source
from interlock.names import BOARD_PAGE
from interlock.pasted import LOCAL

ONLY_UNDER_LOCAL_RUN = (
    "This is the local environment, which acts on a stand-in and never on Google Cloud; write"
    " .venv/bin/python -m local run -- before the command"
)
"""What Terraform says of it where the stand-in does not run."""

OWN_CHANNEL = "coordinator"
"""What the stacks call the notification channel that the coordinator hears; people's may not be called so."""
BY_CDKTF = "CDKTF_CONTEXT_JSON"
"""Set by the cdktf command line for the app."""
ACCESS_TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - a name
"""Where Terraform takes a token from, of whoever has set it."""

GOOGLE_APIS = "googleapis.com"
"""The domain of Google's APIs, which want an access token."""

LOCAL_VARIABLES = (
    r"INTERLOCK_LOCAL_.*|TF_REATTACH_PROVIDERS|STORAGE_EMULATOR_HOST|BIGQUERY_EMULATOR_HOST"
    r"|CLOUDSDK_API_ENDPOINT_OVERRIDES_.*|GOOGLE_.*_CUSTOM_ENDPOINT"
)
"""Names of the variables that point a tool at the stand-in."""

Required = Literal["reason", "owner"]
ChannelKind = Literal["email", "slack", "pubsub"]
TICK_OFFSET = timedelta(minutes=3)
"""Into the hour, so that ticks are off the minutes at which jobs are staggered."""


@dataclass(frozen=True, kw_only=True)
class Coordinator:
    """The function that keeps the jobs as holds and declaration say. `url` is empty where Cloud Run's pattern is followed."""

    name: str
    region: str
    url: str
    operators: tuple[str, ...] = ()
    """The IAM members who may ask it: people who hold, extend and release."""
    viewers: tuple[str, ...] = ()
    """Those who may look at the board, and do nothing else; operators may anyway."""
    admins: tuple[str, ...] = ()
    """Those of them, by address, who may also hold `all`, and extend and release what others or the circuit breaker hold. Where
    nobody is named, that takes --force."""


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """When serialization conflicts make the coordinator hold a table's writers: more than `conflicts` in one `period`."""

    conflicts: int
    period: timedelta
    """More than eleven minutes, or what is counted late may never be seen in it: `LAG` in stacks/metrics.py."""
    hold: timedelta
    """How long a tripped breaker holds; an incident that lasts makes it longer, one that closes does not end it."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where alerts go. `target` is an address (email), the full name of a topic (pubsub), or the full name of a channel that
    was made by hand (slack: its token comes from a click in the console and is nobody else's business)."""

    kind: ChannelKind
    target: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where the stacks act. `url_patterns` and `service_urls` tell where a service answers."""

    name: str
    project: str
    project_number: str
    location: str
    """Of the coordination bucket; jobs carry their own region."""
    bucket: str
    state_bucket: str
    invoker: str
    """The service account as which jobs call services; it needs run.invoker on them and nothing else."""
    accounts: Mapping[str, str]
    """Other service accounts of jobs, e-mail addresses by the names that the catalog calls them."""
    url_patterns: Mapping[ServiceKind, str]
    service_urls: Mapping[str, str]
    max_hold: timedelta
    """No hold may end later than this from now."""
    require: frozenset[Required]
    """What must be said when a backfill is turned on."""
    allow_destroy: bool
    """Whether `make destroy` may delete the bucket with the flags and holds in it."""
    coordinator: Coordinator
    tick: timedelta
    """How often the coordinator looks whatever happens; what a lost timer may cost. No hold may be shorter than two."""
    breaker: Breaker
    notification_channels: Mapping[str, Channel]
    alerts_owner: str
    """Who looks after Interlock itself: the `owner` label of every alert policy."""
    conformance: bool = False
    """Whether the suite of docs/conformance.md may make, change and delete in it: for a project that nothing else uses."""
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False, compare=False)
    """Where each of `service_urls` stands."""
    unfilled: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What is a sample in it still, a line each; only ever something where nothing but judging is done with it."""

    @property
    def tick_schedule(self) -> str:
        """The tick in cron: 10m is `3,13,23,33,43,53 * * * *`."""
        first, step = (int(span.total_seconds()) // 60 for span in (TICK_OFFSET, self.tick))
        return ",".join(str(minute) for minute in range(first % step, 60, step)) + " * * * *"

    @property
    def coordinator_url(self) -> str:
        """Where the coordinator answers, and the audience of the tokens that it takes."""
        return self.coordinator.url or self.url_patterns[ServiceKind.RUN].format(
            service=self.coordinator.name,
            project=self.project,
            project_number=self.project_number,
            region=self.coordinator.region,
        )

    @property
    def board_url(self) -> str:
        """Where people open the board, logged in with Google and with the right to read it:
        https://cloud.google.com/storage/docs/request-endpoints#cookieauth"""
        return f"https://storage.cloud.google.com/{self.bucket}/{BOARD_PAGE}"

    def account(self, name: str) -> str:
        """The e-mail address of a service account of the project."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    @property
    def where(self) -> str:
        """The first line of every command."""
        if self.name == LOCAL:
            return "LOCAL STAND-IN, not Google Cloud"
        return f"{self.name} {self.project} {self.location}"

    def url(self, job: Job) -> str:
        """The URL of what `job` calls, without its path; for a run job that of Google's own API which starts it. Empty for what
        is called otherwise, and where nobody says it: `reading/fit.py` refuses that.

        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run
        """
        return self.service_url(job.target.service, job.region)

    def service_url(self, service: Service, region: str) -> str:
        """The same of a service for a job in a region."""
        if service.kind is ServiceKind.RUN_JOB:
            return f"https://run.googleapis.com/v2/projects/{self.project}/locations/{region}/jobs/{service.name}:run"
        if said := self.service_urls.get(service.name) or _filled(service.url, self._names(region)):
            return said
        if service.kind is ServiceKind.API:
            return f"https://{service.name}.{GOOGLE_APIS}"
        pattern = self.url_patterns.get(service.kind, "")
        return pattern.format(service=service.name, project=self.project, project_number=self.project_number, region=region)

    def uri(self, job: Job) -> str:
        """The whole URL that `job` calls, or of App Engine what follows the host."""
        return self.url(job) + self.filled(job.target.path, job)

    def topic(self, service: Service) -> str:
        """The full name of a topic."""
        topic = service.topic or service.name
        return topic if "/" in topic else f"projects/{self.project}/topics/{topic}"

    def audience(self, job: Job, token: Oidc) -> str:
        """Whom the token of `job` is for."""
        return _filled(token.audience, {**self._names(job.region), "url": self.url(job), "uri": self.uri(job)})

    def account_of(self, token: Oidc | OAuth) -> str:
        """The e-mail address of the account of a token."""
        return self.accounts.get(token.account, token.account) or self.invoker

    def call(self, job: Job) -> str:
        """What the job calls: the URL with its path, the topic, or the part of App Engine."""
        target = job.target
        if target.service.kind is ServiceKind.TOPIC:
            return self.topic(target.service)
        if target.service.kind is ServiceKind.APP_ENGINE:
            part = target.service.app_engine
            return (
                f"App Engine {'/'.join(filter(None, (part.service or 'default', part.version, part.instance)))}{self.uri(job)}"
            )
        return self.uri(job)

    def filled(self, text: str, job: Job) -> str:
        """`text` with the names in braces filled in, and doubled braces around one of them made single."""
        return _filled(text, self._names(job.region))

    def _names(self, region: str) -> dict[str, str]:
        return {"project": self.project, "project_number": self.project_number, "region": region}


def _filled(text: str, known: Mapping[str, str]) -> str:
    if "{" not in text:
        return text
    names = "|".join(known)
    doubled_or_one = rf"\{{(\{{(?:{names})\}})\}}|\{{({names})\}}"
    return re.sub(doubled_or_one, lambda found: found[1] or known[found[2]], text)


def refuse_local_variables(environment: Environment, environ: Mapping[str, str]) -> str | None:
    """Why `environment` must not be used with these environment variables, or None when it may.

    The variables that point tools at the local stand-in would make a production command act on it, and look as if it had not.
    """
    if environment.name == LOCAL:
        return None
    found = _of_local_run(environ)
    if not found:
        return None
    return f"{environment.name} refuses variables of the local target; run: unset {' '.join(found)}"


def refuse_own_token(environment: Environment, environ: Mapping[str, str]) -> str | None:
    """Why the local environment must not be deployed by who calls the cdktf command line with these environment variables, or
    None. Outside `local run` a stack of it has credentials that nobody can read; an access token would go before them:
    https://github.com/hashicorp/terraform/blob/v1.11.4/internal/backend/remote-state/gcs/backend.go (configure)"""
    if environment.name != LOCAL or BY_CDKTF not in environ or not environ.get(ACCESS_TOKEN) or _of_local_run(environ):
        return None
    return f"{ONLY_UNDER_LOCAL_RUN}, or run: unset {ACCESS_TOKEN}"


def _of_local_run(environ: Mapping[str, str]) -> list[str]:
    return sorted(name for name in environ if environ[name] and re.fullmatch(LOCAL_VARIABLES, name))
