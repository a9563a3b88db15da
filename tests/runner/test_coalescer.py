"""Concurrent queries share a statement, and each is answered by a statement that began after it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from runner.store.coalescer import Coalescer

POOL: Any = object()


class Table:
    """Answers one statement at a time, when the test releases it."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.release = asyncio.Semaphore(0)
        self.broken = False
        self.rows = {"a": 1, "b": 2}

    async def read(self, pool: Any, keys: Sequence[str]) -> dict[str, int]:
        assert pool is POOL
        self.batches.append(sorted(keys))
        await self.release.acquire()
        if self.broken:
            raise ConnectionError("away")
        return {key: self.rows[key] for key in keys if key in self.rows}


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def post(gathered: Coalescer[str, int], *keys: str) -> "asyncio.Task[dict[str, int]]":
    task = asyncio.create_task(gathered.find(POOL, keys))
    await turns()
    return task


async def test_callers_that_arrive_meanwhile_share_the_next_statement() -> None:
    table = Table()
    gathered = Coalescer(table.read)
    requests = [
        await post(gathered, "a"),
        await post(gathered, "b"),
        await post(gathered, "b", "c"),
    ]
    table.release.release()
    table.release.release()
    assert await asyncio.gather(*requests) == [{"a": 1}, {"b": 2}, {"b": 2}]
    assert table.batches == [["a"], ["b", "c"]]


async def test_nothing_is_kept() -> None:
    table = Table()
    gathered = Coalescer(table.read)
    table.release.release()
    assert await gathered.find(POOL, ["a"]) == {"a": 1}
    table.rows["a"] = 3
    table.release.release()
    assert await gathered.find(POOL, ["a"]) == {"a": 3}


@pytest.mark.parametrize("under_way", [True, False])
async def test_the_caller_that_requested_all_may_leave(under_way: bool) -> None:
    table = Table()
    gathered = Coalescer(table.read)
    before = [] if under_way else [await post(gathered, "a")]
    first, second = await post(gathered, "a"), await post(gathered, "b")
    first.cancel()
    for _ in range(3):
        table.release.release()
    assert await second == {"b": 2}
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.gather(*before)


async def test_a_caller_that_joined_may_leave_too() -> None:
    table = Table()
    gathered = Coalescer(table.read)
    requests = [await post(gathered, "a"), await post(gathered, "a"), await post(gathered, "b")]
    requests[2].cancel()
    table.release.release()
    table.release.release()
    assert await requests[0] == await requests[1] == {"a": 1}
    with pytest.raises(asyncio.CancelledError):
        await requests[2]


async def test_an_error_reaches_all_callers_and_the_next_call_reads_again() -> None:
    table = Table()
    gathered = Coalescer(table.read)
    requests = [await post(gathered, "a"), await post(gathered, "a"), await post(gathered, "b")]
    table.broken = True
    table.release.release()
    table.release.release()
    results = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(each) for each in results] == [ConnectionError] * 3
    table.broken = False
    table.release.release()
    assert await gathered.find(POOL, ["b"]) == {"b": 2}
