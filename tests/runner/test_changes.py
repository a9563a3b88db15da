"""Lists are told of what may concern them: of everything that does, and of little that does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from broadcaster import Broadcast
from hypothesis import given, settings
from hypothesis import strategies as st

from models.filters import EVERYTHING, Field, Filter, Operator, Term
from models.ids import new_id
from models.matching import Candidate, listed
from models.states import ExecutionState
from models.viewer import Scope
from runner.changes import Change, Changes, Interest
from runner.feed import Feed
from runner.hints import MemoryHints
from runner.store import candidates
from runner.store.connection import Pool
from runner.store.database import Database
from tests.runner.stored import store_execution
from tests.runner.test_where import filters, rows

NAMES = [
    field.name
    for field in fields(Candidate)
    if field.name not in ("id", "namespace", "flow", "name")
]
FAILED = Term(Field.STATE, Operator.IN, (ExecutionState.FAILED,))
DARK = Term(Field.LABEL, Operator.EQ, "dark", "shade")
DEADLINE = 20


class Deaf(MemoryHints):
    """Every hint is lost."""

    async def publish(self, channel: str, message: Any) -> None:
        """To nobody."""


@st.composite
def moves(draw: st.DrawFn) -> tuple[Candidate, Candidate]:
    """An execution before and after: any of its attributes may have changed, but its names do not."""
    one, other = (candidates.candidate(draw(rows()), {}, {}) for _ in range(2))
    changed = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    return one, replace(one, **{name: getattr(other, name) for name in changed})


@settings(max_examples=400, deadline=None)
@given(moves(), filters, st.booleans(), st.sampled_from([Scope(), Scope(("acme",))]))
def test_a_list_that_gains_or_loses_a_row_is_concerned(
    move: tuple[Candidate, Candidate], where: Filter, shown: bool, scope: Scope
) -> None:
    before, after = move
    now = datetime.now(UTC)
    changes = Changes(None, None)  # type: ignore[arg-type]
    interest = changes.interest(where, scope)
    interest.shown = {before.id} if shown else set()
    change = Change(before.id, before, after)
    was, is_ = (scope.covers(one.namespace) and listed(where, one, now) for one in move)
    if was != is_ or (shown and before != after):
        assert interest.is_concerned([change], now)


@asynccontextmanager
async def watching(pool: Pool, feed: Feed, *wheres: Filter) -> AsyncIterator[list[Interest]]:
    """Each list looked once, and shows nothing."""
    with ExitStack() as stack:
        async with Changes(pool, feed) as changes:
            interests = [stack.enter_context(changes.interest(each, Scope())) for each in wheres]
            for interest in interests:
                interest.shown = ()
            await asyncio.sleep(0)  # its loop begins
            yield interests


async def change(pool: Pool, feed: Feed, id: UUID, what: str) -> None:
    await pool.execute(f"update executions set seq = seq + 1, {what} where id = $1", id)
    feed.hint({f"e:{id}"})


async def test_a_change_is_told_to_the_lists_it_concerns_and_to_no_other(
    database: Database,
) -> None:
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryHints())) as feed,
        watching(database.pool, feed, EVERYTHING, FAILED, DARK) as (everything, failed, dark),
    ):
        await change(database.pool, feed, id, "progress = 0.1")
        await asyncio.gather(
            everything.stirred(), failed.stirred(), dark.stirred()
        )  # the first time

        told = {
            "failed": asyncio.ensure_future(failed.stirred()),
            "dark": asyncio.ensure_future(dark.stirred()),
        }
        await change(database.pool, feed, id, "state = 'RUNNING'")
        await everything.stirred()
        assert not any(task.done() for task in told.values())
        await change(database.pool, feed, id, """labels = '{"shade": "dark"}'""")
        await told["dark"]
        assert not told["failed"].done()
        await change(database.pool, feed, id, "state = 'FAILED', ended_at = now()")
        await told["failed"]
        told["failed"] = asyncio.ensure_future(failed.stirred())
        await change(database.pool, feed, id, "state = 'RUNNING', ended_at = null")
        await told["failed"]


async def test_what_was_deleted_is_told_to_those_that_counted_it(database: Database) -> None:
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryHints())) as feed,
        watching(database.pool, feed, EVERYTHING, FAILED) as (everything, failed),
    ):
        await change(database.pool, feed, id, "progress = 0.1")
        await asyncio.gather(everything.stirred(), failed.stirred())
        told = asyncio.ensure_future(failed.stirred())
        await database.pool.execute("delete from executions where id = $1", id)
        feed.hint({f"e:{id}"})
        await everything.stirred()
        assert not told.done()
        told.cancel()


async def test_what_was_committed_without_a_hint_is_found(database: Database) -> None:
    """Its process may have died in between."""
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=Deaf())) as feed,
        watching(database.pool, feed, EVERYTHING) as (everything,),
    ):
        await everything.stirred()  # its first look at what is active
        for what in ("state = 'RUNNING'", "state = 'FAILED', ended_at = now()"):
            await database.pool.execute(
                f"update executions set seq = seq + 1, {what} where id = $1", id
            )
            await everything.stirred()
        made = asyncio.ensure_future(everything.stirred())
        await store_execution(database.pool)
        await made


async def test_when_hints_were_lost_every_list_looks(database: Database) -> None:
    backend = MemoryHints()
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=backend)) as feed,
        watching(database.pool, feed, FAILED, DARK) as interests,
    ):
        feed.hint({"*"})
        await asyncio.gather(*(interest.stirred() for interest in interests))


def test_an_unknown_past_concerns_everybody() -> None:
    changes = Changes(None, None)  # type: ignore[arg-type]
    interest = changes.interest(FAILED, Scope())
    interest.shown = ()
    unknown = Change(new_id(), None, None, known=False)
    assert interest.is_concerned([unknown], datetime.now(UTC))
    assert not interest.is_concerned([], datetime.now(UTC))
