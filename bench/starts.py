"""How long commands take that do little, and a synth beside what cdktf and Node.js cost alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bench.measure import PYTHON
from bench.table import Comparison
from bench.ways import INTERLOCK, Commands, way, without
from interlock.reading.kept import FOLDER
from interlock.terminal.synthesized import FILE

EMPTY = "import sys; from cdktf import App; App(outdir=sys.argv[1]).synth()"
"""An app without a stack."""
STAMP = Path("cdktf.out/local") / FILE
MUST = {"--help": 0.15, "validate": 0.4, "status": 1.0}


def starts(environ: Mapping[str, str]) -> Comparison:
    """Each as typed: `status` with the local target's start."""
    afresh = without(FOLDER, INTERLOCK, "validate")
    return Comparison(
        ways=[
            way(f"interlock {words}", Commands(lines=[[INTERLOCK, words]], environ=environ), must=limit)
            for words, limit in MUST.items()
        ]
        + [way("interlock validate, of a catalog that was not read before", Commands(lines=[afresh], environ=environ))]
    )


def synth(folder: Path) -> Comparison:
    """The app of the whole catalog, without the cdktf command line around it."""
    empty = Commands(lines=[[PYTHON, "-c", EMPTY, str(folder)]], environ=os.environ)
    whole = Commands(lines=[without(STAMP, PYTHON, "main.py")], environ=os.environ)
    again = Commands(lines=[[PYTHON, "main.py"]], environ=os.environ)
    return Comparison(
        floor=way("an empty app of cdktf", empty),
        ways=[way("python main.py", whole, must=3.0, goal=2.0), way("python main.py, nothing has changed", again)],
    )
