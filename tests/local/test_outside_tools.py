"""The tools of others against the emulator: gcloud, and the gcs backend that is built into terraform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from local import environment
from tests import forked
from tests.local import forked_gcloud
from tests.providers import TERRAFORM

LOCATION = ("--location", "us-west2")
BACKEND = """
terraform {
  backend "gcs" {
    bucket = "state-p"
    prefix = "local/schedules"
  }
}
resource "terraform_data" "a" { input = "x" }
"""
HELD = {"ID": "1", "Operation": "OperationTypeApply", "Who": "ana@host", "Version": "1.11.4", "Created": "2026-01-01T00:00:00Z"}


@pytest.fixture
def tool(emulator, tmp_path):
    """Runs a tool in the environment of `local run`: (exit code, stdout, stderr with white space folded)."""
    env = environment.for_command(os.environ, url=emulator.url, provider={}, state=tmp_path)

    def run(*command):
        ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        return ran.returncode, ran.stdout, " ".join(ran.stderr.split())

    return run


@pytest.fixture(scope="module")
def imported():
    """A gcloud that has imported itself, to be copied; None where a copy is not safe, or its Python would not be given it."""
    program = forked_gcloud.__file__
    if not forked.SAFE or " " in program:
        yield None
        return
    pipe, env = subprocess.PIPE, os.environ | {"CLOUDSDK_PYTHON_ARGS": f"-S {program}"}
    with subprocess.Popen(["gcloud"], env=env, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope="module")
def typed():
    """The commands that ran as people type them."""
    return []


@pytest.fixture
def gcloud(request, emulator, tool, typed, tmp_path):
    """Runs gcloud: what it says at stdout. The first command of all runs as people type it, the others as copies."""
    if shutil.which("gcloud") is None:
        if os.environ.get("INTERLOCK_REQUIRE_GCLOUD") == "1":
            pytest.fail("gcloud is not on PATH, and INTERLOCK_REQUIRE_GCLOUD=1 asks for it")
        pytest.skip("gcloud is not on PATH")
    env = environment.for_command(os.environ, url=emulator.url, provider={}, state=tmp_path)

    def copied(process, arguments):
        files = [tmp_path / name for name in ("out", "err")]
        wanted = {"words": arguments, "folder": str(tmp_path), "environ": dict(env), "files": [*map(str, files)]}
        print(json.dumps(wanted), file=process.stdin, flush=True)
        found = (int(process.stdout.readline()), *(file.read_text() for file in files))
        for file in files:
            file.unlink()
        return found

    def run(*arguments):
        process = request.getfixturevalue("imported") if typed else None
        typed[:] = typed or [arguments]
        code, out, err = tool("gcloud", *arguments) if process is None else copied(process, arguments)
        assert code == 0, err
        return out

    return run


def test_gcloud_scheduler_commands(gcloud, rest):
    jobs = ("scheduler", "jobs")
    created = ("--schedule", "15,45 * * * *", "--uri", "https://x.example/", "--message-body", "{}")
    gcloud(*jobs, "create", "http", "a", *LOCATION, *created)
    assert "a us-west2 15,45 * * * * (Etc/UTC) HTTP ENABLED" in " ".join(gcloud(*jobs, "list", *LOCATION).split())
    url = f"/v1/projects/{environment.PROJECT}/locations/us-west2/jobs/a"
    for verb, state in (("pause", "PAUSED"), ("resume", "ENABLED"), ("run", "ENABLED")):
        gcloud(*jobs, verb, "a", *LOCATION)
        assert rest("GET", url).json["state"] == state
    described = json.loads(gcloud(*jobs, "describe", "a", *LOCATION, "--format", "json"))
    assert described["name"] == url.removeprefix("/v1/")
    assert described["lastAttemptTime"]
    gcloud(*jobs, "delete", "a", *LOCATION)
    assert rest("GET", url).status == 404


@pytest.mark.long
def test_gcloud_storage_commands(gcloud, rest, tmp_path):
    rest("POST", f"/storage/v1/b?project={environment.PROJECT}", {"name": "holds-p", "versioning": {"enabled": True}})
    (tmp_path / "hold").write_bytes(b"\r\nhold\n")
    name = "gs://holds-p/holds/table/x/1@2026-01-01T00:00:00Z.json"
    gcloud("storage", "cp", str(tmp_path / "hold"), name)
    gcloud("storage", "cp", name, str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"\r\nhold\n"
    gcloud("storage", "mv", name, "gs://holds-p/holds/moved.json")
    assert gcloud("storage", "ls", "gs://holds-p/**").split() == ["gs://holds-p/holds/moved.json"]
    gcloud("storage", "rm", "-r", "-a", "gs://holds-p")
    assert rest("GET", f"/storage/v1/b?project={environment.PROJECT}").json["items"] == []


@pytest.mark.skipif(shutil.which(TERRAFORM) is None, reason=f"{TERRAFORM} is not on PATH")
def test_terraforms_gcs_backend_keeps_its_state_and_names_the_holder_of_its_lock(tool, rest, tmp_path):
    objects = "/storage/v1/b/state-p/o"
    lock = f"{objects}/local%2Fschedules%2Fdefault.tflock"
    rest("POST", "/storage/v1/b?project=p", {"name": "state-p", "versioning": {"enabled": True}})
    (tmp_path / "main.tf").write_text(BACKEND)
    apply = (TERRAFORM, "apply", "-auto-approve", "-no-color")
    assert tool(TERRAFORM, "init", "-no-color")[0] == 0
    assert "1 added" in tool(*apply)[1]
    state = rest("GET", f"{objects}/local%2Fschedules%2Fdefault.tfstate?alt=media").json
    assert state["resources"][0]["type"] == "terraform_data"
    assert rest("GET", lock).status == 404
    rest("POST", f"/upload{objects}?uploadType=media&name=local/schedules/default.tflock", json.dumps(HELD).encode())
    code, _, err = tool(*apply)
    assert (code, "Error acquiring the state lock" in err, "ana@host" in err) == (1, True, True)
    generation = rest("GET", lock).json["generation"]  # which the backend takes as the lock's id
    assert f"ID: {generation}" in err
    assert tool(TERRAFORM, "force-unlock", "-force", generation)[0] == 0
    assert "0 added" in tool(*apply)[1]


def test_gcloud_writes_and_reads_log_entries_and_publishes(gcloud, rest):
    gcloud(
        "logging", "write", "executions", '{"event": "run_missed", "job": "tdza"}', "--payload-type=json", "--severity=ERROR"
    )
    read = ("logging", "read", 'jsonPayload.event="run_missed" severity>=ERROR', "--freshness=1h", "--format=json")
    (entry,) = json.loads(gcloud(*read))
    assert (entry["jsonPayload"]["job"], entry["severity"]) == ("tdza", "ERROR")
    assert entry["logName"] == f"projects/{environment.PROJECT}/logs/executions"
    rest("PUT", f"/v1/projects/{environment.PROJECT}/topics/incidents", {})
    assert "messageIds" in gcloud("pubsub", "topics", "publish", "incidents", "--message", "{}")
