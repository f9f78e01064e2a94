"""Deploys of ours that would do more than they were asked for: refused before anything is done, with what to type instead."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from google.cloud import scheduler_v1

from interlock.catalog import Catalog
from tests.e2e.conftest import SMALL
from tests.e2e.deployment import Deployment, Done, clean_environ, finish, parsed, start
from tests.e2e.test_flags import BOOKS, DECLARED
from tests.providers import TERRAFORM
from tests.shop import CATALOG as SHOP

ON = ("backfill", "on", "books")
NOTHING_DONE = "nothing is done"


class Copy:
    """A copy of the small catalog, which somebody edits."""

    def __init__(self, folder: Path, text: str) -> None:
        self.root, self._file, self._text = folder, folder / "small" / "small.yaml", text
        self._file.parent.mkdir(parents=True)
        self._file.write_text(text, encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        assert old in self._text
        self._text = self._text.replace(old, new, 1)
        self._file.write_text(self._text, encoding="utf-8")

    def without(self, *jobs: str) -> None:
        for job in jobs:
            self.replace(re.findall(rf"^  {job}:\n(?:    .*\n)+", self._text, re.M)[0], "")


@pytest.fixture
def copy(tmp_path: Path, small_text: str) -> Copy:
    return Copy(tmp_path / "copy", small_text)


def _declared(small: Deployment) -> dict[str, scheduler_v1.Job]:
    """The jobs without what changes when one runs, which it may meanwhile."""
    jobs = small.jobs()
    for job in jobs.values():
        job.schedule_time = job.last_attempt_time = job.status = None
    return jobs


def refused(small: Deployment, *words: str, by: Path = SMALL) -> Done:
    """What a command said that has done nothing."""
    small.synthesize(by)
    before = small.writes(), _declared(small), small.objects()
    said = small.interlock(*words, INTERLOCK_CATALOG=str(by))
    assert said.code == 2, said.raw
    assert NOTHING_DONE in said.text
    assert (_declared(small), small.objects()) == before[1:]
    assert {name: n for name, n in small.writes().items() if "jobs" in name} == {
        name: n for name, n in before[0].items() if "jobs" in name
    }
    return said


def test_a_toggle_of_a_stale_copy_does_nothing_until_it_is_told_to(small: Deployment, copy: Copy) -> None:
    copy.replace('"0 6 * * *"', '"30 6 * * *"')
    copy.replace("  odds:\n    description", "  oddities:\n    description")
    said = refused(small, *ON, "--yes", by=copy.root)
    assert "This would do more than turn books on: 1 to create, 1 to change, 1 to delete: " in said.text
    assert f"It comes from {copy.root}/ (6 jobs, 2 backfills), in no git repository." in said.text
    small.interlock(*ON, "--with-changes", "--yes-delete", "1", INTERLOCK_CATALOG=str(copy.root)).succeeded()
    assert small.paused() == BOOKS | DECLARED
    assert "oddities" in small.jobs()
    assert "odds" not in small.jobs()


def test_a_catalog_of_another_platform_needs_the_number_of_jobs_that_go(small: Deployment) -> None:
    there = len(small.jobs())
    said = refused(small, "deploy", by=SHOP)
    assert f"{there} of the {there} jobs that are deployed would be deleted or let go by {SHOP}/ (12 jobs" in said.text
    assert re.search(r", commit [0-9a-f]+ of \d{4}-\d\d-\d\d", said.text)
    assert said.text.endswith(f"say how many: --yes-delete {there}")


MORE = """\
  more-{number}:
    description: One more
    schedule: "0 1 * * *"
    target: {{service: scrapers, path: /x}}
    runs: [odds]
"""


@pytest.mark.long
def test_few_jobs_go_only_when_a_yes_or_their_number_is_said(small: Deployment, copy: Copy) -> None:
    copy.replace("jobs:\n", "jobs:\n" + "".join(MORE.format(number=number) for number in range(12)))
    small.merge(parsed((copy.root / "small" / "small.yaml").read_text(encoding="utf-8")))
    small.deploy()
    copy.without("more-3")
    said = refused(small, "deploy", by=copy.root)
    assert "delete: deletes more-3; pause it, or say under `removed` in the catalog" in said.text
    assert "nobody can be asked, as this is no terminal" in said.text
    small.interlock("deploy", "--yes", INTERLOCK_CATALOG=str(copy.root)).succeeded()
    copy.without("more-4")
    small.interlock("deploy", "--yes-delete", "1", INTERLOCK_CATALOG=str(copy.root)).succeeded()
    copy.without("more-5")
    copy.replace("jobs:\n", "removed:\n  more-5: {reason: moved, owner: me, until: 2099-01-01}\njobs:\n")
    small.interlock("deploy", INTERLOCK_CATALOG=str(copy.root)).succeeded()
    assert not {"more-3", "more-4", "more-5"} & small.jobs().keys()


def test_a_plain_plan_of_a_catalog_of_another_platform_is_refused_by_its_guard(
    small: Deployment, small_text: str, day_catalog: Catalog
) -> None:
    small.merge(day_catalog)
    said = small.try_plan()
    assert said.code == 1, said.raw
    [other] = day_catalog.platforms
    assert f"a catalog of small is deployed, and this is one of {other}, which would delete its jobs" in said.text
    assert "delete" in small.plan(replace_catalog=True).jobs.values()
    small.merge(parsed(small_text))
    assert small.plan().changes == {}


@pytest.fixture
def nobody() -> dict[str, str]:
    """Variables of a shell outside of `local run`, in which every call goes to a port that nobody listens to."""
    unroutable = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    return clean_environ() | unroutable | {"INTERLOCK_CATALOG": str(SMALL), "CI": "1", "CHECKPOINT_DISABLE": "1"}


SENTENCE = "This is the local environment, which acts on a stand-in and never on Google Cloud"


def test_outside_of_local_run_terraform_calls_nobody(small: Deployment, nobody: dict[str, str]) -> None:
    folder = small.stack("schedules")
    planned = finish(start([TERRAFORM, "plan", "-input=false", "-no-color"], folder, nobody))
    assert SENTENCE in planned.refused().text
    shutil.rmtree(folder / ".terraform")
    begun = finish(start([TERRAFORM, "init", "-input=false", "-no-color"], folder, nobody))
    assert SENTENCE in begun.refused().text
    for said in (planned, begun):
        assert "127.0.0.1:9" not in said.text, "no proxy was asked"
        assert "write .venv/bin/python -m local run -- before the command" in said.text


@pytest.mark.long
def test_a_plain_cdktf_deploy_outside_of_local_run_calls_nobody(small: Deployment, nobody: dict[str, str]) -> None:
    words = ["npx", "cdktf", "deploy", "schedules", "--auto-approve"]
    before = small.writes()
    said = finish(start(words, small.folder, nobody))
    assert SENTENCE in said.refused().text
    assert "127.0.0.1:9" not in said.text
    assert small.writes() == before


def test_a_folder_that_an_earlier_version_has_initialized_needs_no_reconfiguration(small: Deployment, small_text: str) -> None:
    """Its backend had no credentials: Terraform would ask to migrate the state."""
    written = small.stack("schedules") / "cdk.tf.json"
    text = written.read_text(encoding="utf-8")
    earlier = re.sub(r'\n +"credentials": .*,', "", text)
    assert earlier != text
    written.write_text(earlier, encoding="utf-8")
    small.terraform("schedules", "init", "-input=false", "-reconfigure").succeeded()
    small.merge(parsed(small_text))
    small.terraform("schedules", "init", "-input=false").succeeded()
    assert small.plan().changes == {}
    pointer = small.stack("schedules") / ".terraform" / "terraform.tfstate"
    noted = pointer.read_bytes()
    small.merge(parsed(small_text))
    assert pointer.read_bytes() == noted, "what is as written is left alone"
