"""`interlock backfill run` in a process of its own, on an emulated cloud: each way to end, and what is held then."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.interlock.commands.conftest import Cloud, Direct
from tests.interlock.commands.runs import PATIENCE, RUN, UNTIL_DONE, Start, content, ended, place, start, state, wait

__all__ = ["place", "start", "state"]  # fixtures


@pytest.fixture
def site(site: Direct, state: Path) -> Direct:
    """The other commands, on the same machine."""

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return site(*arguments, XDG_STATE_HOME=str(state), **env)

    return call


def end_of(cloud: Cloud) -> str:
    """The end of the only hold: the later one, where it is being extended."""
    return max(name.rpartition("@")[2].removesuffix(".json") for name in cloud.objects("holds/"))


def test_on_success_the_command_has_run_held_and_everything_is_given_back(cloud: Cloud, start: Start, place: Path) -> None:
    process = start(f'echo "$INTERLOCK_BACKFILL $INTERLOCK_BACKFILL_UNTIL" > begun; {UNTIL_DONE}; echo said')
    wait((place / "begun").exists)
    assert cloud.state("gamebook-scraper") == "PAUSED"
    assert content(cloud)["run"] == f"{os.uname().nodename}, process {process.pid}"
    assert (place / "begun").read_text() == "marts 2026-03-10T16:05:00Z\n"
    (place / "done").touch()
    code, said = ended(process)
    assert code == 0
    assert "drained: no run of them is under way" in said
    assert "said marts: the command has ended well. hold released: backfill/marts: ana: the backfill is done" in said
    assert cloud.objects("holds/") == []
    assert cloud.state("gamebook-scraper") == "ENABLED"


@pytest.mark.parametrize(
    ("script", "code", "how"),
    [
        pytest.param("exit 3", 3, "its exit code was 3", id="an exit code"),
        pytest.param("kill -KILL $$", 137, "it was ended by SIGKILL", id="SIGKILL of the command"),
        pytest.param("kill -TERM $$", 143, "it was ended by SIGTERM", id="SIGTERM of the command alone"),
        pytest.param("exit 255", 255, "its exit code was 255", id="an exit code as ssh has it, beyond all signals"),
        pytest.param("exit 129", 129, "its exit code was 129", id="one that a shell would have for a signal"),
    ],
)
def test_on_failure_the_hold_stays_and_says_so(cloud: Cloud, start: Start, script: str, code: int, how: str) -> None:
    ended_with, said = ended(start(script))
    assert ended_with == code
    assert content(cloud)["failed"] == how
    assert cloud.state("gamebook-scraper") == "PAUSED"
    [name] = cloud.objects("holds/")
    id = name.split("/")[3].partition("@")[0]
    assert f"marts failed: {how}; its jobs stay held until" in said
    assert "To go on: .venv/bin/interlock backfill run marts --direct --owner ana -- sh -c" in said
    assert f"To end it: .venv/bin/interlock release backfill/marts {id}" in said


@pytest.mark.long
def test_where_it_can_t_be_released_who_ends_it_is_said(cloud: Cloud, start: Start, site: Direct, place: Path) -> None:
    with (place / "said").open("w") as said:
        process = start(f"touch begun; {UNTIL_DONE}", stdout=said, stderr=said)
    wait((place / "begun").exists)
    cloud.fault("* /storage/v1/b 503")
    (place / "done").touch()
    wait(lambda: "can't be asked just now" in " ".join((place / "said").read_text().split()), 3 * PATIENCE)
    process.send_signal(signal.SIGINT)
    assert process.wait(3 * PATIENCE) == 0
    cloud.mend()
    words = " ".join((place / "said").read_text().split())
    assert "The hold ends by itself at 12:05 EDT (16:05 UTC); to end it before: .venv/bin/interlock release" in words
    assert "run by ana" in site("backfill", "status").stdout
    assert len(cloud.objects("holds/")) == 1


def test_of_two_that_begin_in_the_same_second_on_two_machines_one_runs(
    cloud: Cloud, start: Start, tmp_path: Path, place: Path
) -> None:
    both = [
        start(f"echo ran >> runs; {UNTIL_DONE}", environ={"XDG_STATE_HOME": str(tmp_path / name)}) for name in ("one", "other")
    ]
    wait(lambda: any(process.poll() is not None for process in both))
    wait((place / "runs").exists)
    (place / "done").touch()
    codes = sorted((ended(process) for process in both), key=lambda found: found[0])
    assert [code for code, _ in codes] == [0, 2]
    assert "backfill/marts is run by ana" in codes[1][1]
    assert "refused" not in codes[1][1]
    assert (place / "runs").read_text() == "ran\n"
    assert cloud.objects("holds/") == []


def test_killed_itself_it_leaves_a_hold_that_is_known_and_ends_by_itself(
    cloud: Cloud, start: Start, site: Direct, place: Path
) -> None:
    process = start(f"echo $$ > begun; {UNTIL_DONE}; touch over")
    wait((place / "begun").exists)
    process.kill()
    process.wait()
    said = " ".join(site("backfill", "status").stdout.split())
    assert "run by ana" in said
    assert f"its process {process.pid} is gone, and said nothing" in said
    (place / "done").touch()
    wait((place / "over").exists)  # its command goes on
    refused = site(*RUN, "--", "true")
    assert refused.returncode == 2
    assert "backfill/marts is run by ana, asked by operator@" in " ".join(refused.stderr.split())
    cloud.at("2026-03-10T16:05:11Z")
    site("hold", "job/repair", "--for", "2h", "--reason", "a look", "--direct")
    assert cloud.state("gamebook-scraper") == "ENABLED"
    assert [name for name in cloud.objects("holds/") if "marts" in name] == []


def test_a_second_one_is_refused_with_who_runs_it_since_when(cloud: Cloud, start: Start, site: Direct, place: Path) -> None:
    process = start(f"touch begun; {UNTIL_DONE}")
    wait((place / "begun").exists)
    cloud.at("2026-03-10T12:35:00Z")
    second = site(*RUN, "--", "touch", str(place / "second"))
    said = " ".join(second.stderr.split())
    assert second.returncode == 2
    assert "backfill/marts is run by ana, asked by operator@" in said
    assert f" on {os.uname().nodename}, process {process.pid} since 2026-03-10T12:05:00Z" in said
    assert "if that is gone, end it: .venv/bin/interlock release backfill/marts run-" in said
    assert not (place / "second").exists()
    (place / "done").touch()
    assert ended(process)[0] == 0


def test_after_a_failure_the_same_command_goes_on_and_takes_the_hold_over(cloud: Cloud, start: Start, place: Path) -> None:
    assert ended(start("exit 3"))[0] == 3
    [before] = cloud.objects("holds/")
    process = start(f"touch begun; {UNTIL_DONE}")
    wait((place / "begun").exists)
    [now] = cloud.objects("holds/")
    assert now.split("@")[0] != before.split("@")[0]
    assert cloud.state("gamebook-scraper") == "PAUSED"
    (place / "done").touch()
    assert ended(process)[0] == 0
    assert cloud.objects("holds/") == []


def test_the_end_is_kept_ahead_and_never_beyond_the_longest_hold(cloud: Cloud, start: Start, place: Path) -> None:
    process = start("trap 'exit 9' TERM; touch begun; while :; do sleep 0.05; done", "--for", "2d")
    wait((place / "begun").exists)
    assert end_of(cloud) == "2026-03-12T12:05:00Z"
    cloud.at("2026-03-11T12:05:00Z")
    wait(lambda: end_of(cloud) >= "2026-03-13T12:05:00Z")
    cloud.at("2026-03-12T13:00:00Z")
    wait(lambda: end_of(cloud).startswith("2026-03-14T12:04"))  # four days, less what a failure takes to be said
    cloud.at("2026-03-14T12:03:30Z")
    code, said = ended(process)
    assert code == 9
    assert "no hold lasts longer than 4d: it is not extended any more" in said
    assert "its hold ends at 2026-03-14T12:04" in said
    assert "the command still runs: it is stopped" in said
    failed = content(cloud)["failed"]
    assert isinstance(failed, str)
    assert failed.startswith("it was stopped, as its hold ends at 2026-03-14T12:0")


def test_past_its_end_it_goes_on_where_that_is_asked_for(cloud: Cloud, start: Start, site: Direct, place: Path) -> None:
    process = start(f"touch begun; {UNTIL_DONE}", "--past-end")
    wait((place / "begun").exists)
    [name] = cloud.objects("holds/")
    id = name.split("/")[3].partition("@")[0]
    assert site("release", "backfill/marts", id, "--direct").returncode == 0
    time.sleep(1.5)
    assert process.poll() is None
    (place / "done").touch()
    code, said = ended(process)
    assert code == 0
    assert "somebody has released its hold; the command still runs: it goes on all the same" in said


def test_when_somebody_releases_the_hold_the_command_is_stopped(cloud: Cloud, start: Start, site: Direct, place: Path) -> None:
    process = start("touch begun; exec sleep 60")
    wait((place / "begun").exists)
    [name] = cloud.objects("holds/")
    id = name.split("/")[3].partition("@")[0]
    assert site("release", "backfill/marts", id, "--direct").returncode == 0
    code, said = ended(process)
    assert code == 143
    assert "marts failed: it was stopped, as somebody has released its hold; nothing is held for it." in said
    assert cloud.objects("holds/") == []


def test_while_the_cloud_is_lost_it_goes_on_and_extends_once_that_is_back(cloud: Cloud, start: Start, place: Path) -> None:
    process = start(f"touch begun; {UNTIL_DONE}")
    wait((place / "begun").exists)
    cloud.fault("* /storage/v1/b 503")
    cloud.at("2026-03-10T14:05:00Z")
    time.sleep(2)
    assert process.poll() is None
    cloud.mend()
    wait(lambda: end_of(cloud) >= "2026-03-10T18:05:00Z")
    (place / "done").touch()
    code, said = ended(process)
    assert code == 0
    assert "what holds can't be seen just now" in said


def test_where_the_cloud_is_lost_until_the_end_the_command_is_stopped(cloud: Cloud, start: Start, place: Path) -> None:
    process = start("trap 'touch stopped; exit 143' TERM; touch begun; while :; do sleep 0.05; done")
    wait((place / "begun").exists)
    cloud.fault("* /storage/v1/b 503")
    cloud.at("2026-03-10T16:04:30Z")
    wait((place / "stopped").exists)
    process.send_signal(signal.SIGTERM)  # nobody waits until the cloud is asked for the last time
    code, said = ended(process)
    assert code == 143
    assert "its hold ends at 2026-03-10T16:05:00Z; the command still runs: it is stopped" in said
    assert "no alert says so, as the coordinator could not be told" in said
    cloud.mend()


def test_a_job_that_runs_is_waited_for_and_one_that_goes_on_keeps_the_command_from_beginning(
    cloud: Cloud, start: Start, place: Path
) -> None:
    cloud.jobs.run_job(name=cloud.name("gamebook-scraper"))
    with (place / "said").open("w") as said:
        process = start("touch begun", stdout=said, stderr=said)
    wait(lambda: "waiting for 1 run: gamebook-scraper" in (place / "said").read_text())
    assert not (place / "begun").exists()
    cloud.at("2026-03-10T13:05:00Z")
    assert process.wait(PATIENCE) == 0
    assert (place / "begun").exists()


def test_detached_it_is_held_when_the_prompt_is_back_and_says_the_rest_in_its_log(
    cloud: Cloud, start: Start, site: Direct, state: Path, place: Path
) -> None:
    code, said = ended(start(f"touch begun; {UNTIL_DONE}; echo all done", "--detach"))
    assert code == 0
    assert "backfill/marts is held, and its command runs in the background. What it says: tail -f" in said
    assert ".venv/bin/interlock backfill status marts" in said
    assert len(cloud.objects("holds/")) == 1
    wait((place / "begun").exists)
    shown = " ".join(site("backfill", "status", "marts").stdout.split())
    assert "run by ana" in shown
    assert "here: runs, process" in shown
    (place / "done").touch()
    wait(lambda: cloud.objects("holds/") == [])
    [log] = (state / "interlock/local").glob("*.log")
    wait(lambda: "resumed" in log.read_text())
    assert "all done\nmarts: the command has ended well." in log.read_text()
    assert "here: succeeded" in " ".join(site("backfill", "status", "marts").stdout.split())


def test_detached_and_refused_it_says_why_at_once(start: Start, place: Path) -> None:
    code, said = ended(start("touch begun", "--detach", "--for", "1m"))
    assert code == 2
    assert "is too soon; the coordinator looks every 10m" in said
    assert not (place / "begun").exists()


def test_in_the_background_it_needs_a_log(start: Start, place: Path) -> None:
    code, said = ended(start("touch begun", "--detach", environ={"XDG_STATE_HOME": "/dev/null"}))
    assert code == 2
    assert "a run in the background needs a log, and /dev/null/interlock/local/marts-run-" in said
    assert "set XDG_STATE_HOME to a folder that can be, or leave out --detach" in said
    assert not (place / "begun").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["../../up", "--detach", "--", "true"], 2, "no backfill is called '../../up'", id="a path"),
        pytest.param(["none", "--", "true"], 2, "nothing deployed knows the backfill none", id="an unknown backfill"),
        pytest.param(["martz", "--", "true"], 2, "the backfill martz; did you mean marts?", id="a slip"),
        pytest.param(["marts"], 2, "Missing argument", id="no command"),
        pytest.param(["marts", "--for", "5d", "--", "true"], 2, "is too late; no hold may be longer than 4d", id="too long"),
        pytest.param(["marts", "--direct", "--", "no-such-program"], 127, "no-such-program: No such file", id="no program"),
        pytest.param(["marts", "--direct", "--", "/"], 126, "/: Permission denied", id="no program but a folder"),
    ],
)
def test_what_can_t_be_run(site: Direct, words: list[str], code: int, said: str) -> None:
    done = site("backfill", "run", *words)
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())
