"""Many subscribers cost the database little: progress of a bulk action is read once for all, statistics are counted in
turns, and only for subscribers that a change may concern."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING as ALL
from models.filters.filters import Field, Filter, Not, Operator, Term
from models.ids import new_id, typed
from runner.store.postgres.connection import Pool
from schema.bulk.bulk import watch_bulk
from schema.comparison.queries import watch_stats
from tests.schema.test_bulk import Asker, asker
from tests.schema.test_list_statements import Counted
from tests.schema.test_measuring import info_of

__all__ = ["asker"]
DEADLINE = 20
_BULK = """
insert into bulk_sets (id, action, instruction, source, total, actor, expires_at, mode, state, channel, started_at)
values ($1, 'CANCEL', '{}', '{}', 2, 'user:ada', now(), 'EACH', 'RUNNING', 'API', now())
"""
_ITEMS = """
insert into bulk_items (bulk_id, position, execution_id, name, namespace, state_seq)
select $1, n, gen_random_uuid(), 'x', 'mine', 1 from generate_series(1, 2) n
"""
_DONE = "update bulk_items set outcome = 'DONE' where bulk_id = $1 and position = 1"


async def first_and_next(streams: Sequence[AsyncIterator[Any]]) -> list[asyncio.Future[Any]]:
    """Returns the second message of each subscription."""
    await asyncio.gather(*(anext(stream) for stream in streams))
    return [asyncio.ensure_future(anext(stream)) for stream in streams]


@pytest.mark.parametrize("number", [1, 60])
async def test_progress_is_read_once_for_all_subscribers(asker: Asker, number: int) -> None:
    id = new_id()
    await asker.pool.execute(_BULK, id)
    await asker.pool.execute(_ITEMS, id)
    counted = Counted(asker.pool)
    info = info_of(asker, Scope(), counted)
    streams = [watch_bulk(info, typed("bulk", id)) for _ in range(number)]
    messages = await first_and_next(streams)
    counted.statements.clear()
    await asker.pool.execute(_DONE, id)
    asker.parts.feed.notify({f"b:{id}"})
    async with asyncio.timeout(DEADLINE):
        found = await asyncio.gather(*messages)
    assert {bulk.counts.done for bulk in found} == {1}
    assert len(counted.statements) <= 12
    for stream in streams:
        await stream.aclose()


class Crowd:
    """A pool that counts concurrent readers."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.now, self.most, self.number = pool, 0, 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, *statement: Any) -> Any:
        self.now, self.number = self.now + 1, self.number + 1
        self.most = max(self.most, self.now)
        try:
            return await self._pool.fetch(*statement)
        finally:
            self.now -= 1


async def test_statistics_are_counted_in_turns_and_for_those_concerned(asker: Asker) -> None:
    crowd = Crowd(asker.pool)
    info = info_of(asker, Scope(), crowd)
    labels = [Term(Field.LABEL, Operator.EQ, f"v{n}", "team") for n in range(40)]
    others = [watch_stats(info, label) for label in labels]
    wheres: list[Filter] = [ALL, *(Not(label) for label in labels)]
    concerned = [watch_stats(info, where) for where in wheres]
    waiting = await first_and_next(others)
    messages = await first_and_next(concerned)
    crowd.number = 0
    await asker.create("mine")
    async with asyncio.timeout(DEADLINE):
        found = await asyncio.gather(*messages)
    assert {stats.total.value for stats in found} == {1}
    assert crowd.most <= 2
    assert crowd.number <= 3 * len(concerned)  # once when it is created, and once when it begins
    assert not any(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for stream in concerned:
        await stream.aclose()
