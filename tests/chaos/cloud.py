"""The deployed platform on the stand-in, with a fleet of instances in the place of one."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.emulator import HOST, attempts
from local.emulator.faults import Faults
from local.emulator.server import Emulator, Server
from local.emulator.services import services
from local.environment import ACCOUNT, for_command
from tests.chaos.fleet import Fleet
from tests.chaos.truth import State
from tests.e2e.deployment import Deployment, clean_environ, local_environment
from tests.e2e.granting import prepare
from tests.e2e.live import Live
from tests.providers import provider_of


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The deployed platform on the stand-in, served by a fleet."""

    live: Live
    emulator: Emulator
    fleet: Fleet
    log: list[str]

    def state(self) -> State:
        """What there is now."""
        bucket = local_environment().bucket
        store, kept = self.emulator.store, {}
        with store.transaction():
            for meta in store.objects(bucket):
                name = meta["name"]
                if name.startswith("coordinator/"):
                    continue
                found = store.object(bucket, name)
                assert found is not None
                kept[name] = (int(meta["generation"]), found[1])
            jobs = {name.rpartition("/")[2]: job["state"] for name, job in store.under(attempts.JOBS, "")}
        return State(now=self.emulator.runtime.clock.now(), objects=kept, jobs=jobs)


@contextmanager
def serve(folder: Path, *, seed: int, planted: Callable[[Path], None] = lambda _: None) -> Iterator[Cloud]:
    """The cloud whose state is in `folder`, as tests/e2e serve it, with a fleet in the place of its functions. What instances
    print is kept here and not in the cloud's log: a month of it would cost more than the month."""
    with ExitStack() as stack:
        emulator = Emulator(folder / "cloud", services(), enabled=())
        stack.callback(emulator.close)
        server = stack.enter_context(Server(emulator, 0))
        url, runtime, log = f"http://{HOST}:{server.server_port}", emulator.runtime, list[str]()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        stack.callback(server.shutdown)
        runtime.logged = lambda _function, line, _stream: log.append(line)
        fleet = Fleet(
            store=emulator.store,
            folder=folder / "cloud" / "functions",
            environment=runtime._environment,
            logged=lambda function, line, stream: runtime.logged(function, line, stream),
            may_invoke=runtime.may_invoke,
            emulator=emulator,
            rng=random.Random(f"fleet {seed}"),  # noqa: S311
            planted=planted,
        )
        runtime.functions = fleet
        deployer = prepare(url, local_environment())
        provider = stack.enter_context(provider_of(url, account=deployer))
        environ = clean_environ() | {ACCOUNT: deployer}
        environ = for_command(environ, url=url, provider=provider.variables, state=folder)
        environ |= {"TF_IN_AUTOMATION": "1", "CI": "1", "COLUMNS": "200"}
        deployment = Deployment(folder=folder / "work", url=url, faults=Faults(), environ=environ, store=emulator.store)
        yield Cloud(live=Live(deployment=deployment), emulator=emulator, fleet=fleet, log=log)
