"""The port of a function's process: none that another process gets meanwhile."""

from __future__ import annotations

import socket

import pytest

from local.emulator import guest


def test_it_is_none_that_the_system_gives_to_who_asks_for_any() -> None:
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", 0))
        given = anybody.getsockname()[1]
    ports = {guest._free_port() for _ in range(20)}
    assert given not in guest._PORTS
    assert ports <= {*guest._PORTS}
    assert len(ports) > 1, "two processes at once don't draw the same"


def test_where_none_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(guest, "_PORTS", range(port, port + 1))
        with pytest.raises(guest.StartError, match=f"No port from {port} to {port} is free"):
            guest._free_port()
