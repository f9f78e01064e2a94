"""The cdktf app: the catalog and an environment become Terraform. INTERLOCK_CATALOG and INTERLOCK_ENV choose which."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interlock.environment import Environment

HERE = Path(__file__).parent
OUTPUT = "CDKTF_OUTDIR"
"""Set by the cdktf command line, from its --output, CDKTF_OUTPUT or cdktf.json."""
BINDINGS = "imports"
BAD_INPUT = 2


def main(*, unfilled: bool = False) -> None:
    """Write every stack of one environment to its own folder: two environments never share a plan or a lock file. What the last
    synth has written stays where nothing has changed. One that may be `unfilled`, with samples in it, is to be judged and not
    to be deployed."""
    began = time.time()
    if _is_written(unfilled=unfilled):
        return
    environ = dict(os.environ)  # without what stacks.cdk adds
    import_module("jsii")  # which starts Node.js; while that reads cdktf we import, read and work out whatever needs neither
    with ThreadPoolExecutor(1) as pool:
        _write_stacks(pool.submit(import_module, "stacks.cdk"), unfilled=unfilled, environ=environ, began=began)


class _Asked(NamedTuple):
    """What a synth is of, and where it goes."""

    name: str
    output: Path
    catalog: Path


def _asked() -> _Asked:
    from interlock.pasted import LOCAL

    name = os.environ.get("INTERLOCK_ENV", LOCAL)
    here = Path() if Path.cwd() == HERE else HERE  # as commands name it
    catalog = Path(os.environ.get("INTERLOCK_CATALOG") or here / "catalog")
    return _Asked(name=name, output=Path(os.environ.get(OUTPUT) or Path("cdktf.out") / name), catalog=catalog)


def _is_written(*, unfilled: bool) -> bool:
    """Whether what lies there is what a synth would write, and may be used."""
    from interlock.terminal import synthesized

    asked = _asked()
    if not (asked.output / synthesized.FILE).exists():
        return False
    _environment(asked, unfilled=unfilled)
    if synthesized.is_ours() and synthesized.is_fresh(asked.output, synthesized.inputs(asked.catalog, asked.name, os.environ)):
        synthesized.forget_imports(asked.output)
        return True
    return False


def _environment(asked: _Asked, *, unfilled: bool) -> Environment:
    """The environment, unless the variables of this process are those of another."""
    from interlock.environment import refuse_local_variables, refuse_own_token
    from interlock.reading.files import load_environment
    from interlock.reading.problems import SourceError
    from interlock.zones import ZoneDataError

    try:
        env = load_environment(HERE / "environments", asked.name, unfilled=unfilled)
    except (SourceError, ZoneDataError) as error:
        sys.exit(_refused(str(error)))
    if refusal := refuse_local_variables(env, os.environ) or refuse_own_token(env, os.environ):
        sys.exit(_refused(refusal))
    if asked.output.name != asked.name:
        meant = f"set CDKTF_OUTPUT=cdktf.out/{asked.name} and INTERLOCK_ENV={asked.name}"
        sys.exit(_refused(f"{asked.output} is not the folder of {asked.name}: {meant}"))
    return env


def _write_stacks(cdk: Future[ModuleType], *, unfilled: bool, environ: Mapping[str, str], began: float) -> None:
    from interlock.reading.files import load_catalog
    from interlock.reading.fit import check_both_ways
    from interlock.reading.problems import SourceError
    from interlock.runtime.declaration_file import DeclarationError
    from interlock.shares import shares
    from interlock.terminal import synthesized
    from interlock.timing.about import about
    from interlock.zones import ZoneDataError
    from stacks.archive import coordinator

    asked = _asked()
    name, output = asked.name, asked.output
    inputs = synthesized.inputs(asked.catalog, name, environ)
    env = _environment(asked, unfilled=unfilled)
    try:
        catalog = load_catalog(asked.catalog)
        check_both_ways(catalog, env)
    except (SourceError, ZoneDataError) as error:
        sys.exit(_refused(str(error)))
    about(catalog)  # the catalog keeps it for the stacks
    packed = coordinator()
    try:
        cdk.result()
        from stacks.alerting import AlertingStack
        from stacks.cdk import App, write
        from stacks.coordination import CoordinationStack
        from stacks.schedules import SchedulesStack
    except ImportError as error:
        if (error.name or "").partition(".")[0] != BINDINGS:
            raise
        sys.exit(_refused(f"{BINDINGS}/, the bindings of the provider, won't do ({error}); run: make setup"))

    output.mkdir(parents=True, exist_ok=True)
    synthesized.forget(output)
    app = App(outdir=str(output))
    CoordinationStack(app, catalog=catalog, env=env, archive=packed, output=output)
    try:
        for share in shares(catalog):
            SchedulesStack(app, catalog=catalog, env=env, share=share)
    except DeclarationError as error:
        sys.exit(_refused(str(error)))
    AlertingStack(app, env=env)
    write(app)
    if synthesized.is_ours():
        synthesized.stamp_unless_edited(output, inputs, catalog=asked.catalog, environment=name, environ=environ, began=began)


def _refused(message: str) -> int:
    print(message, file=sys.stderr)
    return BAD_INPUT


def _leave(is_written: list[bool]) -> None:
    """The last of what happens at the end, as the first that was registered: to take apart what is in memory is in vain."""
    if is_written:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    is_written: list[bool] = []
    atexit.register(_leave, is_written)
    gc.disable()  # what a synth makes lasts as long as it does
    main()
    is_written.append(True)
