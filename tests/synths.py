"""What main.py does, in this process: importing cdktf takes seconds, and once is enough."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.shares import shares


@cache
def packed() -> bytes:
    """The coordinator's archive. Its sources don't change while tests run, and to look through them takes most of a synth."""
    from stacks.archive import coordinator

    return coordinator()


def synthesize(catalog: Catalog, env: Environment, output: Path) -> None:
    """Every stack, written into `output`."""
    from stacks.alerting import AlertingStack
    from stacks.cdk import App, write
    from stacks.coordination import CoordinationStack
    from stacks.schedules import SchedulesStack

    output.mkdir(parents=True, exist_ok=True)
    app = App(outdir=str(output))
    CoordinationStack(app, catalog=catalog, env=env, archive=packed(), output=output)
    for share in shares(catalog):
        SchedulesStack(app, catalog=catalog, env=env, share=share)
    AlertingStack(app, env=env)
    write(app)
