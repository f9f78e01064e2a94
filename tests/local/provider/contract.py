"""The contract of a type, through the real terraform: apply, empty plan, change, empty plan, import, destroy.

All contracts of a file go through it side by side, each as a module of one configuration: what a Terraform takes is its start.
"""

from __future__ import annotations

import shutil
import urllib.error
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.local.provider.stand import Stand

NAME = "NAME"  # in a link or an import id: the id that the server gave
NOT_IMPORTED = "doesn't support import"


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A resource in two versions, and what its plans are to say."""

    address: str
    first: str
    second: str
    change: str  # what the plan of the second version says
    import_ids: tuple[str, ...]
    after_import: Mapping[str, str] = field(default_factory=dict)  # what the plan says then: what the API does not know
    link: str  # where the API has it
    stays: bool = False  # whether the API still answers there after the destroy

    @property
    def type(self) -> str:
        """The type of the resource."""
        return self.address.partition(".")[0]

    def named(self, names: Sequence[str], number: int) -> Contract:
        """The same with that number behind each of these names, as a cloud has each only once."""

        def other(text: str) -> str:
            for name in names:
                text = text.replace(name, f"{name}{number}")
            return text

        ids = tuple(map(other, self.import_ids))
        return replace(self, first=other(self.first), second=other(self.second), import_ids=ids, link=other(self.link))


@dataclass(kw_only=True)
class Kept:
    """What came of a contract: what each plan said of its configuration, by address within it, and where the API had it."""

    after_apply: Mapping[str, str] = field(default_factory=dict)
    change: Mapping[str, str] = field(default_factory=dict)
    after_change: Mapping[str, str] = field(default_factory=dict)
    imports: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refusal: str = ""
    """Of an import, where there is no id for one."""
    was_there: bool = False
    is_there: bool = False


@dataclass(frozen=True, kw_only=True)
class AllKept:
    """What came of all contracts of a file, and where."""

    stand: Stand
    kept: Sequence[tuple[Contract, Kept]]

    def check(self, contract: Contract) -> None:
        """Hold the provider to a contract."""
        kept = next(kept for one, kept in self.kept if one is contract)
        assert kept.after_apply == {}, "a plan after the apply"
        assert kept.change == {contract.address: contract.change}
        assert kept.after_change == {}, "a plan after the change"
        assert [*kept.imports.values()] == [contract.after_import] * len(contract.import_ids), kept.imports
        assert (NOT_IMPORTED in kept.refusal) == (not contract.import_ids), kept.refusal
        assert kept.was_there
        assert kept.is_there == contract.stays


def keep(stand: Stand, contracts: Sequence[Contract], names: Sequence[str] = ()) -> AllKept:
    """Take all of them through it. `names` are those that more than one configuration has."""
    them = {f"c{number}": contract.named(names, number) for number, contract in enumerate(contracts)}
    kept = {module: Kept() for module in them}
    stand.write("".join(f'module "{module}" {{ source = "./{module}" }}\n' for module in them))
    _write(stand, {module: contract.first for module, contract in them.items()})
    stand.terraform("init", "-input=false")
    stand.apply()
    for module, said in _changes(stand, them).items():
        kept[module].after_apply = said

    _write(stand, {module: contract.second for module, contract in them.items()})
    for module, said in _changes(stand, them).items():
        kept[module].change = said
    stand.terraform("apply", "plan.bin")
    for module, said in _changes(stand, them).items():
        kept[module].after_change = said

    for number in range(max(len(contract.import_ids) for contract in them.values())):
        _import(stand, {module: one for module, one in them.items() if len(one.import_ids) > number}, number, kept)
    for module, contract in them.items():
        if not contract.import_ids:
            address = f"module.{module}.{contract.address}"
            stand.terraform("state", "rm", address)
            kept[module].refusal = stand.terraform("import", address, "x", fails=True)
            stand.apply()
    links = {module: one.link.replace(NAME, _id(stand, module, one)) for module, one in them.items()}
    for module, link in links.items():
        kept[module].was_there = _answers(stand, link)
    stand.destroy()
    for module, link in links.items():
        kept[module].is_there = _answers(stand, link)
    return AllKept(stand=stand, kept=[*zip(contracts, kept.values(), strict=True)])


def _write(stand: Stand, configurations: Mapping[str, str]) -> None:
    for module, hcl in configurations.items():
        folder = stand.folder / module
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "main.tf").write_text(hcl)


def _changes(stand: Stand, modules: Iterable[str]) -> dict[str, dict[str, str]]:
    """What a plan would do in each module."""
    said: dict[str, dict[str, str]] = {module: {} for module in modules}
    for whole, change in stand.changes().items():
        _, module, address = whole.split(".", 2)
        said[module][address] = change
    return said


def _import(stand: Stand, them: Mapping[str, Contract], number: int, kept: Mapping[str, Kept]) -> None:
    """By the id of that number; what a plan changes of it then is carried out."""
    ids = {module: one.import_ids[number].replace(NAME, _id(stand, module, one)) for module, one in them.items()}
    addresses = {module: f"module.{module}.{one.address}" for module, one in them.items()}
    stand.terraform("state", "rm", *addresses.values())
    blocks = stand.folder / "imports.tf"
    blocks.write_text("".join(f'import {{\n  to = {addresses[module]}\n  id = "{ids[module]}"\n}}\n' for module in them))
    said = _changes(stand, kept)
    for module in them:
        kept[module].imports[ids[module]] = said[module]
    stand.terraform("apply", "plan.bin")
    blocks.unlink()


def _id(stand: Stand, module: str, contract: Contract) -> str:
    return str(stand.state(f"module.{module}.{contract.address}")["id"])


def _answers(stand: Stand, link: str) -> bool:
    try:
        stand.api("GET", link)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 404:
                raise
        return False
    return True
