"""gcloud as processes of its own, without one that starts and imports itself anew for each command, which takes a second.

Run by gcloud's own Python as CLOUDSDK_PYTHON_ARGS says, in the place of `gcloud.py`, whose path is its argument: it imports
what that imports, and then makes a copy of itself for each line of its stdin, which is that program with these arguments,
variables, folder and files for what it says. It answers with the copy's exit code. It has the standard library alone.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
import threading
from contextlib import suppress
from importlib import import_module

EARLY = (
    "googlecloudsdk.gcloud_main",
    "googlecloudsdk.api_lib.logging.util",
    "googlecloudsdk.command_lib.tasks.app",
    "googlecloudsdk.command_lib.util.apis.update_resource_args",
    "googlecloudsdk.core.updater.update_manager",
    "proto",
)
"""The first, and what commands import beside it, which a copy would import anew; another gcloud may not have them."""


def serve(program: str) -> None:
    """Be gcloud for whoever writes to stdin."""
    sys.path[0] = os.path.dirname(program)  # noqa: PTH120 - as Python does for a script
    import gcloud  # type: ignore[import-not-found]

    sys.path = gcloud.reorder_sys_path(sys.path)
    for name in EARLY:
        with suppress(ImportError):
            import_module(name)
    assert threading.active_count() == 1, "a copy would have one thread of several"
    gc.freeze()  # or each copy looks through all of it for garbage, and has a copy of every page of it
    for line in sys.stdin:
        copy = os.fork()
        if copy == 0:
            _become(program, **json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), flush=True)


def _become(program: str, words: list[str], folder: str, environ: dict[str, str], files: list[str]) -> None:
    for number, name in enumerate((os.devnull, *files)):
        file = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [program, *words]
    runpy.run_path(program, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    serve(sys.argv[1])
