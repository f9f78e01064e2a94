"""A cloud, a provider and a folder with a Terraform configuration: what the tests of this folder work with."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from local.acting import REAL
from local.emulator.faults import Faults
from local.emulator.store import Store
from local.provider import version
from tests.providers import KIND, TERRAFORM

PROJECT, REGION = "test-project", "us-west2"
JOBS = f"/v1/projects/{PROJECT}/locations/{REGION}/jobs"
HEADER = f"""
terraform {{
  required_providers {{
    google = {{ source = "hashicorp/google", version = "{version()}" }}
  }}
}}
provider "google" {{
  project = "{PROJECT}"
  region  = "{REGION}"
}}
"""


@dataclass(kw_only=True)
class Stand:
    """A running cloud and a configuration on it."""

    folder: Path
    url: str
    faults: Faults
    store: Store
    env: dict[str, str]
    variables: dict[str, object] = field(default_factory=dict)

    def write(self, hcl: str, *, header: str = HEADER) -> None:
        """Make this the configuration."""
        (self.folder / "main.tf").write_text(header + hcl)

    def command(self, *arguments: str) -> list[str]:
        """The command line, with the variables where terraform takes them."""
        if arguments[0] not in ("plan", "apply", "destroy", "import"):
            return [TERRAFORM, *arguments]
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in self.variables.items()}
        given = [f"-var={name}={value}" for name, value in texts.items()]
        return [TERRAFORM, arguments[0], "-no-color", "-input=false", *given, *arguments[1:]]

    def terraform(self, *arguments: str, fails: bool = False) -> str:
        """Run terraform; its output, whitespace folded. `fails` expects it to fail."""
        if KIND == REAL and arguments[0] != "init" and not (self.folder / ".terraform").exists():
            self.terraform("init")
        ran = subprocess.run(self.command(*arguments), cwd=self.folder, env=self.env, capture_output=True, text=True)
        output = " ".join((ran.stdout + ran.stderr).replace("│", " ").split())
        assert (ran.returncode != 0) == fails, output
        return output

    def apply(self, *arguments: str, fails: bool = False, **variables: object) -> str:
        """Apply with these variables from now on."""
        self.variables |= variables
        return self.terraform("apply", "-auto-approve", *arguments, fails=fails)

    def destroy(self) -> None:
        """Destroy everything."""
        self.terraform("destroy", "-auto-approve")

    def plan(self, **variables: object) -> dict[str, object]:
        """The plan as `terraform show -json` has it."""
        self.variables |= variables
        self.terraform("plan", "-out=plan.bin")
        return self._shown()

    def changes(self, **variables: object) -> dict[str, str]:
        """What a plan would do, by address: `create`, `delete,create`, `update paused schedule`."""
        self.variables |= variables
        if not self._would_change("plan", "-out=plan.bin"):
            return {}
        planned: dict[str, str] = {}
        resources = self._shown().get("resource_changes", [])
        assert isinstance(resources, list)
        for resource in resources:
            change = resource["change"]
            if resource["mode"] == "managed" and change["actions"] != ["no-op"]:
                planned[resource["address"]] = _describe(change)
        return planned

    def _shown(self) -> dict[str, object]:
        shown = subprocess.run(
            [TERRAFORM, "show", "-json", "plan.bin"], cwd=self.folder, env=self.env, capture_output=True, check=True
        )
        plan = json.loads(shown.stdout)
        assert isinstance(plan, dict)
        return plan

    def _would_change(self, *arguments: str) -> bool:
        """Whether a plan has something to do: its exit code says so, which spares to show it."""
        said = self.command(*arguments, "-detailed-exitcode")
        ran = subprocess.run(said, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert ran.returncode in (0, 2), f"{ran.stdout}{ran.stderr}"
        return ran.returncode == 2

    def state(self, address: str) -> dict[str, object]:
        """The attributes of a resource in the state."""
        kept = json.loads((self.folder / "terraform.tfstate").read_text(encoding="utf-8"))
        found: dict[str, object] = next(
            one["instances"][0]["attributes"] for one in kept["resources"] if _address(one) == address
        )
        return found

    def api(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """One call to the cloud, behind Terraform's back."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            found: dict[str, object] = json.loads(reply.read() or b"{}")
        return found

    def job_states(self) -> dict[str, str]:
        """State of each job, by short name."""
        jobs = self.api("GET", f"{JOBS}?pageSize=500").get("jobs", [])
        assert isinstance(jobs, list)
        return {job["name"].rpartition("/")[2]: job["state"] for job in jobs}

    def counts(self) -> dict[str, int]:
        """Requests so far, by API method."""
        found = self.api("GET", "/_local/requests")["methods"]
        assert isinstance(found, dict)
        return found


def _address(resource: dict[str, str]) -> str:
    return ".".join(filter(None, (resource.get("module"), resource["type"], resource["name"])))


def _describe(change: dict[str, object]) -> str:
    actions = change["actions"]
    assert isinstance(actions, list)
    if actions != ["update"]:
        return ",".join(actions)
    before, after, unknown = change["before"], change["after"], change["after_unknown"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert isinstance(unknown, dict)
    changed = {name for name in before if before[name] != after.get(name)} | {name for name in unknown if unknown[name] is True}
    return " ".join(["update", *sorted(changed)])
