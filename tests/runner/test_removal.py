"""Which rows are deleted with an execution, and which of its values others keep."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.ids import new_id
from models.lifecycle.commands.commands import ChangeTaskRunState, Create, Finish, SetLabels, Start
from models.lifecycle.commands.outcomes import FromCache
from models.lifecycle.commands.records import AddNote, Archive, Delete
from models.lifecycle.provenance import Reused
from models.run_options import RunOptions
from models.states import TaskRunState
from runner.launch.launch import Launch, prepare
from runner.launch.reruns import Replay, prepare_replay
from runner.maintenance import invariants
from runner.store.execution import history
from runner.store.execution.removal import hold_sources
from runner.store.job_queue import JobQueue
from runner.store.json import load
from tests.runner.floor import DEADLINE, PERSON, Floor, open_floor

_BLOCKED = "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))"
ONE = "  - {id: a, type: return, outputs: {rows: 3}}\n"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


async def test_commands_in_the_batch_of_a_deletion_find_nothing(floor: Floor) -> None:
    id = (await floor.run(ONE)).id
    commands = (Archive(), Delete(), AddNote(new_id(), "late"), SetLabels({"a": "b"}), Delete())
    answers = await asyncio.gather(
        *(floor.submit(id, command) for command in commands), return_exceptions=True
    )
    kinds = [
        answer.problems[0].code if isinstance(answer, Refused) else answer for answer in answers
    ]
    assert kinds == [None, None, *[ProblemCode.NOT_FOUND] * 3]
    pool = floor.parts.database.pool
    rows = await pool.fetch("select action from audit_log where execution_id = $1 order by id", id)
    assert [row["action"] for row in rows] == ["CREATE_EXECUTION", "ARCHIVE", "DELETE"]
    assert await invariants.verify(pool) == []


async def test_a_result_reused_by_reference_is_copied_first(floor: Floor) -> None:
    source, other = await floor.run(ONE), await floor.run(ONE)
    pool = floor.parts.database.pool
    await pool.execute(
        "update task_runs set outputs_from = $1, outputs = '{}' where execution_id = $2",
        source.tasks["a"].id,
        other.id,
    )
    await pool.execute("update executions set rerun_of = $1 where id = $2", source.id, other.id)
    await floor.submit(source.id, Delete())
    row = await pool.fetchrow(history.TASK_RUNS_OF, [other.id])
    assert row is not None and load(row["results"]) == {"rows": 3}
    found = await floor.look(other.id)
    assert found.tasks["a"].results == {"rows": 3}
    assert found.rerun_of == source.id


TWO = ONE + "  - {id: b, type: log, message: x, needs: [a]}\n"


async def _replayed(floor: Floor, source: UUID) -> Create:
    parts = floor.parts
    services = (parts.database.pool, parts.engine.plans, parts.evaluator, parts.vault)
    command, _ = await prepare_replay(*services, Scope(), Replay(source, "b"))
    return command


async def _rerun(floor: Floor, source: UUID) -> Create:
    return await _launched(floor, rerun_of=source, options=RunOptions(disabled_tasks=("a",)))


async def _cached(floor: Floor, source: UUID) -> Create:
    return await _launched(floor)


async def _launched(floor: Floor, **options: Any) -> Create:
    parts = floor.parts
    services = (parts.database.pool, parts.engine.plans, parts.evaluator, Scope())
    return await prepare(*services, Launch("acme", "test", **options), parts.vault)


@pytest.mark.parametrize("made", [_replayed, _rerun, _cached])
async def test_outputs_are_reused_although_their_source_is_deleted_before_the_new_execution_exists(
    floor: Floor, made: Callable[[Floor, UUID], Awaitable[Create]]
) -> None:
    cache = "cache: {ttl: 1h}\n" if made is _cached else ""
    source = (await floor.run(TWO, head=cache)).id
    command = await made(floor, source)
    assert set(command.reused) >= {"a"}
    await floor.submit(source, Delete())
    new = (await floor.parts.engine.create(command, PERSON)).execution
    assert (await floor.until_ended(new.id)).tasks["a"].results == {"rows": 3}
    assert await invariants.verify(floor.parts.database.pool) == []


async def test_an_attempt_ends_cached_although_its_source_is_deleted_meanwhile(
    floor: Floor,
) -> None:
    source = (await floor.run(ONE)).tasks["a"]
    pool = floor.parts.database.pool
    held = await pool.fetchval("select execution_id from task_runs where id = $1", source.id)
    id = await floor.begin("  - {id: a, type: shell, queue: nobody, run: 'true'}\n")
    (job,) = await JobQueue(pool).take(["nobody"], 1)
    lease = new_id()
    await floor.parts.engine.execute(id, Start("a", 1, new_id(), "worker:w", lease, job.id))
    await floor.submit(held, Delete())
    reused = Reused(source.state, source.id, source.outputs)
    finish = Finish("a", lease, 1, FromCache(reused))
    await floor.parts.engine.execute(id, finish)
    found = (await floor.look(id)).tasks["a"]
    assert (found.state, found.results) == (TaskRunState.CACHED, {"rows": 3})


async def test_a_deletion_waits_for_a_concurrent_reuse_of_the_outputs(floor: Floor) -> None:
    source, other = await floor.run(ONE), await floor.run(ONE)
    held, pool = source.tasks["a"], floor.parts.database.pool
    async with pool.acquire() as connection, connection.transaction():
        await hold_sources(connection, {held.id: held.outputs})
        deletion = asyncio.create_task(floor.submit(source.id, Delete()))
        async with asyncio.timeout(DEADLINE):
            while not await pool.fetchval(_BLOCKED, connection.get_server_pid()):
                assert not deletion.done()
        await connection.execute(
            "update task_runs set outputs_from = $1, outputs = '{}' where execution_id = $2",
            held.id,
            other.id,
        )
    await deletion
    assert (await floor.look(other.id)).tasks["a"].results == {"rows": 3}


async def _change(floor: Floor, id: UUID) -> None:
    command = ChangeTaskRunState("a", TaskRunState.SUCCESS, {"rows": 4})
    await floor.parts.engine.execute(id, command, replace(PERSON, reason="counted anew"))


@pytest.mark.parametrize("made", [_replayed, _rerun, _cached])
async def test_outputs_are_reused_as_read_although_they_change_before_the_new_execution_exists(
    floor: Floor, made: Callable[[Floor, UUID], Awaitable[Create]]
) -> None:
    cache = "cache: {ttl: 1h}\n" if made is _cached else ""
    source = (await floor.run(TWO, head=cache)).id
    command = await made(floor, source)
    await _change(floor, source)
    new = (await floor.parts.engine.create(command, PERSON)).execution
    assert (await floor.until_ended(new.id)).tasks["a"].results == {"rows": 3}
    assert (await floor.until_ended(source)).tasks["a"].results == {"rows": 4}
    assert await invariants.verify(floor.parts.database.pool) == []


async def test_a_change_of_outputs_waits_for_a_concurrent_reuse(floor: Floor) -> None:
    source, other = await floor.run(ONE), await floor.run(ONE)
    held, pool = source.tasks["a"], floor.parts.database.pool
    async with pool.acquire() as connection, connection.transaction():
        await hold_sources(connection, {held.id: held.outputs})
        change = asyncio.create_task(_change(floor, source.id))
        async with asyncio.timeout(DEADLINE):
            while not await pool.fetchval(_BLOCKED, connection.get_server_pid()):
                assert not change.done()
        await connection.execute(
            "update task_runs set outputs_from = $1, outputs = '{}' where execution_id = $2",
            held.id,
            other.id,
        )
    await change
    assert (await floor.look(other.id)).tasks["a"].results == {"rows": 3}
    assert (await floor.look(source.id)).tasks["a"].results == {"rows": 4}


async def test_a_refused_deletion_changes_nothing(floor: Floor) -> None:
    id = await floor.begin("  - {id: ok, type: approval, message: go}\n")
    async with asyncio.timeout(DEADLINE):
        with floor.parts.feed.watch(f"e:{id}") as watch:
            while (before := (await floor.look(id)).state) != "WAITING_FOR_APPROVAL":
                await watch.changed()
    with pytest.raises(Refused, match="cancel it first"):
        await floor.submit(id, Delete())
    assert (await floor.look(id)).state == before
    pool = floor.parts.database.pool
    count = await pool.fetchval(
        "select count(*) from audit_log where execution_id = $1 and action = 'DELETE'", id
    )
    assert count == 0
