"""What runs beside the HTTP server: the clock, deliveries, function processes, and what they leave behind to be read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from local.emulator import identity, permissions, rights, serving
from local.emulator.clock import Clock
from local.emulator.dispatch import Dispatcher
from local.emulator.faults import Faults
from local.emulator.model import JsonObject
from local.emulator.rights import Used
from local.emulator.store import Store

PROJECT = "interlock-local"
INVOKE = "run.routes.invoke"
_SETTLE_SECONDS = 120.0
_KEPT_ATTEMPTS = 100_000


class Runtime:
    """One for each running emulator. `url` is set once its port is known."""

    def __init__(self, store: Store, state: Path, faults: Faults, used: Used) -> None:
        self.store, self.faults, self.used = store, faults, used
        self.url = ""
        self.clock = Clock()
        self.dispatcher = Dispatcher(self.clock)
        self.logged: Callable[[JsonObject, str, str], None] = lambda _function, _line, _stream: None
        self.functions = serving.Functions(
            store=store,
            folder=state / "functions",
            environment=self._environment,
            logged=lambda function, line, stream: self.logged(function, line, stream),
            may_invoke=self.may_invoke,
        )
        self.attempts: deque[JsonObject] = deque(maxlen=_KEPT_ATTEMPTS)  # of scheduled jobs, oldest first
        self.deliveries: deque[JsonObject] = deque(maxlen=_KEPT_ATTEMPTS)  # of pushed messages, oldest first
        self.notifications: deque[JsonObject] = deque(maxlen=_KEPT_ATTEMPTS)  # of incidents, to channels of any type
        self.duplicates = 0  # deliveries of every message beyond the first, on request
        self.stepping = threading.Lock()  # one at a time moves the clock

    def settle(self) -> bool:
        """Wait until nothing is due or under way and everything printed is logged; False if it takes too long."""
        done = self.dispatcher.settle(_SETTLE_SECONDS)
        self.functions.read_output()
        return done

    def audience(self, audience: str | None) -> str:
        """The audience of a token, as functions check it: this machine's own address is good for every function."""
        return "" if not audience or audience.startswith(self.url) else audience

    def may_invoke(self, service: str, email: str | None) -> bool:
        """Whether an account or a person (None: who has no good token) may invoke a Cloud Run service."""
        resource = permissions.resource(identity.SERVICES, service)
        with self.store.transaction():
            may = rights.allowed(
                self.store,
                email,
                INVOKE,
                resource,
                now=self.clock.now(),
                delay=self.faults.delay("grants"),
            )
        if may and email is not None:
            self.used.note(email, INVOKE, resource.name)
        return may

    def close(self) -> None:
        """End deliveries and processes."""
        self.dispatcher.close()
        self.functions.close()

    def _environment(self) -> Mapping[str, str]:
        """What leads the clients in a function here instead of to Google."""
        return {
            "INTERLOCK_ENV": "local",
            "INTERLOCK_LOCAL_URL": self.url,
            "STORAGE_EMULATOR_HOST": self.url,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
