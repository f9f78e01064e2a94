"""The least that moves can cost, proven by HiGHS: the search's quadratic assignment, linearised, as a mixed-integer program.

Of each job exactly one move is chosen. Of each pair a share of each two moves is chosen, of which the sums over either job's
moves are the choices themselves: where these are whole numbers the share is their product, so the sum of the shares' costs is
what the choices cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import highspy

from interlock.timing.costs import Costs
from interlock.timing.placing import Limits

GAP = 1e-6
"""Of the optimum: how far what HiGHS calls optimal may be from it."""


def optimum(costs: Costs, limits: Limits, least: float = 0.0) -> float:
    """What the best moves within `limits` cost, with `least` for each job that is moved."""
    solver = highspy.Highs()
    for option, value in {"output_flag": False, "mip_rel_gap": GAP, "mip_abs_gap": GAP, "threads": 1, "random_seed": 0}.items():
        solver.setOptionValue(option, value)
    chosen = {job: {by: solver.addBinary(obj=least * bool(by)) for by in moves} for job, moves in limits.allowed.items()}
    for choices in chosen.values():
        solver.addConstr(sum(choices.values()) == 1)
    stays = {job: {0: 1} for pair in costs.pairs for job in pair if job not in chosen}
    for pair in sorted({*costs.pairs, *_bound(limits)}):
        _link(solver, costs, limits, pair, chosen | stays)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise AssertionError(f"HiGHS proves nothing: {solver.getModelStatus()}")
    return solver.getObjectiveValue()


def _bound(limits: Limits) -> set[tuple[str, str]]:
    """The pairs that a rule is about."""
    return {pair for pair in combinations(sorted(limits.allowed), 2) if limits.apart(pair)}


def _link(
    solver: highspy.Highs, costs: Costs, limits: Limits, pair: tuple[str, str], chosen: Mapping[str, Mapping[int, object]]
) -> None:
    """What a pair costs, by the moves of both; two that may not be together have no share."""
    one, other = pair
    forbidden = limits.apart(pair)
    shares = {
        (mine, its): solver.addVariable(lb=0, ub=float(its - mine not in forbidden), obj=costs.of(pair, its - mine))
        for mine in chosen[one]
        for its in chosen[other]
    }
    for mine, is_chosen in chosen[one].items():
        solver.addConstr(sum(shares[mine, its] for its in chosen[other]) == is_chosen)
    for its, is_chosen in chosen[other].items():
        solver.addConstr(sum(shares[mine, its] for mine in chosen[one]) == is_chosen)
