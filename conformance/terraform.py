"""Terraform in a folder of the suite's own, and what it plans and does, address by address."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.cloud import JsonObject
from conformance.stop import Ran, Stop
from interlock.terminal.machine import terraform_binary

SETTINGS = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
ELSEWHERE = ("TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_ARGS")
NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode


class TerraformError(Exception):
    """Terraform did not even plan: what it said."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """An apply: whether it went through, and what was wrong by address; under "" what names none."""

    is_done: bool
    errors: Mapping[str, str]


class Folder:
    """A configuration and its state. `header` is the terraform and provider blocks, as JSON."""

    def __init__(self, path: Path, stop: Stop, *, header: JsonObject) -> None:
        self.path = path
        self._stop = stop
        path.mkdir(parents=True, exist_ok=True)
        (path / "header.tf.json").write_text(json.dumps(header), encoding="utf-8")

    def write(self, hcl: str, *, imports: Mapping[str, str] | None = None) -> None:
        """Make this the configuration, with import blocks by address."""
        blocks = [f'import {{\n  to = {address}\n  id = "{known}"\n}}\n' for address, known in (imports or {}).items()]
        (self.path / "main.tf").write_text(hcl + "".join(blocks), encoding="utf-8")

    def init(self) -> None:
        """Install the provider. TerraformError."""
        done = self._run("init", "-input=false", "-no-color")
        if done.code != 0:
            raise TerraformError(_folded(done.err or done.out))

    def apply(self) -> Applied:
        """Plan and apply."""
        done = self._run("apply", "-auto-approve", "-input=false", "-json")
        return Applied(is_done=done.code == 0, errors=dict(_errors(done.out)))

    def destroy(self) -> Applied:
        """Destroy all of it."""
        done = self._run("destroy", "-auto-approve", "-input=false", "-json")
        return Applied(is_done=done.code == 0, errors=dict(_errors(done.out)))

    def changes(self) -> dict[str, str]:
        """What a plan would do, by address: `create`, `replace`, `update schedule`; of what is imported too. TerraformError."""
        done = self._run("plan", "-input=false", "-json", "-out=plan.bin")
        if done.code != 0:
            raise TerraformError("; ".join(text for _, text in _errors(done.out)) or _folded(done.err))
        plan = self._json("show", "-json", "plan.bin")
        found = {}
        for resource in plan.get("resource_changes", []):
            if resource["mode"] == "managed" and (what := phrase(resource["change"])):
                found[resource["address"]] = what
        return found

    def ids(self) -> dict[str, str]:
        """The id of each resource in the state, by address."""
        root = (self._json("show", "-json").get("values") or {}).get("root_module") or {}
        return {
            one["address"]: str(one["values"].get("id", "")) for one in root.get("resources", []) if one["mode"] == "managed"
        }

    def forget(self, addresses: Sequence[str]) -> None:
        """Take resources out of the state. TerraformError."""
        done = self._run("state", "rm", *addresses)
        if done.code != 0:
            raise TerraformError(_folded(done.err))

    def versions(self) -> dict[str, str]:
        """The versions of Terraform ("terraform") and of each provider, as `terraform version` says them."""
        found = self._json("version", "-json")
        providers = {name.rpartition("/")[2]: version for name, version in found.get("provider_selections", {}).items()}
        return {"terraform": str(found.get("terraform_version", "")), **providers}

    def _json(self, *words: str) -> JsonObject:
        done = self._run(*words)
        if done.code != 0:
            raise TerraformError(_folded(done.err))
        found = json.loads(done.out)
        return found if isinstance(found, dict) else {}

    def _run(self, *words: str) -> Ran:
        return self._stop.run([terraform_binary(), *words], cwd=self.path, environ=environ())


def environ() -> dict[str, str]:
    """Terraform's environment: ours, without what would lead it to another state."""
    return {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)} | SETTINGS


def phrase(change: JsonObject) -> str:
    """What a plan does to a resource, in words; nothing for nothing."""
    actions = change["actions"]
    if actions == ["no-op"]:
        return ""
    if actions != ["update"]:
        return "replace" if len(actions) == 2 else str(actions[0])
    before, after, unknown = change["before"] or {}, change["after"] or {}, change.get("after_unknown") or {}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    changed |= {name for name, value in unknown.items() if value is True}
    return " ".join(["update", *sorted(changed)])


def _errors(lines: str) -> Iterator[tuple[str, str]]:
    """(address, message) of each error in `-json` output."""
    for line in lines.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("@level") == "error" and isinstance(diagnostic := said.get("diagnostic"), dict):
            detail = diagnostic.get("detail") or ""
            yield str(diagnostic.get("address", "")), _folded(f"{diagnostic.get('summary', '')} {detail}")


def _folded(text: str) -> str:
    return " ".join(text.split())[:600]
