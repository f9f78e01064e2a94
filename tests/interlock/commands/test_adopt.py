"""`interlock adopt` against the emulator: jobs that somebody else made, adopted, checked, and adopted again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from interlock.commands import adopt as adopting
from interlock.commands import validate
from interlock.gcp.adoption import live_jobs
from interlock.reading.files import load_catalog, load_environment
from interlock.reading.fit import check_fit
from local.emulator import serve
from tests.golden import golden
from tests.interlock.adoption.real_shapes import PROJECT, SECRET, Shape, created
from tests.interlock.commands.conftest import Run
from tests.local.plain import Rest

TODAY = date(2026, 11, 29)
ROOT = Path(__file__).parents[3]
RUN = "https://web-100000000000.us-west2.run.invalid"
TOKEN = {"serviceAccountEmail": f"scheduler-invoker@{PROJECT}.iam.gserviceaccount.com", "audience": RUN}


@dataclass(frozen=True)
class Project:
    """A project of somebody, and the command in a folder for its catalog."""

    rest: Rest
    root: Path
    run: Run = field(repr=False)

    def make(self, *shapes: Shape) -> None:
        """Jobs as others make them."""
        for shape in shapes:
            parent = f"/v1/projects/{PROJECT}/locations/{shape.region}/jobs"
            assert self.rest("POST", parent, shape.resource()).status == 200, shape.name
            if shape.paused:
                assert self.rest("POST", f"{parent}/{shape.name}:pause", {}).status == 200

    def adopt(self, *words: str, **env: str) -> Any:
        """`interlock adopt`."""
        return self.run("adopt", "--platform", "mine", *words, INTERLOCK_LOCAL_URL=self.rest.url, **env)

    def __call__(self, *words: str, **env: str) -> Any:
        """Another command."""
        return self.run(*words, INTERLOCK_LOCAL_URL=self.rest.url, **env)

    def fails(self, *faults: str) -> None:
        """What goes wrong from now on."""
        assert self.rest("POST", "/_local/faults", {"faults": [*faults]}).status == 200

    @property
    def folder(self) -> Path:
        """Of the platform."""
        return self.root / "mine"

    @property
    def texts(self) -> str:
        """All that was written."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.root.rglob("*")) if path.is_file())

    def report(self) -> Any:
        """The report for programs."""
        return json.loads((self.folder / "adoption.json").read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path: Path, run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project without a catalog."""
    shutil.rmtree(root)
    for module in (adopting, validate):
        monkeypatch.setattr(module, "_today", lambda: TODAY)
    with serve(tmp_path / "state") as running:
        yield Project(rest=Rest(running.url), root=root, run=run)


def job(name: str, path: str = "/x", schedule: str = "15 * * * *", **more: Any) -> Shape:
    """A job as it should be."""
    place = {key: more.pop(key) for key in ("region", "paused") if key in more}
    target = {"uri": f"{RUN}{path}", "httpMethod": "POST", "oidcToken": TOKEN, **more}
    body = {"schedule": schedule, "timeZone": "Etc/UTC", "description": f"Runs {name}", "httpTarget": target}
    return Shape(name=name, body=body, **{"region": "us-west2", **place})


SMALL = (
    *(job(f"fetch-{number}", f"/fetch?n={number}", f"{15 + number} * * * *") for number in range(12)),
    job("night", "/night", "45 3 * * *", paused=True),
    job("Odds_V2", "/odds", "45 4 * * *", headers={"Content-Type": "application/json"}, body="e30="),
    job("twin-a", "/twin", "45 5 * * *"),
    job("twin-b", "/twin", "45 5 * * *"),
    job("keyed", "/keyed", "45 6 * * *", headers={"X-Api-Key": SECRET}),
    Shape(
        name="far",
        region="europe-west1",
        body={"schedule": "every 5 minutes", "timeZone": "UTC", "pubsubTarget": {"topicName": "projects/far-away/topics/ticks"}}
        | {"pubsubTarget": {"topicName": "projects/far-away/topics/ticks", "data": "e30="}},
    ),
)


@pytest.mark.golden
def test_a_small_platform(project: Project) -> None:
    project.make(*SMALL)
    done = project.adopt(COLUMNS="80")
    assert done.returncode == 1, "a secret was found"
    golden("commands/adopt.txt", done.stdout.replace(str(project.root), "catalog"))
    names = [path.name for path in sorted(project.folder.iterdir())]
    texts = (
        f"==> {name} <==\n{(project.folder / name).read_text(encoding='utf-8')}" for name in names if name != "adoption.json"
    )
    golden("commands/adopt-folder.txt", "\n".join(texts).replace(str(project.root), "catalog"))


def test_every_shape_is_adopted_and_breaks_no_rule_that_the_baseline_does_not_accept(project: Project) -> None:
    project.make(*created())
    done = project.adopt()
    assert done.returncode == 1, "some of them hold secrets"
    report = project.report()
    assert len(report["adopted"]) == len([*created()])
    assert (report["cant_say"], report["unseen"], report["problems"]) == ([], [], [])
    assert SECRET not in project.texts + done.stdout + done.stderr
    found = json.loads(project("validate", "--format", "json").stdout)["findings"]
    withheld = {one["job"].partition("/")[2] for one in report["secrets"]}
    assert {(one["rule"], one["subject"].removeprefix("jobs.")) for one in found} == {("secret", name) for name in withheld}


def test_the_second_time_nothing_is_new_and_then_only_what_is(project: Project) -> None:
    project.make(*SMALL)
    project.adopt()
    before = project.texts
    again = project.adopt()
    assert (again.returncode, project.texts) == (0, before)
    assert "Nothing is new: the catalog has all 18 jobs already, or leaves them outside" in again.stdout
    project.make(job("late", "/late"), job("night", region="us-east1"))
    more = project.adopt()
    assert more.returncode == 0, more.stdout
    added = (project.folder / "adopted-2026-11-29.yaml").read_text(encoding="utf-8")
    assert "  late:\n" in added
    assert "  night-us-east1:\n    name: night\n" in added
    assert "services:" in added, "from us-east1 the pattern says another URL"
    assert before.count("until: 2027-02-27") < project.texts.count("until: 2027-02-27"), "new findings, accepted"
    assert [one["rule"] for one in json.loads(project("validate", "--format", "json").stdout)["findings"]] == ["secret"]


def test_the_snippet_makes_the_environment_fit(project: Project, tmp_path: Path) -> None:
    project.make(*created())
    project.adopt()
    text = (ROOT / "environments/local.yaml").read_text(encoding="utf-8")
    said = (project.folder / "environment.txt").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("invoker:", "accounts:", "service_urls:"))]
    (tmp_path / "local.yaml").write_text("\n".join(kept) + "\n" + said, encoding="utf-8")
    check_fit(load_catalog(project.root), load_environment(tmp_path, "local"))


def test_one_job_is_printed_and_nothing_is_written(project: Project) -> None:
    project.make(*SMALL)
    done = project.adopt("--job", "Odds_V2")
    assert (done.returncode, project.root.exists()) == (0, False)
    assert "  odds-v2:\n    name: Odds_V2\n" in done.stdout
    assert "fetch" not in done.stdout
    wrong = project.adopt("--job", "Odds_V3")
    assert (wrong.returncode, wrong.stdout.count("odds")) == (2, 0)
    assert "project interlock-local has no job 'Odds_V3'; did you mean Odds_V2?" in wrong.stderr


def test_one_job_into_a_folder(project: Project) -> None:
    project.make(*SMALL)
    done = project.run(
        "adopt", "--job", "Odds_V2", "--out", str(project.root.parent / "other/mine"), INTERLOCK_LOCAL_URL=project.rest.url
    )
    assert done.returncode == 0, done.stderr
    assert list(load_catalog(project.root.parent / "other").jobs) == ["odds-v2"]
    assert f"interlock validate --catalog {project.root.parent}/other" in done.stdout


def test_a_job_that_somebody_leaves_outside(project: Project) -> None:
    project.make(*SMALL)
    done = project.adopt("--leave", "keyed", "--leave", "europe-west1/far", "--owner", "ops")
    assert done.returncode == 0, done.stdout
    assert sorted(load_catalog(project.root).unmanaged) == ["europe-west1/far", "us-west2/keyed"]
    assert {found.owner for found in load_catalog(project.root).jobs.values()} == {"ops"}
    assert SECRET not in project.texts


def test_an_empty_project(project: Project) -> None:
    done = project.adopt()
    assert (done.returncode, project.root.exists()) == (0, False)
    assert "There is no job to adopt in project interlock-local; nothing was written" in done.stdout


def test_a_folder_that_is_there_is_kept_and_written_anew_with_force(project: Project) -> None:
    project.make(*SMALL)
    project.adopt()
    mine = project.folder / "jobs.yaml"
    mine.write_text("services: {mine: {kind: topic}}\n", encoding="utf-8")
    web = next(project.folder.glob("web.yaml"))
    web.write_text(web.read_text(encoding="utf-8").replace("Runs night", "Runs at night"), encoding="utf-8")
    project.adopt()
    assert "Runs at night" in project.texts
    forced = project.adopt("--force")
    assert forced.returncode == 1, forced.stderr
    assert "Runs at night" not in project.texts
    assert mine.read_text(encoding="utf-8") == "services: {mine: {kind: topic}}\n", "a file that is not written anew stays"


def test_a_folder_that_would_not_fit_together_is_left_as_it_is(project: Project) -> None:
    project.make(*SMALL)
    project.adopt()
    (project.folder / "web.yaml").rename(project.folder / "by-hand.yaml")
    before = project.texts
    done = project.adopt("--force")
    assert (done.returncode, project.texts) == (2, before)
    assert "there is a job of this name already" in done.stderr


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (
            ["GET /locations 403"],
            "it takes roles/cloudscheduler.viewer, and cloudscheduler.jobs.fullView to see what jobs call",
        ),
        (["GET /jobs 403"], "it takes roles/cloudscheduler.viewer, and cloudscheduler.jobs.fullView to see what jobs call"),
        (
            ["api cloudscheduler.googleapis.com off"],
            "turn the API on: gcloud services enable cloudscheduler.googleapis.com --project=interlock-local",
        ),
        (["GET /jobs 503"], "nobody can list the jobs in"),
    ],
)
def test_what_google_refuses(project: Project, faults: list[str], said: str) -> None:
    project.make(*SMALL)
    project.fails(*faults)
    done = project.adopt("--region", "us-west2") if faults != ["GET /locations 403"] else project.adopt()
    assert (done.returncode, project.root.exists()) == (2, False)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_region_that_does_not_answer_is_said_and_the_others_are_adopted(project: Project) -> None:
    project.make(*SMALL)
    project.fails("GET /locations/us-east4/jobs 403")
    done = project.adopt("--leave", "keyed")
    assert done.returncode == 1
    assert "not listed: project interlock-local: nobody can list the jobs in us-east4" in " ".join(done.stdout.split())
    assert len(project.report()["problems"]) == 1
    assert len(project.report()["adopted"]) == len(SMALL) - 1


def test_a_quota_is_waited_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.make(*SMALL)
    waited: list[float] = []
    monkeypatch.setattr(live_jobs.LiveJobs.__init__, "__defaults__", (waited.append,))
    project.fails("GET /locations/us-west2/jobs 429 x2")
    done = project.adopt("--region", "us-west2", "--leave", "keyed")
    assert done.returncode == 0, done.stderr
    assert waited == [2, 5]
    assert "Cloud Scheduler's quota is used up for now (429); waiting 2 seconds" in done.stderr


def test_who_interrupts_it_finds_nothing_half_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.make(*SMALL)
    written: list[Path] = []
    real = Path.write_text

    def interrupted(path: Path, *rest: Any, **named: Any) -> int:
        written.append(path)
        if len(written) == 3:
            raise KeyboardInterrupt
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "write_text", interrupted)
    done = project.adopt()
    assert (done.returncode, len(written)) == (1, 3)
    assert [*project.root.iterdir()] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--region", "../x"], "--region '../x' is no region; write one like us-west2"),
        (["--days", "3"], "--days says how far back --tables looks; add --tables"),
        (["--out", "elsewhere/other"], "--out elsewhere/other is not called mine, as its platform is"),
        (["--owner", "a\nb"], "--owner is no name"),
        (["--leave", "nothing-like-it"], "has no job 'nothing-like-it'"),
    ],
)
def test_mistakes_in_what_is_typed(project: Project, words: list[str], said: str) -> None:
    done = project.adopt(*words)
    assert (done.returncode, project.root.exists()) == (2, False)
    assert said in done.stderr


MESSY = 143
REGIONS = ("us-west2", "us-east1", "europe-west1")


def test_a_platform_of_143_jobs_in_three_regions_a_tenth_of_them_paused(project: Project) -> None:
    project.make(*_messy())
    started = datetime.now(UTC)
    done = project.adopt()
    seconds = (datetime.now(UTC) - started).total_seconds()
    assert done.returncode == 0, done.stdout + done.stderr
    catalog = load_catalog(project.root)
    assert len(catalog.jobs) == MESSY
    assert sum(found.undecided is not None for found in catalog.jobs.values()) == len(range(0, MESSY, 10))
    lines = sum(
        path.read_text(encoding="utf-8").count("\n") for path in project.folder.glob("*.yaml") if path.stem != "baseline"
    )
    print(f"\n{MESSY} jobs: {lines} lines, {lines / MESSY:.1f} a job, {seconds:.1f} s")
    assert lines < 6 * MESSY
    assert json.loads(project("validate", "--format", "json").stdout)["findings"] == []


def _messy() -> Iterator[Shape]:
    """A platform that grew for years: services of three kinds, one job in seven without a token, odd names and bodies."""
    for number in range(MESSY):
        region, service = REGIONS[number % 3], ("scrapers", "processors", "exports", "alerts")[number % 4]
        name = f"{service}_{number}" if number % 5 == 0 else f"{service}-{number}"
        body: dict[str, Any] = {
            "schedule": f"{number % 60} {number % 24} * * *",
            "timeZone": ("America/New_York", "UTC")[number % 9 == 0],
            "retryConfig": {"retryCount": number % 2 * 3},
        }
        if number % 6 == 0:
            body["pubsubTarget"] = {"topicName": f"projects/{PROJECT}/topics/{service}", "data": "eyJhIjogMX0="}
        else:
            host = f"https://{service}-100000000000.us-west2.run.invalid"
            token = {"oidcToken": {**TOKEN, "audience": host}} if number % 7 else {}
            body["httpTarget"] = {"uri": f"{host}/run/{number}", "httpMethod": "POST", **token}
        yield Shape(name=name, region=region, paused=number % 10 == 0, body=body)
