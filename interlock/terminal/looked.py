"""Whether the coordinator has looked at what is deployed: so that a deploy with nothing to do starts none to hear that again.

It is noted beside the synthesized stacks, with the generations of their states. Whoever applies anything, here or elsewhere,
writes a state, and on another machine nothing is noted: then it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from interlock.environment import Environment
from interlock.terminal.cdktf import output_folder
from interlock.terminal.written import write

FILE = "looked.json"


def has_looked(environment: Environment, states: Mapping[str, int]) -> bool:
    """Whether it has, and all was well, since these `states` were written, of all stacks with their generations."""
    try:
        return bool(states) and json.loads((output_folder(environment) / FILE).read_text(encoding="utf-8")) == states
    except (OSError, ValueError):
        return False


def note(environment: Environment, states: Mapping[str, int]) -> None:
    """Notes that it has looked just now, and all is well; these `states` were there before it did."""
    write(output_folder(environment) / FILE, json.dumps(states, indent=2, sort_keys=True) + "\n")
