"""A REST emulator of the Google APIs that Interlock uses, on 127.0.0.1, with its state in a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.emulator.faults import Faults
from local.emulator.runtime import Runtime
from local.emulator.server import HOST, Emulator, Server
from local.emulator.services import Service, services

__all__ = ["Running", "serve"]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running emulator: where it listens, its faults, and what runs beside the server."""

    url: str  # without a slash at the end
    faults: Faults
    runtime: Runtime


@contextmanager
def serve(state_dir: Path, *, port: int = 0, rows: Iterable[Service] | None = None) -> Iterator[Running]:
    """Serve the state in `state_dir` until the block ends; port 0 is a free one, OSError if `port` is taken."""
    emulator = Emulator(state_dir, services() if rows is None else rows)
    try:
        with Server(emulator, port) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield Running(url=f"http://{HOST}:{server.server_port}", faults=emulator.faults, runtime=emulator.runtime)
            finally:
                server.shutdown()
                thread.join()
    finally:
        emulator.close()
