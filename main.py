"""The cdktf app: the catalog and an environment become Terraform. INTERLOCK_CATALOG and INTERLOCK_ENV choose which."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
OUTPUT = "CDKTF_OUTDIR"
"""Set by the cdktf command line, from its --output, CDKTF_OUTPUT or cdktf.json."""
BINDINGS = "imports"
BAD_INPUT = 2


def main(*, unfilled: bool = False) -> None:
    """Write every stack of one environment to its own folder: two environments never share a plan or a lock file. One that may
    be `unfilled`, with samples in it, is to be judged and not to be deployed."""
    import_module("jsii")  # which starts Node.js; while that reads cdktf we import, read and work out whatever needs neither
    with ThreadPoolExecutor(1) as pool:
        _write_stacks(pool.submit(import_module, "stacks.cdk"), unfilled=unfilled)


def _write_stacks(cdk: Future[ModuleType], *, unfilled: bool) -> None:
    from interlock.environment import refuse_local_variables, refuse_own_token
    from interlock.pasted import LOCAL
    from interlock.reading.files import load_catalog, load_environment
    from interlock.reading.fit import check_both_ways
    from interlock.reading.problems import SourceError
    from interlock.runtime.declaration_file import DeclarationError
    from interlock.shares import shares
    from interlock.timing.about import about
    from interlock.zones import ZoneDataError, release
    from stacks.archive import coordinator

    name = os.environ.get("INTERLOCK_ENV", LOCAL)
    output = Path(os.environ.get(OUTPUT) or Path("cdktf.out") / name)
    try:
        env = load_environment(HERE / "environments", name, unfilled=unfilled)
        catalog = load_catalog(Path(os.environ.get("INTERLOCK_CATALOG") or HERE / "catalog"))
        check_both_ways(catalog, env)
        release()  # a catalog that was kept as it was read asks for no zone
    except (SourceError, ZoneDataError) as error:
        sys.exit(_refused(str(error)))
    if refusal := refuse_local_variables(env, os.environ) or refuse_own_token(env, os.environ):
        sys.exit(_refused(refusal))
    if output.name != name:
        sys.exit(_refused(f"{output} is not the folder of {name}: set CDKTF_OUTPUT=cdktf.out/{name} and INTERLOCK_ENV={name}"))
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
    app = App(outdir=str(output))
    CoordinationStack(app, catalog=catalog, env=env, archive=packed, output=output)
    try:
        for share in shares(catalog):
            SchedulesStack(app, catalog=catalog, env=env, share=share)
    except DeclarationError as error:
        sys.exit(_refused(str(error)))
    AlertingStack(app, env=env)
    write(app)


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
