"""Which provider acts for COMMAND: the stand-in of `local/provider`, or the real hashicorp/google kept to this machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.environment import token
from local.installed import install
from local.proxy import Refusing, refusing

VARIABLE = "INTERLOCK_LOCAL_PROVIDER"
OURS, REAL = "ours", "real"
KINDS = (OURS, REAL)
_LOOPBACK = "127.0.0.1,localhost"
TRIED = frozenset({"openidconnect.googleapis.com"})
"""What the real provider asks for at each start, the user's address, and gets along without
(https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/transport/config.go, GetCurrentUserEmail)."""


@dataclass(frozen=True, kw_only=True)
class Acting:
    """A provider that acts: its kind, how people call it, and the variables that lead Terraform to it."""

    kind: str
    name: str
    variables: Mapping[str, str]
    proxy: Refusing | None = None

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Hosts that COMMAND or the provider asked for, in vain, and that nobody expects."""
        return tuple(host for host in (self.proxy.asked if self.proxy else ()) if host not in TRIED)


@contextmanager
def acting(kind: str, *, url: str, folder: Path, env: Mapping[str, str]) -> Iterator[Acting]:
    """A provider of this kind for the emulator at `url`, while the block lasts. `folder` keeps an installed one, `env` is the
    user's environment. NotInstalledError where the real one can't be had."""
    if kind == REAL:
        installed = install(folder, env)
        with refusing() as proxy:
            variables = _kept_here(proxy.url) | {"TF_CLI_CONFIG_FILE": str(installed.settings), VARIABLE: REAL}
            yield Acting(kind=REAL, name=f"hashicorp/google {installed.version}", variables=variables, proxy=proxy)
        return
    from local import provider  # grpc takes 0.1 s to import: not for joiners and --help

    # Not in the state folder: the path of a socket is at most 107 bytes long. The folder is 0700.
    with (
        tempfile.TemporaryDirectory(prefix="interlock-") as sockets,
        provider.serve(Path(sockets) / "provider.sock", url=url, token=token(env)) as served,
    ):
        # A provider that runs already: no installation, no lock file.
        yield Acting(kind=OURS, name="", variables={"TF_REATTACH_PROVIDERS": json.dumps(served.reattach)})


def _kept_here(proxy: str) -> dict[str, str]:
    """The variables that send every request but those to loopback to the proxy; a NO_PROXY of the user's may say otherwise."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    both = {spelling: proxy for name in names for spelling in (name, name.lower())}
    return both | {"NO_PROXY": _LOOPBACK, "no_proxy": _LOOPBACK}
