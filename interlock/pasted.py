"""Commands as they are printed: each can be pasted at the root of the repository, and acts in the environment that it names."""

from __future__ import annotations

import shlex

LOCAL = "local"
"""The environment that acts on the embedded stand-in and on nothing else."""
INTERLOCK = ".venv/bin/interlock"
"""The command line as it is called from the repository's root, whether or not its environment is activated."""


def interlock_command(*words: str, env: str = LOCAL) -> str:
    """`interlock WORDS` in an environment, so that it can be pasted at the root of the repository."""
    return shlex.join([INTERLOCK, *words, *(("--env", env) if env != LOCAL else ())])


def make_command(target: str, *, env: str = LOCAL, **variables: str) -> str:
    """`make TARGET` in an environment, so that it can be pasted at the root of the repository."""
    given = {**variables, **({"ENV": env} if env != LOCAL else {})}
    return " ".join(["make", target, *(f"{name}={shlex.quote(value)}" for name, value in given.items())])
