"""Deferred commands on a real database: one that cannot run ends its execution and affects nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id
from models.lifecycle.commands.commands import Cancel, Create, WakeUp
from models.lifecycle.snapshot import Execution
from models.spec import parse_flow
from models.states import Channel, ExecutionState
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.maintenance import deferred_commands, invariants
from runner.maintenance.deferred_commands import DeferredCommandRunner
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.service.encryption import Cipher
from runner.store import deferred
from runner.store.execution.snapshots import read_executions
from runner.store.flows import flows
from runner.store.json import dump
from runner.store.plans import Plans
from runner.store.postgres.database import Database

ORIGIN = CommandOrigin("user:maria", Channel.API, "because")
WAITS = "id: w\nnamespace: acme\ntasks:\n  - {id: w, type: wait, duration: 0s}\n"


def test_stored_names_stay_when_classes_are_renamed() -> None:
    """Rows that wait during an upgrade, and older servers that still run, can read them."""
    names = """AdmitNext ApprovalDue Begin Cancel ChildEnded Evaluate FinallyDeadline FollowParent GoOn KillDeadline
        MakeRoom Mark RemoveFiles ReportChildState StartChild StopChild TimeOut TimeOutExecution WakeUp"""
    assert set(deferred._READ) == set(names.split())


class Office:
    """An engine with a runner of deferred commands; `deliver` runs it until the execution has ended."""

    def __init__(self, database: Database, engine: Engine, feed: Feed, evaluator: Evaluator):
        self.database, self.engine = database, engine
        self._feed, self._evaluator = feed, evaluator

    async def begin(self, source: str) -> UUID:
        async with self.database.pool.acquire() as connection:
            _, revision, _ = await flows.save_flow(connection, parse_flow(source), source, "user:m")
            plan = await self.engine.plans.of(connection, revision["id"])
        return (await self.engine.create(Create(plan), ORIGIN)).execution.id

    async def deliver(self, id: UUID) -> Execution:
        runner = DeferredCommandRunner(
            self.database, self.engine, self._feed, self._evaluator, Cipher()
        )
        async with runner, asyncio.timeout(20):
            with self._feed.watch(f"e:{id}") as watch:
                while not (found := await self.look(id)).ended:
                    await watch.changed()
        return found

    async def look(self, id: UUID) -> Execution:
        return (await read_executions(self.database.pool, self.engine.plans, [id]))[id]

    async def pending(self, id: UUID) -> list[str]:
        rows = await self.database.pool.fetch(
            "select command ->> 'kind' as kind from deferred_commands where execution_id = $1", id
        )
        return [row["kind"] for row in rows]


@asynccontextmanager
async def process(database: Database) -> AsyncIterator[Office]:
    """One process, with compiled flows of its own."""
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryNotifier())))
        engine = await stack.enter_async_context(Engine(database, feed, Plans()))
        evaluator = await stack.enter_async_context(Evaluator())
        yield Office(database, engine, feed, evaluator)


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with process(database) as office:
        yield office
        assert await invariants.verify(database.pool) == []


async def uninstall(database: Database) -> None:
    await database.pool.execute(
        "update revisions set source = replace(source, 'type: wait', 'type: uninstalled') where number = 1"
    )


async def test_a_revision_that_cannot_be_read_ends_its_execution_in_error_and_no_other(
    database: Database,
) -> None:
    good = WAITS.replace("id: w\nname", "id: good\nname").replace(
        "duration: 0s", "until: '2001-01-01T00:00:00Z'"
    )
    async with process(database) as before:
        bad_id, good_id = await before.begin(WAITS), await before.begin(good)
        await database.pool.execute(
            "update revisions set source = replace(source, 'type: wait', 'type: uninstalled') "
            "where flow_id = (select id from flows where key = 'w')"
        )
    async with process(database) as office:
        bad = await office.deliver(bad_id)
        assert bad.state is ExecutionState.ERROR
        assert bad.failure
        assert bad.failure.code == "REVISION"
        assert bad.failure.message.startswith(
            "revision 1 of acme/w cannot be read by this version of Headway: "
        )
        assert "uninstalled" in bad.failure.message
        assert bad.tasks["w"].state.value == "KILLED"
        assert (await office.deliver(good_id)).state is ExecutionState.SUCCESS
        assert await office.pending(bad_id) == []


async def test_an_execution_with_an_unreadable_revision_can_be_cancelled(
    database: Database,
) -> None:
    async with process(database) as before:
        id = await before.begin(WAITS)
    await uninstall(database)
    async with process(database) as office:
        await office.engine.execute(id, Cancel(), ORIGIN)
        assert (await office.look(id)).state is ExecutionState.ERROR


async def test_a_revision_that_cannot_be_read_is_not_started_and_says_why(
    database: Database,
) -> None:
    async with process(database) as before:
        await before.begin(WAITS)
    await uninstall(database)
    async with process(database) as office:
        revision = await database.pool.fetchval("select id from revisions")
        async with database.pool.acquire() as connection:
            with pytest.raises(Refused) as refused:
                await office.engine.plans.of(connection, revision)
    (problem,) = refused.value.problems
    assert problem.code is ProblemCode.INVALID_STATE
    assert problem.message.startswith("revision 1 of acme/w cannot be read")


async def test_a_deferred_command_that_fails_repeatedly_ends_its_execution(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise ZeroDivisionError("of the fifth kind")

    monkeypatch.setattr(deferred_commands, "evaluate", fails)
    monkeypatch.setattr(deferred, "CLAIM", 0.01)
    id = await office.begin(WAITS)
    found = await office.deliver(id)
    assert found.state is ExecutionState.ERROR
    assert found.failure
    assert found.failure.code == "DEFERRED_COMMAND_FAILED"
    assert found.failure.message == ("Evaluate failed 5 times: of the fifth kind")
    assert await office.pending(id) == []


async def test_an_unreadable_deferred_command_ends_its_execution(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "CLAIM", 0.01)
    id = await office.begin(WAITS)
    await office.database.pool.execute(
        """update deferred_commands set command = '{"kind": "Teleport", "path": "w"}'"""
    )
    found = await office.deliver(id)
    assert found.state is ExecutionState.ERROR
    assert found.failure
    assert (
        "the deferred command Teleport cannot be read by this version of Headway"
        in found.failure.message
    )


async def test_an_undecidable_deferred_command_is_not_dropped_at_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "CLAIM", 0.01)
    id = await office.begin(WAITS)
    await office.database.pool.execute("delete from deferred_commands")
    await deferred_wake_up(office, id)
    found = await office.deliver(id)
    assert found.failure
    assert found.failure.message.startswith("WakeUp failed 5 times: ")


async def deferred_wake_up(office: Office, id: UUID) -> None:
    command = {"kind": WakeUp.__name__, "path": "no such task", "attempt": 1}
    await office.database.pool.execute(
        "insert into deferred_commands (id, execution_id, due_at, command) values ($1, $2, now(), $3)",
        new_id(),
        id,
        dump(command),
    )


async def test_an_unloadable_execution_does_not_block_deferred_commands_of_others(
    office: Office,
) -> None:
    broken, good = await office.begin(WAITS), await office.begin(WAITS)
    await office.database.pool.execute(
        """update task_runs set error = '{"no": "error"}' where execution_id = $1""", broken
    )
    assert (await office.deliver(good)).state is ExecutionState.SUCCESS
    await office.database.pool.execute(
        "update task_runs set error = null where execution_id = $1", broken
    )
    await office.database.pool.execute("update deferred_commands set claimed_until = null")
    assert (await office.deliver(broken)).state is ExecutionState.SUCCESS
