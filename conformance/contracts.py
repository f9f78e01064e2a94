"""Keeps Terraform to the contract of each type: apply, empty plan, change, empty plan, import, destroy; all types at once,
so that it takes one apply and not one a type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.check import Check
from conformance.configurations import BUILD, CALLER, CONTRACTS, FUNCTION, Contract
from conformance.terraform import Applied, Folder, TerraformError
from conformance.world import Watch, World

NO_PERMISSION = re.compile(r"(?i)permission|denied|does not have|access")
ATTEMPTS, BETWEEN_SECONDS = 6, 30
"""Of a build that finds its grants not yet in force."""
FIRST_BUILD = "first-build"


def checks() -> list[Check]:
    """A check a type, and one for each question that comes with them."""
    found = [
        Check(
            key=contract.type,
            topic="contracts",
            lane="function" if contract in (FUNCTION, CALLER) else "contracts",
            question=f"`{contract.type}`: made, changed, imported, destroyed",
            expected=_expected(contract),
            source="a run of hashicorp/google 7.45.0 on the stand-in, and what the stacks count on",
            creates={contract.type: 1},
        )
        for contract in (*CONTRACTS, FUNCTION, CALLER)
    ]
    found.append(
        Check(
            key=FIRST_BUILD,
            topic="questions",
            lane="function",
            question="Is a function built by an account that got its roles in the same apply?",
            expected="built at attempt 1",
            assumed=True,
            source="nobody says; terraform-provider-google #20571: every second time not; the provider's example waits 60 s",
            creates={"google_service_account": 2, "google_project_iam_member": 3, "google_storage_bucket": 1},
        )
    )
    return found


@dataclass(kw_only=True)
class _Course:
    """How it goes for each contract of one configuration."""

    contracts: Sequence[Contract]
    seen: dict[str, list[str]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def note(self, contract: Contract, what: str, detail: str = "") -> None:
        self.seen.setdefault(contract.type, []).append(what)
        if detail:
            self.details[contract.type] = detail

    def applied(self, done: Applied, well: str, badly: str) -> None:
        """An error is of the resource that it names; one that names none is everybody's."""
        for contract in self.contracts:
            wrong = done.errors.get(contract.address) or ("" if done.is_done else done.errors.get("", ""))
            self.note(contract, badly if wrong else well, wrong)

    def planned(self, changes: Mapping[str, str], otherwise: str = "empty plan") -> None:
        for contract in self.contracts:
            self.note(contract, changes.get(contract.address) or otherwise)


def keep(world: World) -> None:
    """The types that are made in seconds."""
    _keep(world, world.terraform("contracts"), CONTRACTS)


def keep_function(world: World) -> None:
    """The function and who may call it; and how often it was tried to build it."""
    folder = world.terraform("function")
    source = next((world.stacks.parent).glob("coordinator-*.zip")).resolve()
    around = world.filled(BUILD).replace("<source>", str(source))
    _keep(world, folder, (FUNCTION, CALLER), around=around)


def _keep(world: World, folder: Folder, contracts: Sequence[Contract], around: str = "") -> None:
    watch, course = Watch(), _Course(contracts=contracts)
    try:
        _go_through(world, folder, course, around)
    except TerraformError as error:
        for contract in contracts:
            course.note(contract, "Terraform failed", str(error))
    for contract in contracts:
        world.answer(
            contract.type,
            ", ".join(course.seen[contract.type]),
            seconds=watch.seconds,
            detail=course.details.get(contract.type, ""),
        )


def _go_through(world: World, folder: Folder, course: _Course, around: str) -> None:
    contracts = course.contracts
    first, second = (around + world.filled("".join(one.hcl(version) for one in contracts)) for version in (0, 1))
    folder.write(first)
    folder.init()
    course.applied(_built(world, folder) if around else folder.apply(), "made", "NOT MADE")
    course.planned(folder.changes())
    folder.write(second)
    course.planned(folder.changes())
    course.applied(folder.apply(), "changed", "NOT CHANGED")
    course.planned(folder.changes())
    ids = folder.ids()
    imported = {
        one.address: world.filled(one.import_id).replace("<id>", ids[one.address])
        for one in contracts
        if one.import_id and one.address in ids
    }
    folder.forget(list(imported))
    folder.write(second, imports=imported)
    planned = folder.changes()
    for contract in contracts:
        course.note(
            contract, f"import: {planned.get(contract.address) or 'no change'}" if contract.import_id else "no importer"
        )
    done = folder.apply()
    course.applied(done, "imported", "NOT IMPORTED")
    course.planned(folder.changes())
    folder.write(second)
    course.applied(folder.destroy(), "destroyed", "NOT DESTROYED")


def _built(world: World, folder: Folder) -> Applied:
    """The first apply, again while the build's grants are not in force: how many it took is an answer."""
    watch = Watch()
    for attempt in range(1, ATTEMPTS + 1):
        done = folder.apply()
        wrong = done.errors.get(FUNCTION.address, "")
        if not wrong or not NO_PERMISSION.search(wrong) or attempt == ATTEMPTS:
            break
        world.cloud.pass_time(BETWEEN_SECONDS)
    seen = f"built at attempt {attempt}" if not wrong else f"not built in {attempt} attempts"
    world.answer(FIRST_BUILD, seen, seconds=watch.seconds, detail=wrong)
    return done


def _expected(contract: Contract) -> str:
    imported = f"import: {contract.imported or 'no change'}" if contract.import_id else "no importer"
    steps = ["made", "empty plan", contract.change, "changed", "empty plan", imported, "imported", "empty plan", "destroyed"]
    return ", ".join(steps)
