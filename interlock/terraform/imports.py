"""Import blocks for what a stack declares, its state does not know, and is there already; and `removed` blocks for what its
state knows and another stack has by now. So a job moves from one stack to another, and nothing is done to it. Pure.

Terraform has no "import if it exists" (https://github.com/hashicorp/terraform/issues/33633): a block for what is not there, or
not declared, fails the whole plan. So the blocks are never part of a stack: they are worked out anew for each plan, in a file
of their own, as checkov does not read a stack whose JSON has them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from interlock.catalog import Json
from interlock.terraform.job_changes import FLAGS, JOB
from interlock.terraform.state import Known

FILE = "imports.tf"
"""Beside the stack's JSON."""
ACCOUNT = "google_service_account"
ACCOUNTS = "iam.gserviceaccount.com"
INVOKER = f"{ACCOUNT}.invoker"
"""The account as which jobs call services. It may have been there before us, and others may use it."""


@dataclass(frozen=True, kw_only=True, order=True)
class Declared:
    """A resource that a stack declares, of a type that can be taken over: its address, and its id once it is there."""

    address: str
    id: str

    @property
    def region(self) -> str:
        """Of a job, where it is; empty for an account, which is nowhere."""
        parts = self.id.split("/")
        return parts[3] if parts[2] == "locations" else ""

    @property
    def block(self) -> str:
        """The import block."""
        return f"import {{\n  to = {self.address}\n  id = {json.dumps(self.id)}\n}}\n"


def declared(stack: Json, project: str) -> list[Declared]:
    """The jobs of a synthesized stack, and the account that calls for them, by address."""
    resources = stack.get("resource") if isinstance(stack, dict) else None
    found = resources if isinstance(resources, dict) else {}
    jobs = (
        Declared(address=address, id=f"projects/{project}/locations/{one.get('region')}/jobs/{one.get('name')}")
        for address, one in _of_type(found, JOB)
    )
    accounts = (
        Declared(
            address=address, id=f"projects/{project}/serviceAccounts/{one.get('account_id')}@{project}.iam.gserviceaccount.com"
        )
        for address, one in _of_type(found, ACCOUNT)
        if address == INVOKER
    )
    return sorted([*jobs, *accounts])


def leaves_pauses(stack: Json) -> bool:
    """Whether a synthesized stack has a job of which Terraform leaves `paused` as it is found. What the state says of that need
    not be what is there, though a plan is empty."""
    resources = stack.get("resource") if isinstance(stack, dict) else None
    lifecycles = (one.get("lifecycle") for _, one in _of_type(resources if isinstance(resources, dict) else {}, JOB))
    ignored = (one.get("ignore_changes") for one in lifecycles if isinstance(one, dict))
    return any(isinstance(names, list) and "paused" in names for names in ignored)


def project_of(stack: Json) -> str:
    """The project in which a synthesized stack is; empty for one that does not say it."""
    provider = stack.get("provider") if isinstance(stack, dict) else None
    several = provider.get("google") if isinstance(provider, dict) else None
    first = several[0] if isinstance(several, list) and several else several
    return str(first.get("project", "")) if isinstance(first, dict) else ""


def unknown(wanted: Iterable[Declared], state: Known) -> list[Declared]:
    """Those that a state does not know. What it knows by another address is none of them: with that address gone from the
    stack, Terraform would delete the very thing that it imports."""
    return [one for one in wanted if one.address not in state.addresses and one.id not in state.ids]


def moved(stack: Json, state: Known, elsewhere: Collection[str]) -> list[str]:
    """The addresses of jobs that a state knows, its stack does not declare, and another one does, by their ids. Of a stack that
    is no more the flags, too: whoever has their backfills by now writes them."""
    resources = stack.get("resource") if isinstance(stack, dict) else None
    found = resources if isinstance(resources, dict) else {}
    own = {address for kind in (JOB, FLAGS.partition(".")[0]) for address, _ in _of_type(found, kind)}
    jobs = [address for address, id_ in state.jobs.items() if address not in own and id_ in elsewhere]
    return sorted([*jobs, *({FLAGS} & state.addresses - own)])


def imports_text(found: Iterable[Declared], let_go: Iterable[str] = ()) -> str:
    """The file, of what is to be taken over and what is to be let go; empty where nothing is."""
    removed = (f"removed {{\n  from = {address}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n" for address in let_go)
    return "\n".join([*(one.block for one in sorted(found)), *removed])


def _of_type(resources: Mapping[str, Json], kind: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    named = resources.get(kind)
    for name, one in (named if isinstance(named, dict) else {}).items():
        if isinstance(one, dict):
            yield f"{kind}.{name}", one
