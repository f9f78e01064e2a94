"""Questions in processes that fork: by hand, under load, in gunicorn's workers, and in gevent's greenlets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests import forked
from tests.guard.forking import CLIENTS, QUESTIONS, TABLES, WORKERS, expected, fill
from tests.guard.storage_server import Bucket, serving

ROOT = Path(__file__).parents[2]
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
ENVIRON |= {"PYTHONPATH": str(ROOT / "guard"), "GOOGLE_CLOUD_PROJECT": "p"}


WITH_GEVENT = pytest.mark.skipif(sys.platform != "linux", reason="it is installed on Linux alone")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as running:
        fill(running)
        yield running


@pytest.fixture(scope="module")
def came_of() -> dict[tuple[str, str], object]:
    """What came of each scenario with each client."""
    command = [sys.executable, "-m", "tests.guard.forking"]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return {(scenario, client): said for scenario, client, said in json.loads(done.stdout)}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        pytest.param(
            "under load",
            [[QUESTIONS // WORKERS] * WORKERS, [0, 0, 0]],
            id="a thousand questions in 8 workers, none wrong, none hung",
        ),
        pytest.param("while reading", [[True, True], True], id="a child goes on while its parent's reading is under way"),
        pytest.param("past Python", True, id="a child that was forked past Python finds out when it asks"),
        pytest.param("known", [True, False], id="a child knows what its parent knew"),
    ],
)
def test_a_child_answers_rightly(came_of: dict[tuple[str, str], object], scenario: str, said: object, client: str) -> None:
    assert came_of[scenario, client] == said


# gunicorn

REQUESTS = 3 * TABLES
"""More than one about each table, for more workers than one to get some."""
GUNICORN = "from gunicorn.app.wsgiapp import run; run()"
APP = """
import json, os
from urllib.parse import parse_qs
from interlock_guard import HoldBucket, check

bucket = HoldBucket("b", max_age_s=0, patience_s=60)
before = check(bucket, tables="d.t3", on_error="skip")  # in the process that forks, with --preload

def app(environ, start_response):
    number = parse_qs(environ["QUERY_STRING"])["number"][0]
    verdict = check(bucket, tables=f"d.t{number}", on_error="skip")
    start_response("200 OK", [("Content-Type", "application/json")])
    reasons = [hold.reason for hold in verdict.holds]
    said = {"pid": os.getpid(), "error": verdict.error, "reasons": reasons, "before": before.held}
    return [json.dumps(said).encode()]
"""


@pytest.mark.parametrize(
    "worker",
    [
        pytest.param(["--worker-class", "sync", "--workers", "4"], id="prefork"),
        pytest.param(["--worker-class", "gthread", "--threads", "4", "--workers", "3"], id="threads"),
        pytest.param(["--worker-class", "gevent", "--workers", "3"], id="gevent", marks=WITH_GEVENT),
    ],
)
def test_workers_of_gunicorn_that_were_forked_after_a_question_answer_rightly(
    bucket: Bucket, worker: list[str], tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(APP)
    environ = ENVIRON | {"STORAGE_EMULATOR_HOST": bucket.url}
    options = ["--preload", "--bind", "127.0.0.1:0", "--timeout", "120", *worker, "main:app"]
    with (tmp_path / "log").open("w") as log:
        running = forked.start(["-c", GUNICORN, *options], tmp_path, environ, stdout=log)
    try:
        url = _address(tmp_path / "log", running)

        def ask(number: int) -> dict[str, Any]:
            with urlopen(f"{url}?number={number % TABLES}", timeout=120) as answer:  # noqa: S310 - loopback
                return json.load(answer)

        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(ask, range(REQUESTS)))
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) in (0, -signal.SIGTERM)
    assert [answer["error"] for answer in answers if answer["error"]] == []
    assert [answer["reasons"] for answer in answers] == [expected(number) for number in range(REQUESTS)]
    assert all(answer["before"] for answer in answers)
    assert len({answer["pid"] for answer in answers}) > 1


def _address(log: Path, running: forked.Process | subprocess.Popen[str]) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None:
        for line in log.read_text().splitlines():
            if "Listening at: " in line:
                return line.partition("Listening at: ")[2].split()[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


# gevent

GREENLETS = """
import sys
LATE = {late}
if not LATE:
    from gevent import monkey; monkey.patch_all()
from interlock_guard import HoldBucket, check
bucket = HoldBucket("b", max_age_s=0, patience_s=60)
if LATE:
    check(bucket, tables="d.t3", on_error="skip")
    from gevent import monkey; monkey.patch_all()
import gevent
from gevent.pool import Pool

ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.001)

def ask(number):
    verdict = check(bucket, tables=f"d.t{{number % 40}}", on_error="skip")
    return not verdict.error and [hold.reason for hold in verdict.holds] == ([f"r{{number % 40}}"] if number % 40 < 20 else [])

ticking = gevent.spawn(tick)
with gevent.Timeout(100):
    right = sum(Pool(50).map(ask, range(200)))
print(right, LATE or len(ticks) > 20)  # a connection from before the patch stops the hub, which gevent says of any
"""


@WITH_GEVENT
@pytest.mark.parametrize("late", [False, True], ids=["patched first", "patched after a question"])
def test_greenlets_ask_at_once_and_the_hub_goes_on(bucket: Bucket, late: bool) -> None:
    bucket.on_list = lambda _: time.sleep(0.05)  # type: ignore[func-returns-value]
    environ = ENVIRON | {"STORAGE_EMULATOR_HOST": bucket.url}
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS.format(late=late)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["200", "True"], done.stderr
