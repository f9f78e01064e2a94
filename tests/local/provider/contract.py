"""The contract of a type, through the real terraform: apply, empty plan, change, empty plan, import, destroy."""

from __future__ import annotations

import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.local.provider.stand import Stand

NAME = "NAME"  # in a link or an import id: the id that the server gave


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


def keep(stand: Stand, contract: Contract) -> None:
    """Hold the provider to the contract."""
    stand.write(contract.first)
    stand.apply()
    stand.rests("after the apply")

    stand.write(contract.second)
    assert stand.changes() == {contract.address: contract.change}
    stand.terraform("apply", "plan.bin")
    stand.rests("after the change")

    name = str(stand.state(contract.address)["id"])
    for import_id in (form.replace(NAME, name) for form in contract.import_ids):
        stand.terraform("state", "rm", contract.address)
        stand.terraform("import", contract.address, import_id)
        if contract.after_import:
            assert stand.changes() == contract.after_import, import_id
        else:
            stand.rests(f"after an import of {import_id}")
    if not contract.import_ids:
        stand.terraform("state", "rm", contract.address)
        assert "doesn't support import" in stand.terraform("import", contract.address, "x", fails=True)
    stand.apply()
    link = contract.link.replace(NAME, name)
    assert stand.api("GET", link)

    stand.destroy()
    if not contract.stays:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            stand.api("GET", link)
