"""`board` against the emulator: it says what `status` says, goes to one file, and is served to this machine alone."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.terminal import serving
from tests.interlock.commands.conftest import NOW, Cloud, Run, loaded, parsed

LATER = "2026-03-10T18:00:00Z"
OF_A_HOLD = ("scope", "id", "until", "reason", "owner", "object")
OF_A_JOB = ("name", "region", "state", "schedule", "time_zone", "declared_paused", "last_attempt")


@pytest.fixture
def held(cloud: Cloud, root: Path) -> Cloud:
    """The small catalog, deployed, with a hold that somebody has written."""
    cloud.declare(loaded(root))
    content = {"reason": "a <b>proxy</b> changes", "owner": "ana", "jobs": ["repair"], "start": NOW}
    cloud.bucket.blob(f"holds/job/repair/at-1@{LATER}.json").upload_from_string(json.dumps(content))
    return cloud


def test_it_says_what_status_says(run: Run, held: Cloud) -> None:
    status = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=held.url))
    board = parsed(run("board", "--format", "json", INTERLOCK_LOCAL_URL=held.url))
    assert [{key: one[key] for key in OF_A_HOLD} for one in board["holds"]] == [
        {key: one[key] for key in OF_A_HOLD} for one in status["holds"]
    ]
    assert [{key: one[key] for key in OF_A_JOB} for one in board["jobs"]] == [
        {key: one[key] for key in OF_A_JOB} for one in sorted(status["jobs"], key=lambda one: one["name"])
    ]
    assert [one["held_by"] for one in board["jobs"]] == [
        [hold["scope"] for hold in one["held_by"]] for one in sorted(status["jobs"], key=lambda one: one["name"])
    ]


def test_it_writes_one_file_and_says_so(run: Run, held: Cloud, tmp_path: Path) -> None:
    out = tmp_path / "here.html"
    done = run("board", "--out", str(out), INTERLOCK_LOCAL_URL=held.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: 5 jobs, 1 hold\n"
    html = out.read_text(encoding="utf-8")
    assert "a &lt;b&gt;proxy&lt;/b&gt; changes" in html
    assert "Nobody knows when the coordinator looked last" in html, "it has written no board"


def test_where_it_cant_be_written_that_is_said(run: Run, held: Cloud, tmp_path: Path) -> None:
    done = run("board", "--out", str(tmp_path / "no/where.html"), INTERLOCK_LOCAL_URL=held.url)
    assert done.returncode == 2
    assert "can't be written: No such file or directory" in done.stderr


def test_json_is_not_served(run: Run) -> None:
    done = run("board", "--watch", "--format", "json")
    assert done.returncode == 2
    assert "leave out --format json" in done.stderr


class Made:
    """Makes a page each time, or fails."""

    def __init__(self) -> None:
        self.number, self.fails = 0, False

    def __call__(self) -> str:
        if self.fails:
            raise CloudError("project acme does not answer")
        self.number += 1
        return f"<p>{self.number}</p>"


@contextmanager
def served(made: Made) -> Iterator[str]:
    server = ThreadingHTTPServer((serving.LOOPBACK, 0), serving._handler(made))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{serving.LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(url: str, host: str | None = None) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_a_page_that_is_watched_is_made_anew_and_asked_for_again() -> None:
    with served(Made()) as url:
        assert [asked(f"{url}/")[1] for _ in range(2)] == ["<p>1</p>", "<p>2</p>"]
        status, _, headers = asked(f"{url}/")
    assert status == 200
    assert (headers["Refresh"], headers["Cache-Control"]) == (str(serving.SECONDS), "no-store")


def test_another_site_that_takes_a_name_of_this_machine_reads_nothing() -> None:
    made = Made()
    with served(made) as url:
        assert asked(f"{url}/", host="evil.example")[0] == 421
        assert asked(f"{url}/board.json")[0] == 404
    assert made.number == 0


def test_a_cloud_that_does_not_answer_is_said_and_asked_again() -> None:
    made = Made()
    made.fails = True
    with served(made) as url:
        status, text, headers = asked(f"{url}/")
        assert (status, text) == (503, "project acme does not answer\n")
        assert headers["Refresh"] == str(serving.SECONDS)
        made.fails = False
        assert asked(f"{url}/")[0] == 200
