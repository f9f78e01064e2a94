"""`interlock validate` and the baseline: what it says of old findings, how it writes them, and what it refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from interlock.commands import validate
from tests.golden import golden
from tests.interlock.commands.conftest import SMALL, Run, parsed

GOOD = SMALL.read_text(encoding="utf-8")
BROKEN = GOOD.replace('"45 * * * *"', '"50 * * * *"').replace("path: /lines}", "path: /lines/2025}")
TODAY = date(2026, 11, 29)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, TODAY)


def on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr(validate, "_today", lambda: day)


@pytest.fixture
def jobs(root: Path) -> Path:
    """The file of the jobs, two of which break a rule."""
    path = root / "small/all.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    return path


@pytest.mark.golden
def test_what_people_read_from_the_first_day_to_the_last(
    run: Run, root: Path, jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    def call(why: str, *words: str) -> None:
        done = run("validate", *words, COLUMNS="80")
        said.append(f"# {why}\n$ interlock validate {' '.join(words)}".rstrip() + f"\n{done.stdout}[{done.returncode}]\n")

    call("two rules are broken")
    call("they are accepted", "--baseline", "--until", "2027-01-31", "--owner", "data-platform")
    said.append(f"$ cat catalog/small/baseline.yaml\n{(root / 'small/baseline.yaml').read_text(encoding='utf-8')}")
    call("they are old")
    jobs.write_text(BROKEN.replace('"50 * * * *"', '"45 * * * *"'), encoding="utf-8")
    call("one is mended")
    call("it leaves", "--baseline")
    on(monkeypatch, date(2027, 2, 1))
    call("the other one ends")
    call("it is renewed", "--baseline", "--days", "30")
    jobs.write_text(GOOD, encoding="utf-8")
    call("all is mended", "--baseline")
    golden("commands/baseline.txt", "\n".join(said).replace(str(root), "catalog"))
    assert not (root / "small/baseline.yaml").exists()


@pytest.mark.usefixtures("jobs")
def test_after_a_baseline_validate_is_green_and_a_second_one_changes_no_byte(run: Run, root: Path) -> None:
    assert run("validate").returncode == 1
    assert run("validate", "--baseline").returncode == 0
    written = root / "small/baseline.yaml"
    first = written.read_bytes(), written.stat().st_ino
    assert run("validate").returncode == 0
    assert "as before" in run("validate", "--baseline", "--days", "7").stdout
    assert (written.read_bytes(), written.stat().st_ino) == first
    assert [path.name for path in sorted(written.parent.iterdir())] == ["all.yaml", "baseline.yaml"]


def test_programs_read_what_is_new_old_and_mended(run: Run, jobs: Path) -> None:
    run("validate", "--baseline", "--until", "2027-01-31")
    jobs.write_text(
        BROKEN.replace('"50 * * * *"', '"45 * * * *"').replace('"15,45 * * * *"', '"16,45 * * * *"'), encoding="utf-8"
    )
    value = parsed(run("validate", "--format", "json"))
    assert [(one["rule"], one["subject"]) for one in value["findings"]] == [("stagger", "jobs.gamebook-scraper")]
    assert [(one["rule"], one["until"]) for one in value["old"]] == [("year", "2027-01-31")]
    assert [(one["rule"], one["source"]) for one in value["mended"]] == [("stagger", "catalog/small/baseline.yaml:5")]


@pytest.mark.usefixtures("jobs")
def test_of_two_platforms_each_has_its_own_file(run: Run, root: Path) -> None:
    other = 'jobs:\n  other:\n    description: Other\n    owner: ana\n    region: us-west2\n    schedule: "0 3 * * *"\n'
    other += "    time_zone: Etc/UTC\n    retry: small/standard\n    target: {service: small/events, body: {season: 2025}}\n"
    (root / "second").mkdir()
    (root / "second/jobs.yaml").write_text(other, encoding="utf-8")
    assert run("validate", "--baseline").returncode == 0
    assert "subject: jobs.other," in (root / "second/baseline.yaml").read_text(encoding="utf-8")
    assert "jobs.other" not in (root / "small/baseline.yaml").read_text(encoding="utf-8")


def test_the_next_command_names_the_catalog_that_was_given(run: Run, root: Path, jobs: Path) -> None:
    run("validate", "--baseline")
    jobs.write_text(GOOD, encoding="utf-8")
    assert f"  .venv/bin/interlock validate --baseline --catalog {root}\n" in run("validate", "--catalog", str(root)).stdout
    assert "  .venv/bin/interlock validate --baseline\n" in run("validate").stdout


def test_what_may_not_be_accepted_still_fails(run: Run, jobs: Path) -> None:
    jobs.write_text(BROKEN.replace("path: /lines/2025}", "path: /lines, body: {api_key: 0123456789abcdef}}"), encoding="utf-8")
    done = run("validate", "--baseline")
    assert done.returncode == 1
    assert "1 finding not accepted, so mend or waive: secret 1\n" in done.stdout
    assert "0123456789abcdef" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--days", "3"], "--until, --days and --owner are about what --baseline accepts; add --baseline"),
        (["--baseline", "--days", "3", "--until", "2027-01-31"], "--until and --days both say until when; leave one out"),
        (["--baseline", "--until", "2026-11-28"], "is not between today, 2026-11-29, and 2027-11-29, the latest day"),
        (["--baseline", "--until", "2099-01-01"], "is not between today, 2026-11-29, and 2027-11-29, the latest day"),
        (["--baseline", "--until", "soon"], "'soon' does not match the format"),
        (["--baseline", "--days", "0"], "0 is not in the range 1<=x<=365"),
        (["--baseline", "--owner", " "], "--owner is no name; write one line of at most 500 characters"),
        (["--baseline", "--owner", "o" * 501], "--owner is no name; write one line of at most 500 characters"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("jobs")
def test_a_mistake_writes_nothing(run: Run, root: Path, words: list[str], said: str) -> None:
    done = run("validate", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert not (root / "small/baseline.yaml").exists()


@pytest.mark.usefixtures("jobs")
def test_a_file_that_cant_be_written_is_left_as_it_was(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "small/baseline.yaml").write_text("baseline:\n", encoding="utf-8")

    def full(_: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    done = run("validate", "--baseline")
    assert done.returncode == 2
    assert "baseline.yaml can't be written: No space left on device; nothing in it has changed" in done.stderr
    assert (root / "small/baseline.yaml").read_text(encoding="utf-8") == "baseline:\n"
    assert sorted(path.name for path in (root / "small").iterdir()) == ["all.yaml", "baseline.yaml"]
