"""What every check has at hand: the cloud, the run's prefix, a folder, and where answers go."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.check import Answer, Check
from conformance.cloud import Cloud, JsonObject
from conformance.stop import Ran
from conformance.terraform import Folder

if TYPE_CHECKING:
    from conformance.ours import Marker

INTERLOCK = Path(sys.executable).with_name("interlock")
LINKED = ("main.py", "cdktf.json", "imports", "node_modules")
REPOSITORY = Path(__file__).parents[1]
ADDRESS = re.compile(r"[\w.+%-]+@(?![\w.<>-]*gserviceaccount\.com)[\w-]+(\.[\w-]+)+")
"""Of a person or a group; accounts are of the project, whose name is left out."""


@dataclass(kw_only=True)
class World:
    """One run. `tell` hears of each answer as it comes."""

    cloud: Cloud
    run: str
    folder: Path
    checks: Mapping[str, Check]
    tell: Callable[[Answer], None]
    answers: dict[str, Answer] = field(default_factory=dict)
    mark: Marker | None = None

    @property
    def prefix(self) -> str:
        """Of everything that the suite makes by itself."""
        return f"ilc-{self.run}"

    @property
    def dataset(self) -> str:
        """Of the tables in the suite's catalog."""
        return f"ilc_{self.run}_data"

    @property
    def work(self) -> Path:
        """Where the commands run, as in a repository."""
        return self.folder / "work"

    @property
    def stacks(self) -> Path:
        """The synthesized stacks."""
        return self.work / "cdktf.out" / self.cloud.environment.name / "stacks"

    def prepare(self, environments: Path) -> None:
        """Make the folder one in which the commands run, with the suite's own catalog."""
        self.work.mkdir(parents=True)
        for name in LINKED:
            (self.work / name).symlink_to(REPOSITORY / name)
        (self.work / "environments").symlink_to(environments.resolve())
        (self.work / ".venv").symlink_to(sys.prefix)
        catalog = self.work / "catalog" / "conformance"
        catalog.mkdir(parents=True)
        text = (Path(__file__).parent / "catalog.yaml").read_text(encoding="utf-8")
        (catalog / "conformance.yaml").write_text(self.filled(text), encoding="utf-8")

    def filled(self, text: str) -> str:
        """A text with the run's names in it."""
        environment = self.cloud.environment
        known = {
            "<p>": self.prefix,
            "<p_>": self.prefix.replace("-", "_"),
            "<project>": environment.project,
            "<region>": environment.coordinator.region,
            "<LOCATION>": environment.location.upper(),
            "<dataset>": self.dataset,
        }
        for name, value in known.items():
            text = text.replace(name, value)
        return text

    def terraform(self, name: str) -> Folder:
        """A folder for a configuration, with the provider as the stacks have it: its version and its settings."""
        stack = json.loads(next(self.stacks.glob("*/cdk.tf.json")).read_text(encoding="utf-8"))
        header = {"terraform": {"required_providers": stack["terraform"]["required_providers"]}, "provider": stack["provider"]}
        return Folder(self.folder / name, self.cloud.stop, header=header)

    def apis(self) -> list[str]:
        """The APIs that the stacks turn on, and those that the suite asks beside them."""
        stack = json.loads((self.stacks / "coordination" / "cdk.tf.json").read_text(encoding="utf-8"))
        names = {
            str(one) for each in stack["resource"]["google_project_service"].values() for one in _literals(each["for_each"])
        }
        return sorted(names | (set() if self.cloud.local else {"bigquery", "iamcredentials"}))

    def interlock(self, *words: str) -> Ran:
        """Run the `interlock` command line in the work folder."""
        environment = self.cloud.environment.name
        environ = {**os.environ, "INTERLOCK_ENV": environment, "COLUMNS": "200", "CI": "1"}
        environ.pop("INTERLOCK_CATALOG", None)
        return self.cloud.stop.run([str(INTERLOCK), *words], cwd=self.work, environ=environ)

    def answer(self, key: str, seen: str, *, seconds: float = 0.0, detail: str = "") -> None:
        """What was seen of a check."""
        found = Answer(check=self.checks[key], seen=self.shown(seen), seconds=seconds, detail=self.shown(detail))
        self.answers[key] = found
        self.tell(found)

    def shown(self, text: str) -> str:
        """A text without what tells who ran it and where: names of the run, the project and its buckets, and addresses."""
        environment = self.cloud.environment
        for known, instead in (
            (self.prefix, "<p>"),
            (self.dataset, "<dataset>"),
            (environment.state_bucket, "<state bucket>"),
            (environment.bucket, "<bucket>"),
            (environment.project, "<project>"),
            (environment.project_number, "<number>"),
        ):
            text = text.replace(known, instead)
        return ADDRESS.sub("<somebody>", text)

    def jobs(self) -> dict[str, JsonObject]:
        """The jobs of the suite's catalog, by name."""
        path = f"v1/projects/{self.cloud.project}/locations/{self.cloud.region}/jobs"
        found = {str(job["name"]).rpartition("/")[2]: job for job in self.cloud.pages("cloudscheduler", path, "jobs")}
        return {name: job for name, job in found.items() if name.startswith("conformance-")}

    def paused(self) -> list[str]:
        """Those that are paused, sorted."""
        return sorted(name for name, job in self.jobs().items() if job.get("state") == "PAUSED")

    def objects(self, prefix: str) -> list[str]:
        """The names of objects in the coordination bucket."""
        path = f"storage/v1/b/{self.cloud.environment.bucket}/o"
        return sorted(str(one["name"]) for one in self.cloud.pages("storage", path, "items", {"prefix": prefix}))


class Watch:
    """How long something took, in seconds of this machine."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.monotonic() - self._began


def _literals(expression: str) -> list[str]:
    """The texts in `${toset(["a", "b"])}`."""
    found = json.loads(expression[expression.index("[") : expression.rindex("]") + 1])
    return [str(one) for one in found]
