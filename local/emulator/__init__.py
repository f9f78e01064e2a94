"""A REST emulator of the Google APIs that Interlock uses, on 127.0.0.1, with its state in a folder.

Besides keeping resources it behaves like the cloud where our tests need that, and only when asked; each module says which
part of Google's it stands in for:

* clock: `/_local/clock` GET, POST {"set": INSTANT or null}, {"to": INSTANT}, {"advance": "10m"}. Set, it stands still; a step
  fires the due jobs of Cloud Scheduler on the way, in order (attempts.py, clock.py). With the real clock nothing fires by
  itself.
* functions: `{url}/_functions/NAME/...` runs the deployed source with functions-framework; `Authorization: Bearer
  local:EMAIL` names the caller, who needs run.invoker on the service (401, 403). Cloud Scheduler and Pub/Sub reach the same
  function by the constant https address that the API shows (serving.py, identity.py). It gets a signed identity token in
  the place of that name (tokens.py), whose keys are at `{url}/oauth2/v1/certs`.
* Pub/Sub: publishing, and push with retries (push.py); `/_local/deliveries` GET, DELETE, POST {"duplicates": N},
  {"redeliver": ID}.
* logging: entries are written, listed and counted by log metrics; so are what functions print and the attempts of jobs
  (entries.py, filters.py, counting.py).
* APIs: a new project has few, and the others refuse until they are enabled (apis.py).
* alerting: `/_local/evaluate` POST; `/_local/incidents` GET; `/_local/notifications` GET, DELETE (conditions.py,
  incidents.py).
* `/_local/settle` POST waits until nothing is due or under way; `/_local/attempts` GET, DELETE. `/_local/faults`,
  `/_local/requests` and `/_local/about`: server.py.

Deliveries, retries and the clock end with the process; entries, points and open incidents are kept. No request leaves
127.0.0.1.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.emulator.faults import Faults
from local.emulator.runtime import Runtime
from local.emulator.server import HOST, Emulator, Server
from local.emulator.services import EVERY_API, Service, services

__all__ = ["EVERY_API", "Running", "serve"]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running emulator: where it listens, its faults, and what runs beside the server."""

    url: str  # without a slash at the end
    faults: Faults
    runtime: Runtime


@contextmanager
def serve(
    state_dir: Path, *, port: int = 0, rows: Iterable[Service] | None = None, enabled: Iterable[str] = EVERY_API
) -> Iterator[Running]:
    """Serve the state in `state_dir` until the block ends; port 0 is a free one, OSError if `port` is taken.

    A project has the APIs of a new one (apis.py), those of `enabled`, and what it enables itself. `local run` and the tests of
    first days leave `enabled` empty.
    """
    emulator = Emulator(state_dir, services() if rows is None else rows, enabled=enabled)
    try:
        with Server(emulator, port) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            try:
                yield Running(url=f"http://{HOST}:{server.server_port}", faults=emulator.faults, runtime=emulator.runtime)
            finally:
                server.shutdown()
                thread.join()
    finally:
        emulator.close()
