"""The rules over a made-up stack of 1,000 jobs, in this process: all of them, and each by itself.

Processor time, from an estate that nothing is known of yet. What several rules need of the estate (who starts when) is found
once and kept in it, so the rules by themselves add up to more than all of them together. checkov's own time is apart:
`policy_command.py`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import partial

from bench.collisions import JOBS, SEED, synthetic
from bench.measure import medians, say
from bench.review import whole
from interlock.catalog import Json
from policies.from_catalog import estate
from policies.rules import RULES
from policies.rules.estate import JOB, Estate, Origin, Resource
from policies.rules.judge import judge_all
from policies.rules.rule import Rule

TODAY = date(2026, 11, 24)
SHOWN_RULES = 8
TOKEN: Json = {"audience": "https://it.invalid", "service_account_email": "invoker@it.invalid"}


def measure(runs: int) -> None:
    """Times the pack, and the slowest rules of it."""
    jobs = _as_in_a_stack(estate(whole(synthetic(random.Random(SEED))), TODAY))  # noqa: S311
    rules = [rule for rule in RULES if Origin.STACK in rule.origins and JOB in rule.kinds]
    everything = f"{len(rules)} rules over {JOBS} jobs"
    ways: dict[str, Callable[[], float]] = {
        everything: partial(_judged, rules, jobs),
        **{rule.name: partial(_judged, [rule], jobs) for rule in rules},
    }
    measured = medians(ways, runs)
    slowest = sorted(measured, key=measured.__getitem__, reverse=True)[: SHOWN_RULES + 1]
    found = Counter(str(verdict.outcome) for verdict in judge_all(rules, _fresh(jobs)))
    counted = f"{found.total()} verdicts: {', '.join(f'{number} {outcome}' for outcome, number in sorted(found.items()))}"
    shown = {name: measured[name] for name in (everything, *(name for name in slowest if name != everything))}
    say(f"Policies, processor time; the {SHOWN_RULES} slowest rules by themselves", shown, everything, {everything: counted})


def _as_in_a_stack(catalog: Estate) -> Estate:
    """With what an environment and a stack add to each job."""
    jobs = {address: _deployed(job) for address, job in catalog.resources.items() if job.kind == JOB}
    return Estate(origin=Origin.STACK, today=TODAY, resources=jobs, facts=catalog.facts)


def _deployed(job: Resource) -> Resource:
    url = f"https://{job.facts.text('service')}.invalid{job.facts.text('path') or '/'}"
    target: dict[str, Json] = {"uri": url, "http_method": "POST", "oidc_token": TOKEN}
    values = {**job.attributes.values, "paused": False, "http_target": target}
    return replace(job, attributes=replace(job.attributes, values=values, templates=True))


def _fresh(about: Estate) -> Estate:
    """The same, of which nothing is known yet."""
    return Estate(origin=about.origin, today=about.today, resources=about.resources, facts=about.facts)


def _judged(rules: Iterable[Rule], jobs: Estate) -> float:
    about = _fresh(jobs)
    began = time.process_time()
    for _ in judge_all(rules, about):
        pass
    return time.process_time() - began
