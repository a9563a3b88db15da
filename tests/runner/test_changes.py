"""Changes notify all lists that they concern, and few others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING, Field, Filter, Operator, Term
from models.filters.inbox import Wish
from models.states import ExecutionState
from runner.live.change_reader import Changes
from runner.live.live_query import LiveQuery
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database
from tests.runner.stored import store_execution

FAILED = Term(Field.STATE, Operator.IN, (ExecutionState.FAILED,))
DARK = Term(Field.LABEL, Operator.EQ, "dark", "shade")
DEADLINE = 20


class Deaf(MemoryNotifier):
    """Drops every notification."""

    async def publish(self, channel: str, message: Any) -> None:
        """Sends to nobody."""


@asynccontextmanager
async def watching(pool: Pool, feed: Feed, *wheres: Filter) -> AsyncIterator[list[LiveQuery]]:
    """Opens lists that were refreshed once, and show no rows of what they count."""
    with ExitStack() as stack:
        async with Changes(pool, feed) as changes:
            interests = [stack.enter_context(changes.live_query(each, Scope())) for each in wheres]
            for interest in interests:
                look(interest)
            await asyncio.sleep(0)  # the loop begins
            yield interests


def look(interest: LiveQuery) -> None:
    interest.begin_refresh()
    interest.end_refresh((), room=0, now=datetime.now(UTC))


async def stirs(interest: LiveQuery) -> None:
    """Waits until the list may have changed, and refreshes it."""
    await interest.wait_changed()
    look(interest)


async def change(pool: Pool, feed: Feed, id: UUID, what: str) -> None:
    await pool.execute(f"update executions set seq = seq + 1, {what} where id = $1", id)
    feed.notify({f"e:{id}"})


async def test_a_change_notifies_the_lists_it_concerns_and_no_other(database: Database) -> None:
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        watching(database.pool, feed, EVERYTHING, FAILED, DARK) as (everything, failed, dark),
    ):
        await change(database.pool, feed, id, "progress = 0.1")
        await asyncio.gather(stirs(everything), stirs(failed), stirs(dark))  # the first time

        notified = {
            "failed": asyncio.ensure_future(stirs(failed)),
            "dark": asyncio.ensure_future(stirs(dark)),
        }
        await change(database.pool, feed, id, "state = 'RUNNING'")
        await stirs(everything)
        assert not any(task.done() for task in notified.values())
        await change(database.pool, feed, id, """labels = '{"shade": "dark"}'""")
        await notified["dark"]
        assert not notified["failed"].done()
        await change(database.pool, feed, id, "state = 'FAILED', ended_at = now()")
        await notified["failed"]
        notified["failed"] = asyncio.ensure_future(stirs(failed))
        await change(database.pool, feed, id, "state = 'RUNNING', ended_at = null")
        await notified["failed"]


async def test_a_deletion_notifies_the_lists_that_counted_it(database: Database) -> None:
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        watching(database.pool, feed, EVERYTHING, FAILED) as (everything, failed),
    ):
        await change(database.pool, feed, id, "progress = 0.1")
        await asyncio.gather(stirs(everything), stirs(failed))
        notified = asyncio.ensure_future(stirs(failed))
        await database.pool.execute("delete from executions where id = $1", id)
        feed.notify({f"e:{id}"})
        await stirs(everything)
        assert not notified.done()
        notified.cancel()


async def test_changes_without_a_notification_are_found(database: Database) -> None:
    """The process that committed may have died before the notification."""
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=Deaf())) as feed,
        watching(database.pool, feed, EVERYTHING) as (everything,),
    ):
        await stirs(everything)  # the first read of active executions
        for what in ("state = 'RUNNING'", "state = 'FAILED', ended_at = now()"):
            await database.pool.execute(
                f"update executions set seq = seq + 1, {what} where id = $1", id
            )
            await stirs(everything)
        made = asyncio.ensure_future(stirs(everything))
        await store_execution(database.pool)
        await made


async def test_after_lost_notifications_every_list_queries_again(database: Database) -> None:
    backend = MemoryNotifier()
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=backend)) as feed,
        watching(database.pool, feed, FAILED, DARK) as interests,
    ):
        feed.notify({"*"})
        await asyncio.gather(*(stirs(interest) for interest in interests))


async def test_evicted_executions_are_not_treated_as_new(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list may have counted it; taken for new, nothing would ever tell the list that it left."""
    monkeypatch.setattr("runner.live.change_reader._MAX_REMEMBERED", 2)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    counted, *others = [await store_execution(database.pool) for _ in range(4)]
    # All have ended, so that only notifications find them.
    await database.pool.execute(
        """update executions set created_at = $1, ended_at = $1,
           state = case when id = $2 then 'FAILED' else 'SUCCESS' end""",
        soon,
        counted,
    )
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        watching(database.pool, feed, EVERYTHING, FAILED) as (everything, failed),
    ):
        await change(database.pool, feed, counted, "progress = 0.1")
        await asyncio.gather(stirs(everything), stirs(failed))
        for other in others:  # more than are remembered
            await change(database.pool, feed, other, "progress = 0.1")
            await stirs(everything)
        notified = asyncio.ensure_future(stirs(failed))
        await asyncio.sleep(0)
        assert not notified.done()
        await change(database.pool, feed, counted, "state = 'RUNNING', ended_at = null")
        await notified


async def test_a_list_is_notified_of_changes_while_only_an_inbox_was_open(
    database: Database,
) -> None:
    """The list has counted an execution created meanwhile: treated as new, it would never leave the list."""
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        Changes(database.pool, feed) as changes,
    ):
        changes._since -= timedelta(minutes=10)  # so long the process has run
        notified = asyncio.Event()
        read = changes.inboxes.read_changes

        async def looked(execution_ids: Sequence[UUID]) -> None:
            await read(execution_ids)
            notified.set()

        changes.inboxes.read_changes = looked  # type: ignore[method-assign]
        with changes.inboxes.open(Wish(Scope())):
            await asyncio.sleep(0)  # the loop begins
            id = await store_execution(database.pool)
            made = "state = 'FAILED', created_at = now(), ended_at = now()"
            await change(database.pool, feed, id, made)
            await notified.wait()
            with changes.live_query(FAILED, Scope()) as failed:
                look(failed)
                await change(database.pool, feed, id, "state = 'RUNNING', ended_at = null")
                await stirs(failed)
