"""What holds for the catalog that is deployed from here, whichever platform it declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.declare import declare
from interlock.reading import kept
from interlock.reading.files import load_catalog
from interlock.runtime.declaration_file import parse, to_json
from interlock.timing.words import in_words
from tests.e2e.deployment import local_environment
from tests.platforms.conftest import CATALOG
from tests.stacks.conftest import Stacks
from tests.stacks.test_synth import assert_same, jobs_of


def test_the_declaration_comes_back_as_it_was_and_no_job_waits_for_itself(deployed: Catalog) -> None:
    declared = declare(deployed, local_environment())
    text = to_json(declared)
    assert parse(text.encode()) == declared
    assert to_json(parse(text.encode())) == text
    for job in declared.jobs.values():
        for producer in job.after:
            assert job.name not in declared.jobs[producer].after


def test_every_schedule_has_words(deployed: Catalog) -> None:
    schedules = {job.schedule for job in deployed.jobs.values()} | {window.schedule for window in deployed.windows.values()}
    schedules |= {job.was for job in deployed.jobs.values() if job.was}
    for schedule in schedules:
        words, text = in_words(schedule), " ".join(schedule.text.split())
        assert words[0].isupper() or words == text, schedule  # App Engine's English has words already


def test_every_job_is_synthesized_as_it_is_declared(deployed: Catalog, stacks: Stacks) -> None:
    assert jobs_of(stacks).keys() == deployed.jobs.keys()
    for name, resource in jobs_of(stacks).items():
        assert_same(resource, deployed.jobs[name], local_environment())
        assert resource["paused"] == (True if deployed.jobs[name].paused else f'${{contains(local.held, "{name}")}}')


def test_what_is_kept_of_it_is_what_was_read(deployed: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setattr(kept, "WORTHWHILE_BYTES", 0)
    read, again = load_catalog(CATALOG), load_catalog(CATALOG)
    assert len([*tmp_path.rglob("*")]) == 2, "a folder and the catalog"
    assert read == again == deployed
    assert [*read.jobs] == [*again.jobs]
