"""Two instances of a deployed function at once, each behind a door of its own to the emulated cloud.

An instance is functions-framework in a process of its own, as the stand-in runs it. At its door its clock is askew, some calls
are refused or lose their connection, before or after they were worked on, and after a number of calls its process is killed or
frozen. So it stops exactly between two calls, where a machine that fails would.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path

from interlock.runtime.ledger import MAX_CLOCK_SKEW
from local.emulator import server, serving
from local.emulator.guest import Guest, StartError
from local.emulator.model import ApiError, Response, timestamp
from local.emulator.serving import Target

HURRY = Path(__file__).parent / "hurry"
SIZE = 2
SKEW_SECONDS = MAX_CLOCK_SKEW.total_seconds() / 2
"""So far an instance's clock is off at most: two of them differ by what they may."""
SHARE = 0.05
"""Of the calls that fail, and of the requests that never arrive."""
CODES = (409, 429, 500, 503)
START_PATIENCE_SECONDS = 60
FAULTY = ("/storage/", "/upload/", "/download/", "/v1/projects/")
"""Cloud Storage and Cloud Scheduler."""


@dataclass(eq=False)
class Instance:
    """A process, and what is to become of it."""

    number: int
    skew: timedelta
    rng: random.Random
    fleet: Fleet
    door: Door = field(init=False)
    guest: Guest | None = None
    busy: int = 0
    """Requests that it has not answered."""
    frozen: threading.Event = field(default_factory=threading.Event)
    kill_in: int | None = None
    freeze_in: int | None = None
    """After so many calls from now on."""

    @property
    def able(self) -> bool:
        """Whether it takes requests."""
        return self.guest is not None and self.guest.alive and not self.frozen.is_set()

    def signal(self, number: signal.Signals) -> None:
        """Sent to the process and its children."""
        assert self.guest is not None
        with suppress(ProcessLookupError):
            os.killpg(self.guest.process.pid, number)

    def thaw(self) -> None:
        """It goes on where it was."""
        self.signal(signal.SIGCONT)
        self.frozen.clear()

    def fate(self, path: str) -> str:
        """What befalls its next call: nothing, a status, `unheard`, `unanswered`, `kill before`, `kill after` or `freeze`."""
        for ending, fate in self.fleet.certain:
            if path.endswith(ending):
                self.fleet.certain.remove((ending, fate))
                return fate
        if self.freeze_in is not None:
            self.freeze_in -= 1
            if self.freeze_in <= 0:
                self.freeze_in = None
                return "freeze"
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in <= 0:
                self.kill_in = None
                return self.rng.choice(("kill before", "kill after"))
        if self.fleet.faulty and path.startswith(FAULTY) and self.rng.random() < SHARE:
            return self.rng.choice((*(str(code) for code in CODES), "unheard", "unanswered"))
        return ""


class _Handler(server._Handler):
    server: Door  # type: ignore[assignment]

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        instance, fleet = self.server.instance, self.server.instance.fleet
        if path == "/_local/clock":
            now = timestamp(fleet.now() + instance.skew)
            self._answer(Response(status=200, body=json.dumps({"now": now, "stepped": True}).encode()))
            return
        fate = instance.fate(path)
        fleet.note(f"instance {instance.number}: {self.command} {path.rpartition('/o/')[2]}", fate)
        if fate == "":
            super()._serve()
            return
        if fate == "kill before":
            fleet.kill(instance)
        elif fate.isdigit() and (fate != "500" or instance.rng.random() < 0.5):
            self._read_body({name.lower(): value for name, value in self.headers.items()})
            self._answer(ApiError(int(fate), "injected").response(path))
            return
        elif fate != "unheard":
            answer = self._kept()
            if fate == "freeze":
                fleet.freeze(instance)
                self.wfile.write(answer)
                return
            if fate == "500":  # which does not say that nothing was done
                self._answer(ApiError(500, "injected").response(path))
                return
            if fate == "kill after":
                fleet.kill(instance)
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _kept(self) -> bytes:
        """Serves the call, and returns the answer that nobody gets yet."""
        true, self.wfile = self.wfile, io.BytesIO()
        try:
            super()._serve()
            return self.wfile.getvalue()
        finally:
            self.wfile = true

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)


class Door(server.Server):
    """An address of the emulated cloud for one instance."""

    def __init__(self, emulator: server.Emulator, instance: Instance) -> None:
        # Not that of Server, which would make this the emulator's own address.
        ThreadingHTTPServer.__init__(self, (server.HOST, 0), _Handler)
        self.emulator, self.instance = emulator, instance
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{server.HOST}:{self.server_port}"


@dataclass
class Fleet(serving.Functions):
    """Takes the place of the stand-in's one instance a function: a request goes to any that is able."""

    emulator: server.Emulator = field(kw_only=True)
    rng: random.Random = field(kw_only=True)
    planted: Callable[[Path], None] = field(kw_only=True, default=lambda _: None)
    """Is shown the source before the first instance runs it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.faulty = False
        self.certain: list[tuple[str, str]] = []
        """What befalls the next call whose path ends so."""
        self.counts: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=60)
        self._instances: list[Instance] = []
        self._changed = threading.Condition()
        self._unpacked: Path | None = None
        self._starting = 0
        self.started = 0
        self._mine = threading.local()

    def now(self):
        """The emulated cloud's time."""
        return self.emulator.runtime.clock.now()

    def note(self, what: str, fate: str = "") -> None:
        """Keeps it among the last events, and counts what befell a call."""
        self.last.append(f"{self.now():%m-%d %H:%M:%S} {what}{f' -> {fate}' if fate else ''}")
        self.counts["calls"] += what.startswith("instance")
        if fate and not fate.startswith(("kill", "freeze")):
            self.counts["faults"] += 1

    # instances

    def kill(self, instance: Instance) -> None:
        """Ends it at once; another comes."""
        self.counts["kills"] += 1
        instance.frozen.clear()
        instance.signal(signal.SIGKILL)
        if instance.guest is not None:
            with suppress(Exception):
                instance.guest.process.wait(5)
        threading.Thread(target=self._replace, args=(instance,), daemon=True).start()

    def freeze(self, instance: Instance) -> None:
        """Stops it; who waits for its answer gets none."""
        self.counts["freezes"] += 1
        instance.signal(signal.SIGSTOP)
        with self._changed:
            instance.frozen.set()
            self._changed.notify_all()

    @property
    def instances(self) -> list[Instance]:
        """Those that run, the frozen ones too."""
        with self._changed:
            return [each for each in self._instances if each.guest is not None and each.guest.alive]

    @property
    def frozen(self) -> list[Instance]:
        """Those that are."""
        return [each for each in self.instances if each.frozen.is_set()]

    @property
    def busy(self) -> bool:
        """Whether an instance is at a request, a frozen one too."""
        return any(each.busy for each in self.instances)

    def wait_idle(self, seconds: float = 120.0) -> bool:
        """Waits until no instance that goes on is at a request; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: not any(i.busy and i.able for i in self._instances), seconds)

    def _replace(self, instance: Instance) -> None:
        with self._changed:
            self._instances = [each for each in self._instances if each is not instance]
            self._changed.notify_all()
        instance.door.shutdown()
        instance.door.server_close()
        if instance.guest is not None:
            instance.guest.stop()

    def _fill(self, target: Target) -> None:
        """Has as many started as there are to be."""
        with self._changed:
            running = sum(1 for each in self._instances if each.guest is not None and each.guest.alive)
            missing = 0 if self._closed else SIZE - running - self._starting
            self._starting += max(missing, 0)
        for _ in range(missing):
            threading.Thread(target=self._begin, args=(target,), daemon=True).start()

    def _begin(self, target: Target) -> None:
        try:
            with self._lock:
                self.started += 1
                rng = random.Random(f"{self.rng.random()}")  # noqa: S311
                skew = timedelta(seconds=round(rng.uniform(-SKEW_SECONDS, SKEW_SECONDS), 3))
                instance = Instance(number=self.started, skew=skew, rng=rng, fleet=self)
                folder = self._source_folder(target)
            instance.door = Door(self.emulator, instance)
            url = instance.door.url
            env = {**self.environment(), **serving._variables(target), "PYTHONPATH": str(HURRY)}
            env |= {"INTERLOCK_LOCAL_URL": url, "STORAGE_EMULATOR_HOST": url}
            entry = str((target.function.get("buildConfig") or {}).get("entryPoint") or "main")
            instance.guest = Guest.start(
                folder, target=entry, env=env, logged=lambda line, stream: self.logged(target.function, line, stream)
            )
            with self._changed:
                self._instances.append(instance)
        except StartError as error:
            if not self._closed:
                self.logged(target.function, f"did not start: {error}", "stderr")
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def _source_folder(self, target: Target) -> Path:
        if self._unpacked is None:
            folder, deployed = self.folder / "chaos", self.folder / target.name
            if deployed.exists():  # unpacked and compiled
                shutil.copytree(deployed, folder)
            serving._unpack(self._source(target)[1], folder)
            self.planted(folder)
            self._unpacked = folder
        return self._unpacked

    # as the stand-in's

    def invoke(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        audience: str = "",
        seconds: float = float("inf"),
    ) -> Response:
        """As Cloud Run's front door; 504 at once when the instance that took the request is frozen."""
        self.counts["requests"] += 1
        if self.faulty and self.rng.random() < SHARE:
            self.counts["requests lost"] += 1
            return serving._text(503, "injected: no instance")
        answers: list[Response] = []
        taken: list[Instance] = []

        def call() -> None:
            self._mine.taken = taken
            try:
                given = {"audience": audience, "seconds": seconds}
                answers.append(super(Fleet, self).invoke(target, method, path, headers, body, **given))
            finally:
                with self._changed:
                    for instance in taken:
                        instance.busy -= 1
                    taken.append(None)  # type: ignore[arg-type]
                    self._changed.notify_all()

        thread = threading.Thread(target=call, daemon=True)
        thread.start()

        def over() -> bool:
            return None in taken or any(each.frozen.is_set() for each in taken)

        with self._changed:
            while not over():
                self._changed.wait(1.0)
        return answers[0] if answers else serving._text(504, "The function took longer than its timeout.")

    def _guest(self, target: Target) -> Guest:
        """Of an instance that is able; waits until there is one."""
        end = time.monotonic() + START_PATIENCE_SECONDS
        while time.monotonic() < end and not self._closed:
            self._fill(target)
            with self._changed:
                able = [each for each in self._instances if each.able]
                if able:
                    instance = self.rng.choice(able)
                    assert instance.guest is not None
                    instance.busy += 1
                    self._mine.taken.append(instance)
                    return instance.guest
                frozen = [each for each in self._instances if each.frozen.is_set()]
                if len(frozen) < SIZE or self._starting:
                    self._changed.wait(0.5)
                    continue
            frozen[0].thaw()
        raise StartError("no instance is able to answer")

    def read_output(self) -> None:
        """See the base."""
        for each in self.instances:
            if each.guest is not None and not each.frozen.is_set():
                each.guest.drain()

    def processes(self) -> dict[str, int]:
        """See the base."""
        return {f"instance-{each.number}": each.guest.process.pid for each in self.instances if each.guest}

    def pids(self) -> frozenset[int]:
        """See the base."""
        return frozenset(self.processes().values())

    def wake(self) -> None:
        """See the base."""
        for target in self._all():
            self._fill(target)

    def close(self) -> None:
        """See the base."""
        self._closed = True
        for each in self.instances:
            each.signal(signal.SIGCONT)
            each.signal(signal.SIGKILL)
            self._replace(each)
        super().close()
