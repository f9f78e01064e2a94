"""How much of a fortnight's truth is found, and how much of what is found is true: by the real client, on DuckDB.

`pytest -s` prints the figures; they are held here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.access import WRITES, Kind
from interlock.adoption.services import who_is_who
from interlock.adoption.tables import Confidence, Proposal, attributed, propose
from interlock.gcp.adoption.jobs import Jobs
from interlock.reading.files import load_environment
from tests.guard.bigquery_server import serving
from tests.interlock.catalogs import load
from tests.interlock.gcp.adoption.fortnight import DEFAULT_ACCOUNT, START, Fortnight, fortnight
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, past

ENVIRONMENT = load_environment(Path(__file__).parents[4] / "environments", "local")
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Score:
    """Of what is proposed, the part that is true; of what is true, the part that is proposed."""

    proposed: frozenset[object]
    true: frozenset[object]

    @property
    def precision(self) -> float:
        return len(self.proposed & self.true) / max(1, len(self.proposed))

    @property
    def recall(self) -> float:
        return len(self.proposed & self.true) / max(1, len(self.true))

    def __str__(self) -> str:
        return f"precision {self.precision:.2f} of {len(self.proposed)}, recall {self.recall:.2f} of {len(self.true)}"


def proposal_of(world: Fortnight) -> Proposal:
    catalog = load(world.catalog)
    with serving(JobsEngine(), PROJECT) as server:
        past(server, world.rows)
        jobs = Jobs(PROJECT, server.url, lambda _: None)
        known = who_is_who(catalog, ENVIRONMENT, world.deployed, [], DEFAULT_ACCOUNT)
        touches = jobs.touches("US", START)
        touches = jobs.sampled(touches, attributed(touches, known))
        return propose(catalog, PROJECT, touches, known)


def tables(proposal: Proposal, world: Fortnight) -> Score:
    """Service and table."""
    found = {(each.service, line.table) for each in proposal.processors for line in each.lines}
    return Score(frozenset(found), frozenset(world.truth))


def writes(proposal: Proposal, world: Fortnight) -> Score:
    """Service, table and kind of write."""

    def flat(pairs: dict[tuple[str, str], set[Kind]]) -> frozenset[object]:
        return frozenset((*pair, kind) for pair, kinds in pairs.items() for kind in kinds & WRITES)

    found = dict[tuple[str, str], set[Kind]]()
    for each in proposal.processors:
        for line in each.lines:
            found.setdefault((each.service, line.table), set()).update(line.kinds)
    return Score(flat(found), flat(world.truth))


@pytest.mark.parametrize("seed", SEEDS)
def test_with_an_account_a_service_most_is_found_and_most_is_true(seed: int) -> None:
    world = fortnight(seed)
    proposal = proposal_of(world)
    service_tables, kinds = tables(proposal, world), writes(proposal, world)
    print(f"\nan account a service, {len(world.rows):,} jobs: tables {service_tables}; kinds of writes {kinds}")
    assert service_tables.precision >= 0.8
    assert service_tables.recall >= 0.8
    assert kinds.precision >= 0.8
    assert kinds.recall >= 0.8
    sure = {
        (each.service, line.table) for each in proposal.processors for line in each.lines if line.confidence is Confidence.HIGH
    }
    doubtful = tables(proposal, world).proposed - sure
    assert Score(frozenset(sure), frozenset(world.truth)).precision >= 0.98, "what is called sure is sure"
    assert Score(doubtful, frozenset(world.truth)).precision < service_tables.precision, "the doubt is where the errors are"
    assert not proposal.shared


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_with_a_shared_account_little_is_proposed_and_that_is_true(seed: int) -> None:
    world = fortnight(seed, shared=0.6)
    proposal = proposal_of(world)
    score = tables(proposal, world)
    candidates = Score(
        frozenset((service, line.table) for each in proposal.shared for service in each.services for line in each.lines),
        frozenset(pair for pair in world.truth if world.accounts[pair[0]] == DEFAULT_ACCOUNT),
    )
    print(f"\n60 % of services share one: tables {score}; candidates, which are not proposed: {candidates}")
    assert score.precision >= 0.8
    assert candidates.recall >= 0.8, "the candidates have nearly all of it"
    assert candidates.precision < 0.5, "and guessing would be wrong more often than not"
    assert [each.account for each in proposal.shared] == [DEFAULT_ACCOUNT]


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_with_labels_a_shared_account_hides_nothing(seed: int) -> None:
    world = fortnight(seed, shared=0.6, labelled=True)
    proposal = proposal_of(world)
    score = tables(proposal, world)
    exact = {(each.name, line.table) for each in proposal.processors if each.name in world.calls for line in each.lines}
    labelled = Score(frozenset(exact), frozenset(world.by_job))
    print(f"\nlabels, 60 % share an account: tables {score}; job to table by label {labelled}")
    assert score.precision >= 0.8
    assert score.recall >= 0.8
    assert labelled.precision == 1
    assert labelled.recall >= 0.95
