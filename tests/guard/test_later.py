"""Questions of asyncio: answered as the others, and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from interlock_guard import (
    BucketUnreadable,
    HoldBucket,
    Skipped,
    aactive_holds,
    acheck,
    answer_when_held,
    check,
    job_labels,
    long_run,
    serialization_retry,
    skip_when_held,
)

from tests.guard.conftest import scopes
from tests.guard.storage_server import Bucket, serving

HELD = "holds/table/d.mart/x@2099-01-01T00:00:00Z.json"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as running:
        running.put(HELD, tables=["d.mart"], jobs=["fetch"])
        yield running


def reader(bucket: Bucket, **settings: float) -> HoldBucket:
    return HoldBucket("b", client=bucket.client(), **{"patience_s": 60.0, **settings})  # type: ignore[arg-type]


def test_a_question_is_answered_as_any_other(bucket: Bucket) -> None:
    asks = reader(bucket)

    async def ask() -> list[bool]:
        held = await acheck(asks, tables="d.mart", on_error="run")
        free = await acheck(asks, tables="d.raw", on_error="skip")
        assert scopes(await aactive_holds(asks, job="fetch")) == ["table/d.mart"]
        assert held == check(asks, tables="d.mart", on_error="run")
        return [held.held, free.held]

    assert asyncio.run(ask()) == [True, False]
    assert sorted(bucket.asked) == ["list backfills/", "list holds/", f"read {HELD}"], (
        "read once for all of them, in one loop or two"
    )


def test_a_thousand_questions_at_once_wait_for_one_reading_and_the_loop_goes_on(bucket: Bucket) -> None:
    """The bucket answers only when the loop lets it."""
    asks, let_go = reader(bucket), threading.Event()
    bucket.on_list = lambda _: let_go.wait(60) and None

    async def ask_all() -> int:
        questions = [asyncio.ensure_future(acheck(asks, tables="d.mart", on_error="run")) for _ in range(1000)]
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not any(question.done() for question in questions)
        let_go.set()
        return sum(verdict.held for verdict in await asyncio.gather(*questions))

    assert asyncio.run(ask_all()) == 1000
    assert bucket.asked.count("list holds/") == 1


def test_a_question_that_is_not_answered_ends_within_its_deadline_and_the_loop_goes_on(bucket: Bucket) -> None:
    asks, let_go = reader(bucket), threading.Event()
    bucket.on_list = lambda _: let_go.wait(60) and None

    async def ask() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        verdict = await acheck(asks, tables="d.mart", on_error="skip", deadline=0.2)
        assert verdict.error.endswith("no answer within 0.2 s")
        with pytest.raises(BucketUnreadable):
            await aactive_holds(asks, tables="d.mart", deadline=0.1)
        ticking.cancel()
        assert ticks > 5

    asyncio.run(ask())
    let_go.set()  # an answer for a loop that is closed
    assert check(asks, tables="d.mart", on_error="run").held


def test_a_question_that_is_cancelled_leaves_the_reading_to_others(bucket: Bucket) -> None:
    asks, let_go = reader(bucket), threading.Event()
    bucket.on_list = lambda _: let_go.wait(60) and None

    async def ask() -> bool:
        first = asyncio.ensure_future(acheck(asks, tables="d.mart", on_error="run"))
        second = asyncio.ensure_future(acheck(asks, tables="d.mart", on_error="run"))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        let_go.set()
        return (await second).held

    assert asyncio.run(ask())


@pytest.mark.parametrize("wrong", ["", None, 7])
def test_what_is_wrong_with_the_bucket_is_on_errors_to_decide(wrong: Any) -> None:
    verdicts = [asyncio.run(acheck(wrong, job="j", on_error=on_error)) for on_error in ("run", "skip")]  # type: ignore[arg-type]
    assert [verdict.held for verdict in verdicts] == [False, True]
    with pytest.raises(ValueError, match="say which job or which tables"):
        asyncio.run(acheck("b", on_error="run"))


class Process:
    """An object that can be called, and awaited then."""

    async def __call__(self, table: str) -> str:
        return f"loaded {table}, {job_labels()}"


async def process(table: str) -> str:
    """Loads."""
    return f"loaded {table}, {job_labels()}"


@pytest.mark.parametrize("function", [process, functools.partial(process), Process()], ids=["plain", "partial", "object"])
def test_a_coroutine_function_is_awaited_when_nothing_holds_it(bucket: Bucket, function: Callable[..., Awaitable[str]]) -> None:
    guarded: Callable[..., Awaitable[object]] = skip_when_held(
        reader(bucket), job="Fetch", tables=lambda table: [table], on_error="run"
    )(function)

    async def run(table: str) -> object:
        return await guarded(table)

    assert asyncio.run(run("d.raw")) == "loaded d.raw, {'scheduler_job': 'fetch'}"
    skipped = asyncio.run(run("d.mart"))
    assert isinstance(skipped, Skipped)
    assert not skipped


def test_an_asynchronous_view_answers_while_it_is_held(bucket: Bucket) -> None:
    ran = []

    @answer_when_held(reader(bucket), tables="d.mart", on_error="run")
    async def view() -> str:
        ran.append(1)
        return "scraped"

    async def ask() -> object:
        return await view()

    body, status, _ = asyncio.run(ask())  # type: ignore[misc]
    assert (status, '"skipped": true' in body, ran) == (200, True, [])


def test_a_long_run_of_asyncio_stops_between_two_batches_though_batches_catch_all(bucket: Bucket) -> None:
    bucket.objects.clear()
    done = []

    async def batch(number: int) -> None:
        done.append(number)
        if number == 2:
            bucket.put(HELD, tables=["d.mart"])

    async def run_all() -> bool:
        async with long_run(reader(bucket, max_age_s=0), tables="d.mart", on_error="run") as run:
            for number in range(9):
                try:
                    await run.astop_if_held()
                    await batch(number)
                except Exception:  # noqa: S112 (what it is about)
                    continue
            done.append("the end")
        return bool(run.stopped)

    assert asyncio.run(run_all())
    assert done == [0, 1, 2]


def test_a_unit_that_is_awaited_is_refused_by_the_retry() -> None:
    for unit in (process, functools.partial(process), Process()):
        with pytest.raises(TypeError, match="wrap a plain function"):
            serialization_retry(unit)


def test_loops_in_several_threads_ask_at_once(bucket: Bucket) -> None:
    asks, found = reader(bucket, max_age_s=0), []

    async def ask() -> None:
        verdicts = await asyncio.gather(*(acheck(asks, tables="d.mart", on_error="run") for _ in range(20)))
        found.extend(verdict.held for verdict in verdicts)

    bucket.on_list = lambda _: time.sleep(0.01)  # type: ignore[func-returns-value]
    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 80
