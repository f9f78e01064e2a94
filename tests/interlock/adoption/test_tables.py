"""What is proposed of touches: whose they are, how sure that is, and what the catalog can't say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.access import Kind
from interlock.adoption.services import Known
from interlock.adoption.tables import Confidence, Line, Proposal, Touch, propose
from interlock.catalog import ServiceKind
from interlock.labels import label_of
from tests.interlock.catalogs import GOOD, load
from tests.interlock.cloud import at

PROJECT = "some-project"
OWN, OTHER = "web@some-project.iam.gserviceaccount.com", "other@some-project.iam.gserviceaccount.com"
GOOGLES = "100000000000-compute@developer.gserviceaccount.com"
CATALOG = load(GOOD)
KNOWN = Known(
    accounts={OWN: ("web",), OTHER: ("other",)},
    called={"fetch": ("web",)},
    topics={},
    kinds={"web": ServiceKind.RUN, "other": ServiceKind.RUN},
)
TOUCH = Touch(
    is_written=True,
    principal=OWN,
    job_type="QUERY",
    statement="MERGE",
    label="",
    is_transfer=False,
    project=PROJECT,
    dataset="raw",
    family="lines",
    members=1,
    member="lines",
    jobs=3,
    days=2,
    last=at("2026-11-20 12:00"),
    last_job="j",
    location="US",
)


def proposed(*touches: Touch, known: Known = KNOWN) -> Proposal:
    return propose(CATALOG, PROJECT, touches, known)


def only(proposal: Proposal) -> Line:
    [processor] = proposal.processors
    [line] = processor.lines
    return line


def test_a_table_of_a_service_is_proposed_for_the_jobs_that_call_it() -> None:
    proposal = proposed(TOUCH, replace(TOUCH, is_written=False, statement="SELECT", jobs=5, days=4))
    [processor] = proposal.processors
    assert (processor.name, processor.service, processor.kind, processor.started_by) == ("web", "web", None, ("fetch",))
    line = only(proposal)
    assert (line.table, line.kinds, line.jobs, line.days) == ("raw.lines", (Kind.READ, Kind.MUTATE), 8, 4)
    assert line.statements == (("SELECT", 5), ("MERGE", 3))
    assert proposal.runs == (("fetch", ("load", "web")),), "what the job runs already stays"


@pytest.mark.parametrize(
    ("touch", "known", "confidence", "note"),
    [
        pytest.param(TOUCH, KNOWN, "high", None, id="an account of its own, on several days"),
        pytest.param(replace(TOUCH, days=1), KNOWN, "medium", "on one day only", id="on one day"),
        pytest.param(
            replace(TOUCH, principal=GOOGLES),
            replace(KNOWN, accounts={GOOGLES: ("web",)}),
            "medium",
            "Google's default account, which machines and notebooks may have, too",
            id="Google's default account",
        ),
        pytest.param(
            TOUCH,
            replace(KNOWN, is_complete=False),
            "medium",
            "not every service could be listed, so that another may have the account",
            id="not all services are known",
        ),
        pytest.param(replace(TOUCH, label="fetch"), KNOWN, "high", None, id="a label"),
        pytest.param(
            replace(TOUCH, label="fetch", principal=OTHER), KNOWN, "medium", f"{OTHER} is no account of web", id="another's"
        ),
    ],
)  # fmt: skip
def test_how_sure_a_line_is(touch: Touch, known: Known, confidence: str, note: str | None) -> None:
    line = only(proposed(touch, known=known))
    assert (line.confidence, line.notes) == (confidence, (note,) if note else ())


def test_an_account_that_several_services_have_proposes_nothing_and_lists_candidates() -> None:
    proposal = proposed(TOUCH, known=replace(KNOWN, accounts={OWN: ("other", "web")}))
    assert proposal.processors == ()
    [shared] = proposal.shared
    assert (shared.account, shared.services) == (OWN, ("other", "web"))
    assert [(line.table, line.confidence) for line in shared.lines] == [("raw.lines", Confidence.LOW)]


def test_a_label_tells_whose_it_is_where_an_account_does_not() -> None:
    proposal = proposed(replace(TOUCH, label="fetch"), known=replace(KNOWN, accounts={OWN: ("other", "web")}))
    [processor] = proposal.processors
    assert (processor.name, processor.service, processor.started_by) == ("fetch", "web", ("fetch",))
    assert proposal.shared == ()


def test_a_label_of_somebody_who_is_no_service_counts_for_nothing() -> None:
    proposal = proposed(replace(TOUCH, label="fetch", principal="ana@example.com"))
    assert (proposal.processors, proposal.shared, proposal.strangers, proposal.people) == ((), (), (), 1)


@pytest.mark.parametrize(
    ("name", "label"),
    [("fetch", "fetch"), ("Odds_Props_V2", "odds_props_v2"), ("a.b@c", "a_b_c"), ("x" * 70, "x" * 63)],
)
def test_a_name_as_a_label_holds_it(name: str, label: str) -> None:
    assert label_of(name) == label


def test_a_label_that_two_jobs_may_have_means_neither() -> None:
    job = GOOD[GOOD.index("  fetch:") : GOOD.index("backfills:")]
    long = "x" * 63
    catalog = load(GOOD.replace(job, job.replace("fetch:", f"{long}a:") + job.replace("fetch:", f"{long}b:")))
    called = {f"{long}{end}": ("web",) for end in "ab"}
    proposal = propose(catalog, PROJECT, [replace(TOUCH, label=long)], replace(KNOWN, called=called))
    assert [each.name for each in proposal.processors] == ["web"], "the account still tells the service"


def test_what_a_processor_of_the_catalog_says_is_not_proposed_again() -> None:
    known = replace(TOUCH, statement="", job_type="LOAD", dataset="raw", family="games", member="games")
    appended = replace(known, sample=replace(known.sample, disposition="WRITE_APPEND"))
    assert (proposed(appended).processors, proposed(appended).declared) == ((), 1)
    assert only(proposed(replace(TOUCH, family="games", member="games"))).kinds == (Kind.MUTATE,), "it says append, not mutate"


def test_a_name_that_the_catalog_has_is_not_taken_twice() -> None:
    catalog = load(GOOD.replace("  load: {", "  web: {").replace("[load]", "[web]"))
    [processor] = propose(catalog, PROJECT, [TOUCH], KNOWN).processors
    assert processor.name == "web-2"
    assert processor.why.endswith("the catalog has web already, to which this may belong")


@pytest.mark.parametrize(
    ("touches", "table", "note"),
    [
        pytest.param([replace(TOUCH, family="e_", member="e_20261120", members=3)], "raw.e_", True, id="several shards"),
        pytest.param([replace(TOUCH, family="e_", member="e_20261120")], "raw.e_20261120", False, id="one alone"),
        pytest.param(
            [
                replace(TOUCH, family="e_", member="e_20261120"),
                replace(TOUCH, family="e_", member="e_20261119", statement="INSERT"),
            ],
            "raw.e_",
            True,
            id="one a statement",
        ),
    ],
)
def test_shards_by_date_are_one_table_when_there_are_several(touches: list[Touch], table: str, note: bool) -> None:
    line = only(proposed(*touches))
    assert (line.table, any("sharded by date" in each for each in line.notes)) == (table, note)


@pytest.mark.parametrize(
    ("touch", "shown"),
    [
        pytest.param(replace(TOUCH, project="another"), "another.raw.lines", id="of another project"),
        pytest.param(replace(TOUCH, family="odd name", member="odd name"), "raw.odd name", id="a name that is none here"),
        pytest.param(replace(TOUCH, family="s_*", member="s_5f3a9c01", members=9), "raw.s_*", id="names made anew each time"),
        pytest.param(replace(TOUCH, family="x" * 1000, member="x" * 1000), f"raw.{'x' * 1000}", id="a name too long for YAML"),
    ],
)
def test_tables_that_no_catalog_can_say_are_listed(touch: Touch, shown: str) -> None:
    proposal = proposed(touch)
    assert (proposal.processors, proposal.outside) == ((), (shown,))


def test_transfers_strangers_and_services_of_which_nothing_was_seen_are_listed() -> None:
    dbt = "dbt@some-project.iam.gserviceaccount.com"
    proposal = proposed(
        replace(TOUCH, is_transfer=True), replace(TOUCH, principal=dbt), known=replace(KNOWN, called={"fetch": ("other",)})
    )
    assert proposal.processors == ()
    assert (proposal.transfers, proposal.strangers) == (3, ((dbt, 3, ("raw.lines",)),))
    assert proposal.silent == ("other",)


def test_a_truncate_empties_its_table_wherever_jobs_names_it() -> None:
    assert only(proposed(replace(TOUCH, statement="TRUNCATE_TABLE", is_written=False))).kinds == (Kind.TRUNCATE,)


def test_a_statement_that_changes_no_row_proposes_nothing() -> None:
    assert proposed(replace(TOUCH, statement="ALTER_TABLE")).processors == ()
