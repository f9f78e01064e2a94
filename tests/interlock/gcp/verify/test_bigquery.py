"""BigQuery through Google's own client, against a server on loopback: what is sent, what is read, and what can't be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from interlock.gcp.verify.bigquery import CantTell, NoCredentials, Warehouse
from interlock.verify.columns import Columns, choose
from interlock.verify.queries import recent_inserts
from interlock.verify.verdict import CountedDay
from tests.interlock.cloud import at
from tests.interlock.gcp.verify.bigquery_server import BigQuery, error, serving

MICROS = 1_000_000
INSERTED = at("2026-03-10 10:16")
SQL = recent_inserts("shop-data", "raw.games", Columns(day="game_date", inserted="created_at"), date(2026, 3, 9))


@pytest.fixture
def there() -> Iterator[BigQuery]:
    with serving() as bigquery:
        yield bigquery


@pytest.fixture
def warehouse(there: BigQuery) -> Warehouse:
    return Warehouse("shop-data", there.url, max_bytes=5_000)


GAMES = {"game_date": "DATE", "game_id": "STRING", "created_at": "TIMESTAMP"}


@pytest.mark.parametrize(
    ("partitioning", "day"),
    [
        pytest.param({"type": "DAY", "field": "game_date"}, "game_date", id="by a column"),
        pytest.param({"type": "DAY"}, "_PARTITIONTIME", id="by ingestion time"),
        pytest.param(None, "created_at", id="not at all"),
    ],
)
def test_what_a_table_goes_by(there: BigQuery, warehouse: Warehouse, partitioning: dict[str, str] | None, day: str) -> None:
    there.add("raw.games", GAMES, partitioning=partitioning, modified_ms=int(INSERTED.timestamp() * 1000))
    shape = warehouse.shape("raw.games")
    assert choose(shape, Columns()) == Columns(day=day, inserted="created_at")
    assert (shape.rows, shape.modified, shape.location) == (10, INSERTED, "US")
    assert there.statements == [], "what a table looks like costs no query"


def test_a_query_is_bounded_labelled_and_in_standard_sql(there: BigQuery, warehouse: Warehouse) -> None:
    there.rows["raw.games"] = [("2026-03-10", 34, str(int(INSERTED.timestamp() * MICROS))), (None, 2, None)]
    assert warehouse.days(SQL, "US") == [
        CountedDay(day=date(2026, 3, 10), rows=34, last_insert=INSERTED),
        CountedDay(day=None, rows=2, last_insert=None),
    ]
    [sent] = there.statements
    assert sent["query"] == SQL
    assert (sent["maximumBytesBilled"], sent["useLegacySql"], sent["location"]) == ("5000", False, "US")
    assert sent["labels"] == {"interlock": "verify"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(error(400, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 5000. 10485760 or higher."),
                     "400 Query exceeded limit for bytes billed", id="it would cost too much"),
        pytest.param(error(403, "accessDenied", "Access Denied: Table p:raw.games"), "403 Access Denied", id="no right to it"),
        pytest.param(error(400, "invalidQuery", "Unrecognized name: created_at"), "Unrecognized name", id="no such column"),
    ],
)  # fmt: skip
def test_a_query_that_fails_is_sent_once_and_says_why(
    there: BigQuery, warehouse: Warehouse, answer: tuple[int, dict[str, object]], said: str
) -> None:
    there.rows["raw.games"] = answer
    with pytest.raises(CantTell, match=said):
        warehouse.days(SQL, None)
    assert len(there.statements) == 1


def test_a_table_that_is_not_there_or_not_for_you(there: BigQuery, warehouse: Warehouse) -> None:
    there.tables["raw.secret"] = error(403, "accessDenied", "Access Denied: Table p:raw.secret")
    with pytest.raises(CantTell, match=r"404 Not found: Table p:raw\.games"):
        warehouse.shape("raw.games")
    with pytest.raises(CantTell, match="403 Access Denied"):
        warehouse.shape("raw.secret")


def test_without_credentials_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(NoCredentials, match="no credentials for BigQuery"):
        Warehouse("shop-data", None, max_bytes=1)
