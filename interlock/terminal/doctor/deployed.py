"""What is deployed: accounts and the function's build, and where alerts go."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.gcp.project import Binding
from interlock.gcp.storage import read_state
from interlock.roles import BUILD, COORDINATOR, Actor, Grant, Place
from interlock.terminal.doctor.looking import Look
from interlock.terminal.machine import Finding
from interlock.terminal.printed import make
from interlock.terminal.terraform import Stack
from interlock.terraform.state import StateError, known

CHANNEL = "/notificationChannels/"
OF_A_PROJECT = ".iam.gserviceaccount.com"


def accounts(look: Look) -> Iterator[Finding]:
    """The accounts that jobs call as. The first deploy makes `invoker`; the others are somebody's."""
    environment = look.environment
    missing = [email for email in sorted({*environment.accounts.values()}) if not look.project.has_account(email)]
    for email in missing:
        name, _, domain = email.partition("@")
        project, of_a_project = domain.removesuffix(OF_A_PROJECT), domain.endswith(OF_A_PROJECT)
        make_it = f"gcloud iam service-accounts create {name} --project={project}"
        advice = make_it if of_a_project else f"only Google makes such an account; see environments/{environment.name}.yaml"
        yield Finding("accounts", f"{email} is not there, or disabled", advice)
    if not look.project.has_account(environment.invoker):
        if look.is_deployed:
            yield Finding("accounts", f"{environment.invoker} is not there", make("deploy"))
        else:
            yield Finding("accounts", f"{environment.invoker} is not there yet; the first deploy makes it")
    elif not missing:
        yield Finding("accounts", "those that jobs call as are there")


def build(look: Look) -> Iterator[Finding]:
    """The function's build has its account, with its roles, and may read the archive."""
    yield from _granted("build", "builds the coordinator", BUILD, look)


def coordinator(look: Look) -> Iterator[Finding]:
    """The coordinator has its account, with its role in the project."""
    yield from _granted("coordinator", "pauses and resumes jobs", COORDINATOR, look)


def _granted(what: str, does: str, actor: Actor, look: Look) -> Iterator[Finding]:
    email = look.environment.account(f"interlock-{actor.name}")
    if not look.project.has_account(email):
        if look.is_deployed:
            yield Finding(what, f"{email} is not there", make("deploy"))
        else:
            yield Finding(what, "its account is not there yet; the first deploy makes it")
        return
    bindings = look.project.bindings()
    in_project = [grant for grant in actor.grants if grant.place in (Place.PROJECT, Place.SOURCES)]
    lacks = [
        grant.role.name(look.environment.project)
        for grant in in_project
        if not any(_is(grant, binding, email, look) for binding in bindings)
    ]
    if lacks:
        yield Finding(what, f"{email}, which {does}, lacks {', '.join(lacks)}", make("deploy"))
    else:
        yield Finding(what, f"{email} has its roles")


def _is(grant: Grant, binding: Binding, email: str, look: Look) -> bool:
    """A grant without a condition does as well as one with it."""
    conditions = ("", grant.condition(look.environment) or "")
    named = grant.role.name(look.environment.project) == binding.role
    return named and f"serviceAccount:{email}" in binding.members and binding.condition in conditions


def channels(look: Look) -> Iterator[Finding]:
    """Those who are told of alerts can be told: nothing is unverified, off or gone."""
    environment, wrong = look.environment, 0
    by_hand = {channel.target for channel in environment.notification_channels.values() if channel.kind == "slack"}
    for name in sorted({*by_hand, *_made(look)}):
        found = look.project.channel(name)
        edit = f"console.cloud.google.com/monitoring/alerting/notifications?project={environment.project}"
        advice = ""
        if found is None:
            advice = f"create it there, and write its name: {edit}" if name in by_hand else make("deploy")
            said = f"{name} is not there"
        elif not found.is_verified:
            advice, said = edit, f"{found.kind} channel {name} is not verified, so that nothing is sent to it; verify it there"
        elif not found.is_enabled:
            said = f"{found.kind} channel {name} is off"
            advice = f"gcloud beta monitoring channels update {name} --enabled"
        if advice:
            wrong += 1
            yield Finding("channels", said, advice)
    for channel in environment.notification_channels.values():
        if channel.kind == "pubsub" and not look.project.has_topic(channel.target):
            wrong += 1
            yield Finding("channels", f"{channel.target} is not there", f"gcloud pubsub topics create {channel.target}")
    if not wrong:
        where = ", ".join(sorted(environment.notification_channels)) or "none: nobody is told of an alert"
        yield Finding("channels", where)


def _made(look: Look) -> set[str]:
    """The channels that the stack `alerting` has made, by its state: who deploys may get a channel, and need not list them."""
    if not look.is_deployed:
        return set()
    stack = Stack(environment=look.environment, name="alerting")
    try:
        state = known(read_state(look.environment.project, look.environment.state_bucket, stack.state_prefix))
    except StateError:
        return set()
    return {name for name in state.ids if CHANNEL in name}
