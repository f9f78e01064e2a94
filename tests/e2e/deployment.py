"""The stacks on a local Google Cloud of one test: what is planned and applied, and what the cloud says afterwards.

The cloud is asked through Google's own clients, never through Terraform's state or the code that is tested.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1
from google.cloud.storage import Bucket, Client

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.pasted import LOCAL
from interlock.reading.entries import SourceFile
from interlock.reading.files import load_catalog, load_environment
from interlock.reading.resolve import resolve_catalog
from interlock.terminal import synthesized
from interlock.terminal.cdktf import forget_leftovers
from local.emulator.attempts import JOBS
from local.emulator.faults import Faults
from local.emulator.store import Store
from tests import forked, synths
from tests.providers import TERRAFORM, leading
from tests.shop import CATALOG as SHOP

ROOT = Path(__file__).parents[2]
STACKS = ("coordination", "schedules", "alerting")
NO_CHANGES, FAILED, CHANGES = 0, 1, 2  # terraform plan -detailed-exitcode
FAR = timedelta(hours=48)
READS = (".get", ".list", ".getIamPolicy", ".testIamPermissions")
REPOSITORY = ("main.py", "cdktf.json", "environments", "imports", "node_modules")
"""What the commands need in the folder where they run; linked into the folder of a test, which gets a catalog and a
cdktf.out of its own."""

Json = dict[str, Any]


@cache
def local_environment() -> Environment:
    """The environment of the local target."""
    return load_environment(ROOT / "environments", "local")


def parsed(text: str) -> Catalog:
    """The catalog of one platform, from its YAML."""
    return resolve_catalog([SourceFile(name="catalog/small/small.yaml", platform="small", text=text)])


def synthesize(catalog: Catalog, output: Path) -> None:
    """The stacks of a catalog for the local target."""
    synths.synthesize(catalog, local_environment(), output)


def synthesize_as_commands_do(root: Path, folder: Path, environ: Mapping[str, str]) -> None:
    """The same of the catalog in `root`, for the commands that run in `folder` with these variables."""
    with chdir(folder):
        asked, catalog = synthesized.inputs(root, LOCAL, environ), load_catalog(root)
    output = folder / "cdktf.out" / LOCAL
    forget_leftovers(output)
    synthesize(catalog, output)
    synthesized.stamp(output, asked)


def link_repository(folder: Path, catalog: Path = SHOP) -> Path:
    """Make `folder` one in which the commands run as in a repository with this catalog."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in REPOSITORY:
        (folder / name).symlink_to(ROOT / name)
    (folder / "catalog").symlink_to(catalog)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def instant(later: timedelta) -> str:
    """The instant so much later than now, as ends are written."""
    return (datetime.now(UTC) + later).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: int
    raw: str

    @cached_property
    def text(self) -> str:
        """What it said, whitespace folded, as line breaks move with the width."""
        return " ".join(self.raw.replace("│", " ").split())

    def succeeded(self) -> Done:
        """Itself, or a failure of the test with what it said."""
        assert self.code == 0, self.raw
        return self

    def refused(self) -> Done:
        """Itself when it failed as programs do that say why: no success, no signal and no stack trace."""
        assert self.code in (1, 2), self.raw
        assert "Traceback" not in self.raw
        return self


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a plan would do: a phrase for each address that changes, and for each output. `shown` is all that Terraform says."""

    changes: Mapping[str, str]
    outputs: Mapping[str, Any]
    text: str
    shown: str

    @property
    def jobs(self) -> dict[str, str]:
        """The changes of jobs, by name: `pause`, `resume`, `create`, `update schedule`, `import`."""
        prefix = "google_cloud_scheduler_job."
        return {name.removeprefix(prefix): what for name, what in self.changes.items() if name.startswith(prefix)}

    @property
    def others(self) -> dict[str, str]:
        """The changes of everything else, by address."""
        return {name: what for name, what in self.changes.items() if not name.startswith("google_cloud_scheduler_job.")}


@dataclass(kw_only=True)
class Deployment:
    """The folder where the commands run, and the cloud that they act on."""

    folder: Path
    url: str
    faults: Faults
    environ: dict[str, str]
    store: Store
    """What the cloud knows: where to look, never what is found there."""

    def stack(self, name: str) -> Path:
        """The synthesized folder of a stack."""
        return self.folder / "cdktf.out" / "local" / "stacks" / name

    def run(self, *words: str, **environ: str) -> Done:
        """Run a command in the folder, with more in its environment."""
        return finish(start(words, self.folder, self.environ | environ))

    def interlock(self, *words: str, **environ: str) -> Done:
        """Run the `interlock` command line."""
        return done(*forked.interlock(words, self.folder, self.environ | environ))

    def terraform(self, stack: str, *words: str) -> Done:
        """Run terraform in the folder of a stack."""
        return finish(self.start_terraform(stack, *words))

    def start_terraform(self, stack: str, *words: str) -> subprocess.Popen[str]:
        """Start it only."""
        return start((TERRAFORM, *words), self.stack(stack), self.environ)

    def apply(self, stack: str = "schedules", /, **variables: object) -> Done:
        """Plan and apply a stack with these variables."""
        return self.terraform(stack, "apply", "-auto-approve", "-input=false", "-no-color", *words_of(variables))

    def deploy(self, **variables: object) -> None:
        """Apply the schedules, and fail the test unless that works and the next plan is empty."""
        self.apply(**variables).succeeded()
        assert self.plan().changes == {}

    def deploy_planned(self) -> None:
        """The same of the plan of the schedules that was made last."""
        self.terraform("schedules", "apply", "-input=false", "-no-color", "plan.bin").succeeded()
        assert self.plan().changes == {}

    def plan(self, stack: str = "schedules", /, *, refresh: bool = True, read_empty: bool = False, **variables: object) -> Plan:
        """What a plan with these variables would do; it is left in the stack's folder as `plan.bin`. One that does nothing, as
        Terraform's exit code says, is not read further unless `read_empty`: then it has its outputs, and all that is shown."""
        done = self.try_plan(stack, refresh=refresh, **variables)
        assert done.code in (NO_CHANGES, CHANGES), done.raw
        if done.code == NO_CHANGES and not read_empty:
            return Plan(changes={}, outputs={}, text=done.text, shown="")
        raw = self.terraform(stack, "show", "-json", "plan.bin").succeeded().raw
        shown = json.loads(raw)
        changes = {
            change["address"]: _phrase(change["change"])
            for change in shown.get("resource_changes", [])
            if change["mode"] == "managed" and (change["change"]["actions"] != ["no-op"] or "importing" in change["change"])
        }
        changes |= {
            f"output.{name}": "changes"
            for name, change in shown.get("output_changes", {}).items()
            if change["actions"] != ["no-op"]
        }
        outputs = {name: output.get("value") for name, output in shown["planned_values"].get("outputs", {}).items()}
        assert (done.code == CHANGES) == bool(changes), done.raw
        changes.pop("output.backfills_on", None)
        return Plan(changes=changes, outputs=outputs, text=done.text, shown=raw)

    def try_plan(self, stack: str = "schedules", /, *, refresh: bool = True, **variables: object) -> Done:
        """A plan that may be refused."""
        asked = [f"-refresh={json.dumps(refresh)}", *words_of(variables)]
        words = ("-input=false", "-no-color", "-detailed-exitcode", "-out=plan.bin", *asked)
        return self.terraform(stack, "plan", *words)

    def jobs(self) -> dict[str, scheduler_v1.Job]:
        """Every job of the cloud but Interlock's own timers by its short name, from google-cloud-scheduler."""
        client = self.scheduler()
        project = f"projects/{local_environment().project}"
        with self.store.transaction():  # to ask each of thirty regions takes a tenth of a second, each time
            regions = sorted({name.split("/")[3] for name, _ in self.store.under(JOBS, "")})
        return {
            job.name.rpartition("/")[2]: job
            for region in regions
            for job in client.list_jobs(parent=f"{project}/locations/{region}")
            if "/jobs/interlock-" not in job.name
        }

    def scheduler(self) -> scheduler_v1.CloudSchedulerClient:
        return scheduler_v1.CloudSchedulerClient(
            transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": self.url}
        )

    def retarget(self, name: str, *, uri: str = "", account: str = "") -> None:
        """Give a job another URL or account behind Terraform's back."""
        job = self.jobs()[name]
        job.http_target.uri = uri or job.http_target.uri
        job.http_target.oidc_token.service_account_email = account or job.http_target.oidc_token.service_account_email
        self.scheduler().update_job(job=job, update_mask={"paths": ["http_target"]})

    def paused(self) -> set[str]:
        """The names of the jobs that are paused."""
        return {name for name, job in self.jobs().items() if job.state == scheduler_v1.Job.State.PAUSED}

    def bucket(self) -> Bucket:
        """The bucket of the flags and holds."""
        return self.storage().bucket(local_environment().bucket)

    def storage(self) -> Client:
        """google-cloud-storage."""
        options = {"api_endpoint": self.url}
        return Client(project=local_environment().project, credentials=AnonymousCredentials(), client_options=options)

    def objects(self) -> list[str]:
        """The names of the objects in it, but for what a deploy of the coordinator and the catalog leaves there."""
        names = (blob.name for blob in self.storage().list_blobs(self.bucket()))
        return sorted(name for name in names if not name.startswith(("coordinator/", "declaration/")))

    def flags(self) -> dict[str, str]:
        """The backfills that are on, each with its end."""
        names = [name.removeprefix("backfills/").removesuffix(".json").split("@") for name in self.objects()]
        return {name[0]: name[1] for name in names if len(name) == 2}

    def content(self, name: str) -> Json:
        """What an object says."""
        found = json.loads(self.bucket().blob(name).download_as_bytes())
        assert isinstance(found, dict)
        return found

    def put(self, name: str, content: str = "{}") -> None:
        """Write an object by hand."""
        self.bucket().blob(name).upload_from_string(content, content_type="application/json")

    def remove(self, name: str) -> None:
        """Delete an object by hand."""
        self.bucket().blob(name).delete()

    def job(self, name: str, verb: str) -> None:
        """:pause or :resume a job behind Terraform's back."""
        self.api("POST", f"/v1/{self.jobs()[name].name}:{verb}")

    def api(self, method: str, path: str, body: Json | None = None) -> Json:
        """One plain call, as the owner of the project."""
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, method=method, data=data)  # noqa: S310
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            found = json.loads(reply.read() or b"{}")
        assert isinstance(found, dict)
        return found

    def writes(self) -> dict[str, int]:
        """Changes of jobs and objects so far, by API method; Terraform's own state and lock are not told apart."""
        counts: dict[str, int] = self.api("GET", "/_local/requests")["methods"]
        return {name: count for name, count in counts.items() if not name.endswith(READS)}

    def merge(self, catalog: Catalog) -> None:
        """A colleague's merge: the stacks are synthesized from another catalog, and not yet deployed."""
        synthesize(catalog, self.folder / "cdktf.out" / "local")

    def synthesize(self, root: Path) -> None:
        """What the next command that acts on the catalog in `root` would synthesize, which it then takes for its own."""
        synthesize_as_commands_do(root, self.folder, self.environ)


def start(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command; what it says goes to one pipe."""
    return subprocess.Popen(
        words,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Done:
    """Wait for a command's end."""
    said, _ = process.communicate()
    return done(process.returncode, said)


def done(code: int, said: str) -> Done:
    """A command that has ended with this code, and has said this."""
    return Done(code=code, raw=said)


def clean_environ() -> dict[str, str]:
    """This process' environment with the provider of the tests, and without what would lead a command elsewhere, or have it
    synthesize once more because stacks/cdk.py was imported here meanwhile."""
    foreign = ("TF_", "CDKTF_", "GOOGLE_", "CLOUDSDK_", "INTERLOCK_", "STORAGE_", "JSII_SILENCE_", "NODE_NO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | leading()


def words_of(variables: Mapping[str, object]) -> list[str]:
    """Variables as terraform's command line takes them; a list is a set of names."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    return [f"-var={name}={value}" for name, value in texts.items()]


def _phrase(change: Json) -> str:
    actions = ", ".join(change["actions"])
    if actions == "no-op":
        return "import"
    if actions != "update":
        return actions
    before, after = change["before"], change["after"]
    unknown = {name for name, value in change["after_unknown"].items() if value is True}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)} | unknown
    if changed == {"paused"}:
        return "pause" if after["paused"] else "resume"
    return " ".join(["update", *sorted(changed)])
