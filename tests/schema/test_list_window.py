"""Changes within a row that move nothing are sent without reading the page again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING, Field, Filter, Operator, Term
from models.orders import ExecutionOrder
from models.states import ExecutionState
from runner.live.change_reader import Changes
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.store.lists.listing import View
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database
from schema.enums import LeaveReason
from schema.lists.difference import Leave, ListDelta
from schema.lists.resume_cache import LiveListQuery, ResumeCache
from schema.lists.window import LiveListUpdate, Window
from tests.runner.stored import store_execution

ACTIVE = Term(Field.STATE, Operator.IN, (ExecutionState.CREATED, ExecutionState.RUNNING))
DARK = Term(Field.LABEL, Operator.EQ, "dark", "shade")
PROGRESS = "progress = progress + 0.1"
DEADLINE = 20


class Looking:
    """A live list, and changes of the executions that it may show."""

    def __init__(self, pool: Pool, feed: Feed, changes: Changes, where: Filter, view: View) -> None:
        self.pool, self.feed = pool, feed
        wanted = LiveListQuery(Scope(), where, view)
        self.live_query = changes.live_query(where, wanted.scope, view.order)
        self.window = Window(pool, ResumeCache(), wanted, self.live_query)

    async def change(self, id: UUID, what: str) -> None:
        await self.pool.execute(f"update executions set seq = seq + 1, {what} where id = $1", id)
        self.feed.notify({f"e:{id}"})

    async def next_update(self) -> LiveListUpdate:
        while True:
            await self.live_query.wait_changed()
            if update := await self.window.next():
                return update


@asynccontextmanager
async def looking(pool: Pool, where: Filter, view: View) -> AsyncIterator[Looking]:
    """Opens a list that has been read once, when the active executions are known."""
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        Changes(pool, feed) as changes,
    ):
        found = Looking(pool, feed, changes, where, view)
        with found.live_query:
            await found.window.first(None)
            yield found


@pytest.mark.parametrize("size", [2, 50])
@pytest.mark.parametrize("order", [ExecutionOrder.CREATED_DESC, ExecutionOrder.STATE_ASC])
async def test_an_update_that_moves_nothing_reads_no_page(
    database: Database, size: int, order: ExecutionOrder
) -> None:
    ids = [await store_execution(database.pool) for _ in range(3)]
    async with looking(database.pool, ACTIVE, View(size, order)) as list_:
        shown = list(list_.window._seqs)
        await list_.change(shown[0], PROGRESS)  # until then nobody knows what was before
        await list_.next_update()
        refreshes = list_.window.refreshes
        for id in [*shown, *shown]:
            await list_.change(id, PROGRESS)
            next_update = await list_.next_update()
            assert not next_update.reset
            assert not next_update.change.enter
            assert not next_update.change.leave
            [row] = next_update.change.update
            assert (row["id"], row["seq"]) == (id, list_.window._seqs[id])
            assert (next_update.count, next_update.exact) == (3, True)
            assert list(list_.window._seqs) == shown
        assert list_.window.refreshes == refreshes
        assert set(shown) <= set(ids)


@pytest.mark.parametrize(
    ("order", "refreshes"), [(ExecutionOrder.CREATED_ASC, 1), (ExecutionOrder.FLOW_ASC, 2)]
)
async def test_of_all_there_is_one_is_told_who_leaves_and_by_creation_who_enters(
    database: Database, order: ExecutionOrder, refreshes: int
) -> None:
    ids = [await store_execution(database.pool) for _ in range(3)]
    async with looking(database.pool, ACTIVE, View(50, order)) as list_:
        await list_.change(ids[1], "state = 'FAILED', ended_at = now()")
        next_update = await list_.next_update()
        assert next_update.change == ListDelta(
            [], [], [Leave(ids[1], LeaveReason.NO_LONGER_MATCHES)]
        )
        assert (next_update.count, next_update.exact) == (2, True)
        await list_.change(ids[1], "state = 'CREATED', ended_at = null")
        next_update = await list_.next_update()
        [enter] = next_update.change.enter
        assert (enter.row["id"], enter.before) == (ids[1], ids[2])
        assert (next_update.count, next_update.exact) == (3, True)
        assert list(list_.window._seqs) == ids
        await database.pool.execute("delete from executions where id = $1", ids[0])
        list_.feed.notify({f"e:{ids[0]}"})
        next_update = await list_.next_update()
        assert next_update.change == ListDelta([], [], [Leave(ids[0], LeaveReason.DELETED)])
        assert list_.window.refreshes == refreshes


async def test_rows_that_move_within_an_order_are_queried_again(database: Database) -> None:
    one, other = [await store_execution(database.pool) for _ in range(2)]
    async with looking(database.pool, ACTIVE, View(50, ExecutionOrder.STATE_ASC)) as list_:
        await list_.change(one, "state = 'RUNNING'")
        next_update = await list_.next_update()
        assert [leave.reason for leave in next_update.change.leave] == [LeaveReason.MOVED]
        assert list(list_.window._seqs) == [other, one]
        assert list_.window.refreshes == 2


async def test_other_executions_do_not_concern_a_list_that_shows_all_matches(
    database: Database,
) -> None:
    shown, other = [await store_execution(database.pool) for _ in range(2)]
    dark = """labels = '{"shade": "dark"}'"""
    await database.pool.execute(f"update executions set {dark} where id = $1", shown)
    async with looking(database.pool, DARK, View(50)) as list_:
        await list_.change(other, """labels = '{"shade": "light"}'""")
        await list_.change(shown, PROGRESS)
        assert [row["id"] for row in (await list_.next_update()).change.update] == [shown]
        await list_.change(other, dark)
        assert [enter.row["id"] for enter in (await list_.next_update()).change.enter] == [other]
        assert list_.window.refreshes == 1


async def test_a_page_that_is_full_is_counted_in_its_own_moment(database: Database) -> None:
    for _ in range(3):
        await store_execution(database.pool)
    async with looking(database.pool, EVERYTHING, View(2)) as list_:
        list_.feed.notify({"*"})
        await list_.live_query.wait_changed()
        assert await list_.window.next() is None
        new = await store_execution(database.pool)
        list_.feed.notify({f"e:{new}"})
        next_update = await list_.next_update()
        assert (next_update.count, next_update.exact) == (4, True)
        assert [leave.reason for leave in next_update.change.leave] == [LeaveReason.BEYOND_WINDOW]
