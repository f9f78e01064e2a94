"""Who may call the coordinator of an environment: for the stack that tells it, and for the command line, which may do without.

Not in `callers.py`: the coordinator does without environments, as a change of their code would deploy the function anew.
"""

from __future__ import annotations

from interlock.environment import Environment
from interlock.runtime.callers import PUSH, SUBSCRIPTION, TIMERS, Callers


def callers(env: Environment) -> Callers:
    """Who may call the coordinator of an environment."""
    return Callers(
        audience=env.coordinator_url,
        timers=env.account(TIMERS),
        push=env.account(PUSH),
        subscription=f"projects/{env.project}/subscriptions/{SUBSCRIPTION}",
        operators=tuple(sorted(env.coordinator.operators)),
        admins=tuple(sorted(env.coordinator.admins)),
    )
