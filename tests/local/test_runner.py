"""`python -m local run` as a process: exit codes, environment, signals, leftovers, joining."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

import local
from local import runner
from local.__main__ import main
from tests import forked

PYTHON = sys.executable
ROOT = str(Path(local.__file__).parents[1])
DEADLINE = 30  # seconds that a test waits for what must happen
JOBS = "/v1/projects/p/locations/us-west2/jobs"
# Tells its pid and the emulator's URL, then waits for the file `go`.
WAITER = "echo $$ $INTERLOCK_LOCAL_URL > {0}.tmp; mv {0}.tmp {0}; while [ ! -e go ]; do sleep 0.02; done; {1}"


@pytest.fixture
def start(tmp_path):
    """Starts a `local run` in tmp_path; what is still there at the end is ended."""
    processes = []

    def begin(*command, options=(), **env):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")}
        process = forked.start_local(["run", *options, "--", *command], tmp_path, clean | {"PYTHONPATH": ROOT} | env)
        processes.append(process)
        return process

    yield begin
    for name in ("go", "go2"):
        (tmp_path / name).touch()
    for process in processes:  # TERM ends their commands too; an orphan would keep our pipes open
        process.terminate()
        process.communicate(timeout=DEADLINE)


@pytest.fixture
def finish(start):
    """Runs a `local run` to its end: (exit code, stdout, stderr)."""

    def run(*command, **given):
        process = start(*command, **given)
        out, err = process.communicate(timeout=DEADLINE)
        return process.returncode, out, err

    return run


def wait_for(what):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it didn't happen")


def told(path):
    """(pid, url) that a WAITER wrote to `path`."""
    pid, url = wait_for(lambda: path.exists() and path.read_text()).split()
    return int(pid), url


def alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/_local/about") as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.URLError:
        return None


def test_the_first_line_says_where_it_acts_and_the_code_is_the_commands(finish, tmp_path):
    code, out, err = finish("sh", "-c", "echo $INTERLOCK_LOCAL_URL; exit 7")
    assert code == 7
    assert err.splitlines() == [f"LOCAL STAND-IN, not Google Cloud: {out.strip()}, state in .local"]
    assert (tmp_path / ".local" / "gcp.sqlite").exists()
    assert answers(out.strip()) is None


def test_a_command_that_says_itself_where_it_acts_is_told_how_that_came(finish):
    code, out, err = finish("sh", "-c", "echo $INTERLOCK_LOCAL_SAYS", options=["--quiet"])
    assert (code, out.strip(), err) == (0, "started for this command, state in .local", "")


def test_the_command_gets_an_environment_that_leads_here(finish, tmp_path):
    given = {
        "GOOGLE_APPLICATION_CREDENTIALS": "/secret.json",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "admin@p",
        "TF_CLI_CONFIG_FILE": str(tmp_path / "absent"),
        "NO_PROXY": "example.com",
        "KEPT": "yes",
    }
    code, out, _ = finish(PYTHON, "-c", "import json, os; print(json.dumps(dict(os.environ)))", **given)
    env = json.loads(out)
    url = env["INTERLOCK_LOCAL_URL"]
    assert code == 0
    assert not {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "TF_CLI_CONFIG_FILE"} & set(env)
    reattach = json.loads(env["TF_REATTACH_PROVIDERS"])
    assert {source: found["Addr"]["Network"] for source, found in reattach.items()} == {
        "registry.terraform.io/hashicorp/google": "unix",
        "registry.opentofu.org/hashicorp/google": "unix",
    }
    expected = {
        "INTERLOCK_ENV": "local",
        "KEPT": "yes",
        "NO_PROXY": "example.com,127.0.0.1,localhost",
        "CDKTF_SKIP_PROVIDER_LOCK": "true",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/",
        "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT": f"{url}/v1/",
        "STORAGE_EMULATOR_HOST": url,
        "CLOUDSDK_CONFIG": str(tmp_path / ".local" / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": "interlock-local",
    }
    assert {name: env.get(name) for name in expected} == expected


def test_a_configuration_file_of_terraform_that_exists_is_kept(finish, tmp_path):
    config = tmp_path / "terraformrc"
    config.touch()
    _, out, _ = finish("sh", "-c", "echo $TF_CLI_CONFIG_FILE", TF_CLI_CONFIG_FILE=str(config))
    assert out.strip() == str(config)


@pytest.mark.parametrize(
    ("command", "options", "env", "code", "message"),
    [
        pytest.param(["true"], [], {"INTERLOCK_ENV": "production"}, 2, "unset INTERLOCK_ENV", id="another environment"),
        pytest.param(["no-such-tool"], [], {}, 127, "no-such-tool: command not found", id="a missing command"),
        pytest.param(["npx", "cdktf"], [], {"PATH": "/nowhere"}, 127, "install Node.js 20 to 26", id="no Node"),
        pytest.param(["terraform"], [], {"PATH": "/nowhere"}, 127, "install Terraform", id="no Terraform"),
        pytest.param([], [], {}, 2, "which COMMAND?", id="no command"),
        pytest.param(["true"], ["--port", "70000"], {}, 2, "is not a port", id="a port that is none"),
        pytest.param(["true"], [], {"INTERLOCK_LOCAL_PORT": "x"}, 2, "is not a port", id="a port in the environment"),
        pytest.param(["true"], ["--latency", "slow"], {}, 2, "such as 120ms", id="a latency that is none"),
        pytest.param(["true"], ["--provider", "mine"], {}, 2, "is no provider (ours or real)", id="a provider that is none"),
        pytest.param(["true"], [], {"INTERLOCK_LOCAL_PROVIDER": "x"}, 2, "is no provider", id="one in the environment"),
        pytest.param(["true"], ["--fault", "x"], {}, 2, "expected METHOD PATH-REGEX", id="a fault that is none"),
        pytest.param(["true"], ["--state", "/dev/null/x"], {}, 2, "choose another with --state", id="no folder"),
    ],
)
def test_refused_with_one_clear_line(monkeypatch, capfd, tmp_path, command, options, env, code, message):
    """Before anything is started, so in this process: to start another takes longer than all the rest of it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("INTERLOCK_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    try:
        found = main(["run", *options, "--", *command])
    except SystemExit as ended:
        found = ended.code
    out, err = capfd.readouterr()
    assert (found, out) == (code, "")
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize("has_own", [False, True])
def test_cdktf_is_the_one_that_make_setup_installs_unless_there_is_another(finish, monkeypatch, tmp_path, has_own):
    for folder in ("own", "locked"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cdktf").symlink_to("/bin/true")
    monkeypatch.setattr(runner, "LOCKED", tmp_path / "locked")
    path = f"{tmp_path / 'own'}:/usr/bin:/bin" if has_own else "/usr/bin:/bin"
    added = runner.with_locked({"PATH": path})
    assert shutil.which("cdktf", path=added["PATH"]) == str(tmp_path / ("own" if has_own else "locked") / "cdktf")
    code, out, _ = finish("sh", "-c", "command -v cdktf")
    assert (code, out.strip()[-6:]) == (0, "/cdktf")


def test_a_taken_port_is_named_with_what_to_do(finish):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = finish("true", options=["--port", port])
    assert (code, err.count("\n")) == (2, 1)
    assert f"port {port} on 127.0.0.1: Address already in use" in err
    assert "--port 0" in err


def test_the_asked_port_is_used(finish):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    _, out, _ = finish("sh", "-c", "echo $INTERLOCK_LOCAL_URL", INTERLOCK_LOCAL_PORT=port)
    assert out.strip() == f"http://127.0.0.1:{port}"


def test_faults_and_latency_of_the_command_line_are_set(finish):
    script = "import os, urllib.request as u; print(u.urlopen(os.environ['INTERLOCK_LOCAL_URL'] + '/_local/faults').read())"
    options = ["--latency", "1ms", "--fault", "POST :pause$ 409 x3", "--fault", "* o 503"]
    _, out, _ = finish(PYTHON, "-c", script, options=options)
    assert out.index('"latency": "1ms"') < out.index("POST :pause$ 409 x3") < out.index("* o 503")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_command_and_it_may_take_its_time(start, tmp_path, number):
    trap = f"trap 'touch trapped; exit 3' {number.name.removeprefix('SIG')}; " + WAITER.format("up", "exit 0")
    process = start("sh", "-c", trap)
    told(tmp_path / "up")
    process.send_signal(number)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 3
    assert (tmp_path / "trapped").exists()


@pytest.mark.parametrize(
    ("script", "typed", "code", "shown"),
    [
        pytest.param("printf name?; read name; echo hello $name", b"ana\n", 0, "hello ana", id="a prompt is answered"),
        pytest.param(
            "trap 'echo ended; exit 9' INT; printf name?; while :; do sleep 0.02; done",
            b"\x03",
            9,
            "ended",
            id="Ctrl-C ends it",
        ),
    ],
)
def test_on_a_terminal(tmp_path, script, typed, code, shown):
    pid, terminal = pty.fork()
    if pid == 0:
        run = ["-m", "local", "run", "--state", str(tmp_path / "s"), "--", "sh", "-c", script]
        os.execve(PYTHON, [PYTHON, *run], os.environ | {"PYTHONPATH": ROOT, "INTERLOCK_ENV": ""})  # noqa: S606
    screen = b""
    with suppress(OSError):  # how a terminal ends that nobody has open any more
        while part := os.read(terminal, 4096):
            screen += part
            if b"name?" in screen and typed:
                os.write(terminal, typed)
                typed = b""
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code, screen
    assert shown in screen.decode()


def test_a_command_that_a_signal_ends_has_the_shells_code(start, tmp_path):
    process = start("sh", "-c", WAITER.format("up", "exit 0"))
    os.kill(told(tmp_path / "up")[0], signal.SIGKILL)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_nothing_of_a_killed_command_goes_on(start, tmp_path):
    # A daemon in a session of its own that ignores TERM's usual way in: its parent is gone when the command is killed.
    daemon = f"import os; os.setsid(); os.execvp('sh', ['sh', '-c', {WAITER.format('daemon', 'touch wrote')!r}])"
    script = f"'{PYTHON}' -c \"$DAEMON\" & {WAITER.format('up', 'exit 0')}"
    process = start("sh", "-c", script, DAEMON=daemon)
    pid = told(tmp_path / "daemon")[0]
    os.kill(told(tmp_path / "up")[0], signal.SIGKILL)
    process.communicate(timeout=DEADLINE)
    assert not alive(pid)
    assert not (tmp_path / "wrote").exists()


def test_a_second_run_joins_the_first_which_waits_for_it(start, tmp_path):
    first = start("sh", "-c", WAITER.format("first", "exit 4"))
    _, url = told(tmp_path / "first")
    second = start("sh", "-c", WAITER.format("second", "exit 5").replace("-e go", "-e go2"), options=["--latency", "9s"])
    assert told(tmp_path / "second")[1] == url
    (tmp_path / "go").touch()
    said = [first.stderr.readline() for _ in range(2)]
    assert f"serving on for {second.pid} sh -c" in said[1]
    assert answers(url)
    (tmp_path / "go2").touch()
    _, err = second.communicate(timeout=DEADLINE)
    first.communicate(timeout=DEADLINE)
    assert (first.returncode, second.returncode) == (4, 5)
    assert f"LOCAL STAND-IN, not Google Cloud: {url}, state in .local, joined the run of process {first.pid}" in err
    assert "--latency and --fault are those of that run" in err
    assert answers(url) is None


def test_a_joiner_that_wants_another_provider_is_refused_with_what_to_do(start, finish, tmp_path):
    first = start("sh", "-c", WAITER.format("first", "exit 0"))
    told(tmp_path / "first")
    code, out, err = finish("true", options=["--provider", "real"])
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"process {first.pid} serves .local with the provider 'ours', not 'real'" in err
    assert "--state DIR" in err
    assert finish("true", options=["--provider", "ours"])[0] == 0


def test_an_owner_that_waits_for_a_joiner_stops_on_a_signal(start, tmp_path):
    first = start("sh", "-c", WAITER.format("first", "exit 4"))
    told(tmp_path / "first")
    start("sh", "-c", WAITER.format("second", "exit 5").replace("-e go", "-e go2"))
    told(tmp_path / "second")
    (tmp_path / "go").touch()
    assert "Ctrl-C stops it" in [first.stderr.readline() for _ in range(2)][1]
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=DEADLINE)
    assert first.returncode == 4


def test_a_run_inside_a_run_joins_it(finish):
    inner = f"'{PYTHON}' -m local run -- sh -c 'echo $INTERLOCK_LOCAL_URL; exit 6'"
    code, out, _ = finish("sh", "-c", f"echo $INTERLOCK_LOCAL_URL; {inner}")
    assert code == 6
    assert len(set(out.split())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="what a process was started with is read in /proc")
def test_what_a_killed_owner_ran_ends_deaf_to_sigterm_or_in_a_session_of_its_own_and_so_does_a_joiners(start, tmp_path):
    """As terraform, which asks for its state for ever where the cloud is gone."""
    deaf = f"trap '' TERM INT; {WAITER.format('deaf', 'touch wrote')}"
    apart = f"import os; os.setsid(); os.execvp('sh', ['sh', '-c', {deaf!r}])"
    first = start("sh", "-c", f"'{PYTHON}' -c \"$APART\" & {WAITER.format('first', 'touch wrote')}", APART=apart)
    commands = [told(tmp_path / "first")[0], told(tmp_path / "deaf")[0]]
    second = start("sh", "-c", WAITER.format("second", "touch wrote"))
    pid, url = told(tmp_path / "second")
    commands.append(pid)
    with subprocess.Popen(["sleep", "600"], env={**os.environ, "INTERLOCK_LOCAL_URL": url}) as stranger:
        first.kill()
        try:
            wait_for(lambda: not any(map(alive, commands)))
            _, said = first.communicate(timeout=DEADLINE)
            assert stranger.poll() is None, "whoever only uses that cloud is none of what it ran"
        finally:
            stranger.kill()
    second.communicate(timeout=DEADLINE)
    assert "local run was killed: ending what it ran" in said
    assert not (tmp_path / "wrote").exists()


def test_a_killed_owner_leaves_nothing_that_confuses_the_next(start, finish, tmp_path):
    first = start("sh", "-c", WAITER.format("first", "exit 0"))
    _, url = told(tmp_path / "first")
    assert (tmp_path / ".local" / "run.json").exists()
    first.kill()
    first.wait()
    assert answers(url) is None
    code, out, err = finish("sh", "-c", "echo $INTERLOCK_LOCAL_URL")
    assert (code, "joined" in err) == (0, False)
    assert out.strip() != url


def test_a_corrupt_state_is_kept_aside_and_said(finish, tmp_path):
    state = tmp_path / "s"
    state.mkdir()
    for number in (1, 2):
        (state / "gcp.sqlite").write_bytes(b"garbage %d" % number * 500)
        code, _, err = finish("true", options=["--state", str(state)])
        assert code == 0
        assert f"kept as gcp.sqlite.corrupt-{number}, beginning empty" in err
        assert (state / f"gcp.sqlite.corrupt-{number}").read_bytes().startswith(b"garbage %d" % number)


def test_state_of_another_version_is_kept_aside(finish, tmp_path):
    import sqlite3

    (tmp_path / ".local").mkdir()
    with sqlite3.connect(tmp_path / ".local" / "gcp.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert "written by another version of Interlock: schema 99" in finish("true")[2]
