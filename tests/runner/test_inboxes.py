"""An inbox shows the rows of the tables; the reads for a change do not depend on the number of inboxes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.access.viewer import Scope
from models.filters.inbox import Person, Wish
from models.ids import new_id
from models.states import ApprovalState
from runner.live import inboxes
from runner.live.change_reader import Changes
from runner.live.inboxes import Inbox
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.store import approvals
from runner.store.postgres.database import Database
from tests.runner.stored import store_execution
from tests.schema.test_list_statements import Counted

DEADLINE = 20
ADA = Person("ada", (("approver", Scope()),))
BEA = Person("bea", (("approver", Scope(("acme",))), ("admin", Scope(("other",)))))
NAMED = [
    ([], [], []),
    (["ada"], [], []),
    (["eve"], [], []),
    ([], ["approver"], []),
    (["eve"], ["admin"], []),
    (["eve"], ["admin"], ["approver"]),
]
_REQUEST = """
insert into approvals (id, execution_id, task_run_id, attempt, state, message, users, roles, escalated, requested_at)
values ($1, $2, gen_random_uuid(), 1, $3, 'sure', $4::jsonb, $5::jsonb, $6::jsonb, now())
"""
_VOTE = "insert into votes (id, approval_id, actor, decision, at) values ($1, $2, 'user:eve', 'APPROVE', now())"


def text(names: Sequence[str]) -> str:
    return str(list(names)).replace("'", '"')


async def request(
    pool: Any, execution: UUID, state: str = "PENDING", named: Any = ([], [], [])
) -> UUID:
    id = new_id()
    await pool.execute(_REQUEST, id, execution, state, *(text(each) for each in named))
    return id


async def executions_in(pool: Any, *namespaces: str) -> list[UUID]:
    ids = [await store_execution(pool) for _ in namespaces]
    for id, namespace in zip(ids, namespaces, strict=True):
        await pool.execute("update executions set namespace = $2 where id = $1", id, namespace)
    return ids


async def test_python_and_sql_select_the_same_requests(database: Database) -> None:
    executions = await executions_in(database.pool, "acme", "acme.ml", "acmeous")
    for execution, state, named in product(executions, ApprovalState, NAMED):
        await request(database.pool, execution, state.value, named)
    everything = (await approvals.read_inbox(database.pool, Wish(Scope()), 1000)).found
    assert len(everything) == len(executions) * len(ApprovalState) * len(NAMED)
    wishes = product(
        [Scope(), Scope(()), Scope(("acme",)), Scope(("acme.ml", "acmeous"))],
        [None, frozenset({"PENDING"}), frozenset({"APPROVED", "REJECTED"})],
        [None, executions[1]],
        [None, ADA, BEA, Person("eve", ())],
    )
    for one in wishes:
        wish = Wish(*one)
        found = await approvals.read_inbox(database.pool, wish, 1000)
        expected = [each.id for each in everything if wish.takes(each)]
        assert [each.id for each in found.found] == expected, wish
        assert await approvals.count_approvals(database.pool, wish) == (len(expected), True)


class Reader:
    """Folds the messages of an inbox."""

    def __init__(self, inbox: Inbox, wish: Wish) -> None:
        self.inbox, self.wish = inbox, wish
        self.rows: dict[UUID, Any] = {}
        self.total = -1
        self.messages = 0

    async def hear(self) -> None:
        change = await self.inbox.next()
        self.rows |= {one.id: one.version for one in change.changed}
        for id in change.gone:
            del self.rows[id]
        self.total, self.messages = change.total[0], self.messages + 1

    async def until(self, pool: Any) -> None:
        """Waits until the folded state equals the tables."""
        while True:
            found = await approvals.read_inbox(pool, self.wish, inboxes.MOST)
            shown = {one.id: one.version for one in found.found}
            if (self.rows, self.total) == (shown, found.total):
                return
            await self.inbox.wait_changed()
            await self.hear()


@asynccontextmanager
async def reading(pool: Any, feed: Feed, wishes: Sequence[Wish]) -> AsyncIterator[list[Reader]]:
    with ExitStack() as stack:
        async with Changes(pool, feed) as changes:
            readers = [
                Reader(stack.enter_context(changes.inboxes.open(wish)), wish) for wish in wishes
            ]
            await asyncio.gather(*(reader.hear() for reader in readers))
            yield readers


@pytest.mark.parametrize("most", [200, 2], ids=["whole", "partial"])
async def test_an_inbox_shows_the_rows_of_the_tables(
    database: Database, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(inboxes, "MOST", most)
    pool = database.pool
    pending = frozenset({"PENDING"})
    wishes = [
        Wish(Scope()),
        Wish(Scope(("acme",)), pending),
        Wish(Scope(), pending, decider=ADA),
        Wish(Scope(())),
    ]
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        reading(pool, feed, wishes) as readers,
    ):

        async def all_show(execution: UUID) -> None:
            feed.notify({f"e:{execution}"})
            await asyncio.gather(*(reader.until(pool) for reader in readers))

        executions = await executions_in(pool, "acme", "other")
        made = []
        for execution, named in product(executions, NAMED):
            made.append((await request(pool, execution, named=named), execution))
            await all_show(execution)
        for id, execution in made[::3]:
            await pool.execute(_VOTE, new_id(), id)
            await all_show(execution)
        for id, execution in made[1::3]:
            await pool.execute("update approvals set state = 'APPROVED' where id = $1", id)
            await all_show(execution)
        await pool.execute("delete from approvals where execution_id = $1", executions[0])
        await pool.execute("delete from executions where id = $1", executions[0])
        await all_show(executions[0])
        assert readers[0].rows
        assert readers[3].messages == 1


@pytest.mark.parametrize("number", [1, 100])
async def test_a_change_is_read_once_for_all_inboxes(database: Database, number: int) -> None:
    """Inboxes of other people get no message, and read no tables."""
    counted: Any = Counted(database.pool)
    one = await store_execution(database.pool)
    eves = [Wish(Scope(), decider=Person(f"eve{n}", ())) for n in range(number)]
    adas = [
        Wish(Scope(), decider=ADA),
        *(Wish(Scope(), frozenset({"PENDING", str(n)})) for n in range(number)),
    ]
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=MemoryNotifier())) as feed,
        reading(counted, feed, [*adas, *eves]) as readers,
    ):
        counted.statements.clear()
        for turn in range(3):
            await request(database.pool, one, named=(["ada"], [], []))
            feed.notify({f"e:{one}"})
            await asyncio.gather(*(reader.inbox.wait_changed() for reader in readers[: len(adas)]))
            for reader in readers[: len(adas)]:
                await reader.hear()
                assert len(reader.rows) == turn + 1
        assert all(reader.messages == 1 for reader in readers[len(adas) :])
        queries = [text for text in counted.statements if "approvals" in text]
        assert len(queries) <= 6, len(queries)
