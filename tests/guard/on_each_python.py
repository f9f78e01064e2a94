"""What the guard does, on any Python that it promises, with nothing installed but itself: `python -m unittest` runs it.

python -m pip install './guard[bigquery]'
python -m unittest -v tests.guard.on_each_python
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import unittest
from typing import Any

from interlock_guard import (
    ConflictsExhausted,
    HoldBucket,
    Skipped,
    acheck,
    append_rows,
    check,
    job_labels,
    long_run,
    replace_rows,
    serialization_retry,
    skip_when_held,
)

from tests.guard import forking
from tests.guard.appending import FULL, SCHEMA, TABLE, games
from tests.guard.bigquery_server import Engine, Failure, Rows
from tests.guard.bigquery_server import serving as bigquery
from tests.guard.storage_server import Bucket, serving

HELD = f"holds/table/d.mart/x@{forking.END}.json"


class Questions(unittest.TestCase):
    """About a bucket that answers, and one that doesn't."""

    def setUp(self) -> None:
        context = serving()
        self.bucket: Bucket = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.bucket.put(HELD, tables=["d.mart"], jobs=["fetch"], reason="r")

    def reader(self, **settings: Any) -> HoldBucket:
        return HoldBucket("b", client=self.bucket.client(), **{"patience_s": 30.0, **settings})

    def test_what_is_held_and_what_is_not(self) -> None:
        asks = self.reader()
        self.assertTrue(check(asks, tables="p.d.mart", on_error="run").held)
        self.assertTrue(check(asks, job="fetch", on_error="run").held)
        self.assertFalse(check(asks, tables="d.raw", job="other", on_error="skip").held)

    def test_what_was_known_counts_when_nothing_answers(self) -> None:
        asks = self.reader(max_age_s=0)
        self.assertTrue(check(asks, tables="d.mart", on_error="run").held)
        self.bucket.on_list = lambda _: (403, b"{}")
        self.assertTrue(check(asks, tables="d.mart", on_error="run").held)
        self.assertTrue(check(asks, tables="d.raw", on_error="skip").held)
        self.assertFalse(check(asks, tables="d.raw", on_error="run").held)

    def test_an_answer_that_trickles_ends_within_the_deadline(self) -> None:
        self.bucket.trickle_s = 0.2
        self.assertIn("no answer within 0.3 s", check(self.reader(), job="j", on_error="run", deadline=0.3).error)

    def test_asyncio(self) -> None:
        asks = self.reader(max_age_s=0)

        @skip_when_held(asks, job="other", tables=lambda table: [table], on_error="run")
        async def load(table: str) -> str:
            return f"{table} {job_labels()}"

        async def ask() -> None:
            self.assertTrue((await acheck(asks, tables="d.mart", on_error="run")).held)
            self.assertEqual(await load("d.raw"), "d.raw {'scheduler_job': 'other'}")
            self.assertIsInstance(await load("d.mart"), Skipped)
            async with long_run(asks, tables="d.mart", on_error="run") as run:
                await run.astop_if_held()
            self.assertTrue(run.stopped)
            self.bucket.trickle_s = 0.2
            late = await acheck(self.reader(), tables="d.mart", on_error="skip", deadline=0.3)
            self.assertIn("no answer within 0.3 s", late.error)

        asyncio.run(ask())

    def test_a_long_run_stops_where_everything_is_caught(self) -> None:
        done = []
        with long_run(self.reader(), tables="d.mart", on_error="run") as run, contextlib.suppress(Exception):
            run.stop_if_held()
            done.append(1)
        self.assertTrue(run.stopped)
        self.assertEqual(done, [])

    @unittest.skipUnless(hasattr(os, "fork"), "this system doesn't fork")
    def test_children(self) -> None:
        forking.fill(self.bucket)
        asks = self.reader(max_age_s=0)
        self.assertEqual(forking.while_reading(self.bucket, asks), [[True, True], True])
        self.assertEqual(forking.known(self.bucket, asks), [True, False])


class Writing(unittest.TestCase):
    """With BigQuery's real client."""

    def test_a_load_and_insert_all(self) -> None:
        with bigquery(Engine(Failure("invalid", "no", "poll"))) as server:
            server.engine.failures.clear()
            server.declare(TABLE, SCHEMA)
            server.location, server.lost_answers = "us-west2", 1
            append_rows(TABLE, games(3), method="load", client=server.client(), job="Fetch")
            self.assertEqual([job.configuration["labels"] for job in server.jobs.values()], [{"scheduler_job": "fetch"}])
            append_rows(TABLE, games(600), method="insert_all", held=False, client=server.client())
            self.assertEqual(len(server.streamed[FULL]), 600)

    def test_a_conflict_is_tried_again(self) -> None:
        conflict = Failure("invalidQuery", "Could not serialize access to table acme:raw.games due to concurrent update")
        with bigquery(Engine(conflict)) as server:
            client = server.client()
            with self.assertRaises(ConflictsExhausted):
                serialization_retry(tries=1)(lambda: client.query("SELECT 1").result())()

    def test_rows_are_replaced_and_dates_are_strict(self) -> None:
        class Counting(Engine):
            def query(self, text: str, _parameters: dict[str, Any]) -> Rows:
                count = Rows(schema=[{"name": "found", "type": "INTEGER"}], rows=[(1,)])
                return count if text.startswith("SELECT COUNT") else Rows()

        with bigquery(Counting()) as server:
            server.declare("raw.played", [{"name": "game_id", "type": "STRING"}, {"name": "day", "type": "DATE"}],
                           timePartitioning={"type": "DAY", "field": "day"})  # fmt: skip
            for day in ("20260106", "2026-W02-2"):
                with self.assertRaisesRegex(ValueError, "a DATE is written"):
                    replace_rows("raw.played", [{"game_id": "1", "day": day}], key="game_id", partition="day",
                                 client=server.client())  # fmt: skip
            replace_rows("raw.played", [{"game_id": "1", "day": "2026-01-06"}], key="game_id", partition="day",
                         client=server.client())  # fmt: skip
            self.assertIn("MERGE INTO", server.submissions()[0]["query"])


if __name__ == "__main__":
    unittest.main()
