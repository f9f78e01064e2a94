"""Roles and bindings as commands of gcloud, to be pasted into a shell by an owner of the project.

https://cloud.google.com/iam/docs/creating-custom-roles and https://cloud.google.com/sdk/gcloud/reference/topic/escaping, for
conditions that have commas in them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from interlock.apis import enable_command
from interlock.environment import GOOGLE_APIS, Environment
from interlock.roles import ACTORS, DEPLOYER, Actor, Place, Role
from interlock.terminal.granting.bindings import BEFORE, Binding, account_of, bindings
from interlock.terraform.refusals import Lack

WHO_IS_LOGGED_IN = '"user:$(gcloud config get-value account)"'
GO_ON = " \\\n  "
PUT_ROLE = """\
# A role that is there already gets the same permissions.
put_role() {
  if gcloud iam roles describe "$1" "$2" >/dev/null 2>&1
  then gcloud iam roles update "$@"
  else gcloud iam roles create "$@"
  fi
}"""
"""gcloud has no command for both: https://cloud.google.com/sdk/gcloud/reference/iam/roles"""
NOT_GIVEN = "MEMBER"
"""Stands for who was refused, where Google doesn't say."""


def script(actors: Iterable[Actor], env: Environment, member: str) -> Iterator[str]:
    """The commands for these actors, which may be run again: roles are made or changed, bindings are added or there."""
    yield PUT_ROLE
    for actor in actors:
        yield from commands(actor, env, member)


def commands(actor: Actor, env: Environment, member: str) -> Iterator[str]:
    """The commands for one actor, with comments, which need PUT_ROLE. `member` gets it; where it is empty the workflow's
    account, or who is logged in to gcloud."""
    account = account_of(actor, env)
    yield f"# {actor.name}: {actor.who}"
    if actor.by_the_stacks:
        yield "# The stacks grant this; by hand it is for who comes before a deploy."
    for role, permissions in actor.roles():
        yield _role(role, permissions, env)
    if account and not member:
        yield GO_ON.join([f"gcloud iam service-accounts create {account.partition('@')[0]}", f"--project={env.project}"])
    whom = shlex.quote(member or f"serviceAccount:{account}") if member or account else WHO_IS_LOGGED_IN
    said = False
    for binding in bindings(actor, env):
        if binding.place not in BEFORE and not said:
            yield "# once that is there, after the first deploy:"
            said = True
        yield GO_ON.join(_binding(binding, env, whom))


def mending(lack: Lack, env: Environment) -> str:
    """The line that gives what is lacking, for who may type it: the role that has it, of who deploys or else of anybody, with
    its condition. Empty where no role has it."""
    if lack.api:
        return enable_command((lack.api.removesuffix(f".{GOOGLE_APIS}"),), env.project)
    found = (
        binding
        for actor in (DEPLOYER, *ACTORS)
        for grant in actor.grants
        if {*lack.rights} & {*grant.permissions}
        for binding in bindings(actor, env)
        if (binding.role, binding.place) == (grant.role, grant.place)
    )
    binding = next(found, None)
    return " ".join(_binding(binding, env, shlex.quote(member_of(lack.member)))) if binding else ""


def member_of(address: str) -> str:
    """An address as IAM's policies name it."""
    if not address:
        return NOT_GIVEN
    return f"{'serviceAccount' if address.endswith('gserviceaccount.com') else 'user'}:{address}"


def _role(role: Role, permissions: tuple[str, ...], env: Environment) -> str:
    options = [f"--project={env.project}", f"--title={_quoted(role.title)}"]
    options += [f"--description={_quoted(role.description)}", "--stage=GA"]
    listed = ",\\\n".join(permissions)
    return GO_ON.join([f"put_role {role.id}", *options, f"--permissions=\\\n{listed}"])


def _binding(binding: Binding, env: Environment, whom: str) -> list[str]:
    """The command and its options; `whom` is quoted."""
    command = {
        Place.BUCKET: f"gcloud storage buckets add-iam-policy-binding gs://{binding.on}",
        Place.STATE: f"gcloud storage buckets add-iam-policy-binding gs://{binding.on}",
        Place.JOB_ACCOUNTS: f"gcloud iam service-accounts add-iam-policy-binding {binding.on}",
        Place.COORDINATOR: f"gcloud run services add-iam-policy-binding {binding.on}",
    }.get(binding.place, f"gcloud projects add-iam-policy-binding {binding.on}")
    options = [f"--member={whom}", f"--role={binding.role.name(env.project)}"]
    if binding.place is Place.JOB_ACCOUNTS:
        options.append(f"--project={env.project}")
    if binding.place is Place.COORDINATOR:
        options += [f"--project={env.project}", f"--region={env.coordinator.region}"]
    # Said for every one without a condition: where a policy has some, gcloud asks, and in a script refuses.
    condition = f"^#^title={binding.title}#expression={binding.expression}" if binding.expression else "None"
    options.append(f"--condition={shlex.quote(condition)}")
    return [command, *options]


def _quoted(text: str) -> str:
    """A text of ours for a shell, in the quotes that people would take."""
    return f'"{text}"' if re.fullmatch(r"[A-Za-z0-9 .,:;'-]*", text) else shlex.quote(text)
