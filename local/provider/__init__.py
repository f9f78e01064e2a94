"""A stand-in for Terraform's hashicorp/google provider, for this machine: the same plans, against the emulator.

It runs inside the process that starts it and is reached by Terraform's reattach mode, HashiCorp's facility for debugging
providers: no installation, no registry, no lock file. It refuses every address that is not loopback.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCES = ("registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google")
"""What Terraform and OpenTofu make of the source `hashicorp/google`; each ignores the other's."""
CDKTF = Path(__file__).parents[2] / "cdktf.json"
MAX_SOCKET_PATH_BYTES = 107  # sockaddr_un.sun_path is 108 bytes, with a closing zero
STOP_GRACE_SECONDS = 2.0


def version() -> str:
    """Which of the provider this one stands in for, as a constraint such as "~> 7.45": as cdktf.json has it, of which the
    bindings are made, so that each stack asks for it."""
    wanted = (one.partition("@") for one in json.loads(CDKTF.read_text(encoding="utf-8"))["terraformProviders"])
    return next(str(version) for name, _, version in wanted if name == "google")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A provider that is running."""

    socket: Path

    @property
    def reattach(self) -> Mapping[str, object]:
        """What TF_REATTACH_PROVIDERS has to be, as JSON, for terraform to find it."""
        address = {"Network": "unix", "String": str(self.socket)}
        found = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
        return dict.fromkeys(SOURCES, found)


@contextmanager
def serve(socket: Path, *, url: str, token: str = "") -> Iterator[Served]:
    """Run the provider of the emulator at `url` on a Unix socket while the block lasts; `token` says as whom it acts there.

    The socket belongs in a folder that only its owner can enter: whoever can connect can change resources. Raises ValueError
    for a path that is too long for a socket, or a URL that is not loopback.
    """
    from local.provider.server import Provider, start  # grpc takes 0.1 s to import: only for who serves

    if len(os.fsencode(socket)) > MAX_SOCKET_PATH_BYTES:
        raise ValueError(f"{socket}: longer than the {MAX_SOCKET_PATH_BYTES} bytes that a Unix socket's path may have")
    running = Provider(url, token)
    server = start(running, f"unix:{socket}")
    try:
        yield Served(socket=socket)
    finally:
        running.stop()
        server.stop(STOP_GRACE_SECONDS).wait()
