"""Roles and bindings as Terraform, for who keeps a project's rights in a configuration of their own.

https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam_custom_role
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from interlock.environment import Environment
from interlock.roles import Actor, Place, Role
from interlock.terminal.granting.bindings import Binding, account_of, bindings

Value = str | Sequence[str]


def resources(actor: Actor, env: Environment, member: str) -> Iterator[str]:
    """The resources for one actor. Where nobody is named as `member` and it is no workflow's account, a variable is."""
    account, name = account_of(actor, env), _word(actor.name)
    if account and not member:
        made: dict[str, Value] = {"project": env.project, "account_id": account.partition("@")[0]}
        yield _block("google_service_account", f"interlock_{name}", made)
    elif not member:
        yield f'variable "interlock_{name}" {{\n  type        = string\n  description = {_text(actor.who)}\n}}'
    whom = _text(member) if member else f"google_service_account.interlock_{name}.member" if account else ""
    whom = whom or f"var.interlock_{name}"
    for role, permissions in actor.roles():
        yield _role(role, permissions, env)
    own = {role.id for role, _ in actor.roles()}
    for binding in bindings(actor, env):
        yield _binding(binding, f"interlock_{name}_{_word(binding.word)}", env, whom, is_own=binding.role.id in own)


def _role(role: Role, permissions: tuple[str, ...], env: Environment) -> str:
    said: dict[str, Value] = {"project": env.project, "role_id": role.id, "title": role.title}
    return _block(
        "google_project_iam_custom_role",
        role.id,
        {**said, "description": role.description, "permissions": permissions},
    )


def _binding(binding: Binding, name: str, env: Environment, whom: str, *, is_own: bool) -> str:
    kind, said = _kind(binding, env)
    role = f"google_project_iam_custom_role.{binding.role.id}.name" if is_own else _text(binding.role.id)
    return _block(kind, name, said, {"role": role, "member": whom}, binding)


def _kind(binding: Binding, env: Environment) -> tuple[str, dict[str, Value]]:
    if binding.place in (Place.BUCKET, Place.STATE):
        return "google_storage_bucket_iam_member", {"bucket": binding.on}
    if binding.place is Place.JOB_ACCOUNTS:
        return "google_service_account_iam_member", {
            "service_account_id": f"projects/{env.project}/serviceAccounts/{binding.on}"
        }
    if binding.place is Place.COORDINATOR:
        said = {"project": env.project, "location": env.coordinator.region, "name": binding.on}
        return "google_cloud_run_v2_service_iam_member", {**said}
    return "google_project_iam_member", {"project": binding.on}


def _block(
    kind: str, name: str, said: dict[str, Value], references: dict[str, str] | None = None, condition: Binding | None = None
) -> str:
    """A resource as `terraform fmt` leaves it: equal signs below one another."""
    lines = [f'resource "{kind}" "{name}" {{']
    values = {key: _text(value) for key, value in said.items() if isinstance(value, str)} | (references or {})
    lists = {key: value for key, value in said.items() if not isinstance(value, str)}
    width = max(map(len, [*values, *lists]))
    lines += [f"  {key:<{width}} = {value}" for key, value in values.items()]
    for key, many in lists.items():
        lines += [f"  {key:<{width}} = [", *(f"    {_text(one)}," for one in many), "  ]"]
    if condition is not None and condition.expression:
        lines += ["  condition {", f"    title      = {_text(condition.title)}"]
        lines += [f"    expression = {_text(condition.expression)}", "  }"]
    return "\n".join([*lines, "}"])


def _text(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)
