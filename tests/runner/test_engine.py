"""The engine on a real database: batches, locks between processes, and errors that affect one command only."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from broadcaster import Broadcast

from models.errors import Fault, ProblemCode, Refused, Unavailable
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    Command,
    Create,
    Finish,
    ForceRun,
    Lose,
    Pause,
    Report,
    Resume,
    SetLabels,
    Start,
)
from models.lifecycle.commands.outcomes import Succeeded
from models.run_options import RunOptions
from models.spec import parse_flow
from models.states import ExecutionState
from runner.engine.engine import Engine
from runner.engine.transaction import EngineTransaction
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.store.execution import leases
from runner.store.execution.locks import lock_rows
from runner.store.flows import flows
from runner.store.plans import Plans
from runner.store.postgres.database import Database
from tests.runner.engines import USER, Engines, engines, run

__all__ = ["engines"]


async def test_an_execution_moves_between_engines_and_ends(engines: Engines) -> None:
    id = (await engines.create()).id
    await run(engines, id, "a")
    await run(engines, id, "b")
    again = await engines.first.execute(id, SetLabels({"seen": "end"}), USER)
    assert again.execution.state is ExecutionState.SUCCESS


async def test_force_run_of_a_taken_job_creates_no_second_job(engines: Engines) -> None:
    id = (await engines.create()).id
    (job,) = await engines.queue.take(["default"], 500)
    await engines.second.execute(id, ForceRun(), USER)
    lease = new_id()
    await engines.first.execute(id, Start("a", 1, new_id(), "worker:w", lease, job.id))
    assert await engines.database.pool.fetchval("select count(*) from pgqueuer") == 0
    await engines.first.execute(id, Finish("a", lease, 1, Succeeded()))
    await run(engines, id, "b")


@pytest.mark.parametrize("command", [Resume(), ForceRun()])
async def test_an_unneeded_job_is_requeued_in_the_same_transaction(
    engines: Engines, command: Command
) -> None:
    id = (await engines.create()).id
    (job,) = await engines.queue.take(["default"], 500)
    await engines.first.execute(id, Pause(), USER)
    start = Start("a", 1, new_id(), "worker:w", new_id(), job.id)
    started, _ = await asyncio.gather(
        engines.first.execute(id, start), engines.first.execute(id, command, USER)
    )
    assert started.refused
    await run(engines, id, "a")
    await run(engines, id, "b")


async def started(engines: Engines) -> tuple[UUID, UUID]:
    """Returns the execution and the lease of a running task."""
    id, lease = (await engines.create()).id, new_id()
    (job,) = await engines.queue.take(["default"], 500)
    await engines.first.execute(id, Start("a", 1, new_id(), "worker:w", lease, job.id))
    return id, lease


async def test_an_attempt_with_an_extended_lease_is_not_lost(engines: Engines) -> None:
    """The lease is extended after it was read and before the transaction; the others of the batch are lost."""
    begun = [await started(engines) for _ in range(3)]
    (_, extended), (_, being_extended), _ = begun
    pool = engines.database.pool
    await pool.execute("update attempts set lease_expires_at = clock_timestamp() - interval '1 s'")
    await leases.extend(pool, [extended], 10)
    worker = await asyncpg.connect(engines.database.url)
    try:
        async with worker.transaction(), asyncio.timeout(30):
            await leases.extend(worker, [being_extended], 10)
            commands = [engines.first.execute(id, Lose("a", lease)) for id, lease in begun]
            transitions = await asyncio.gather(*commands)
    finally:
        await worker.close()
    assert [len(each.events) > 0 for each in transitions] == [False, False, True]
    rows = await pool.fetch("select lease, state from attempts")
    expected = zip([lease for _, lease in begun], ("RUNNING", "RUNNING", "LOST"), strict=True)
    assert {row["lease"]: row["state"] for row in rows} == dict(expected)
    for id, _ in begun:
        await engines.first.execute(id, Cancel(force=True), USER)


LIMITED = """id: limited
namespace: engine
concurrency: {limit: 1, behavior: FAIL}
tasks: [{id: a, type: log, message: a}]
"""


async def test_a_repeated_key_takes_no_slot_from_a_concurrent_request(engines: Engines) -> None:
    async with engines.database.pool.acquire() as connection:
        _, revision, _ = await flows.save_flow(
            connection, parse_flow(LIMITED), LIMITED, "user:maria"
        )
        plan = await engines.first.plans.of(connection, revision["id"])
    keyed = Create(plan, limited=True, idempotency_key="k", digest="d")
    first = (await engines.first.create(keyed, USER)).execution
    await engines.first.execute(first.id, Cancel(), USER)
    again, fresh = await asyncio.gather(
        engines.first.create(keyed, USER), engines.first.create(Create(plan, limited=True), USER)
    )
    assert again.execution.id == first.id
    assert fresh.execution.state is ExecutionState.RUNNING
    await engines.first.execute(fresh.execution.id, Cancel(), USER)


async def test_a_key_is_free_again_where_nothing_could_be_created(engines: Engines) -> None:
    wrong = Create(
        engines.plan,
        options=RunOptions(disabled_tasks=("nothing",)),
        idempotency_key="k",
        digest="d",
    )
    right = Create(engines.plan, idempotency_key="k", digest="e")
    for found in await asyncio.gather(
        engines.first.create(wrong, USER), engines.first.create(wrong, USER), return_exceptions=True
    ):
        assert isinstance(found, Refused) and found.problems[0].code is ProblemCode.VALIDATION
    id = (await engines.first.create(right, USER)).execution.id
    await engines.first.execute(id, Cancel(), USER)


async def test_many_are_written_in_few_transactions(engines: Engines) -> None:
    before = await _commits(engines.database)
    made = await asyncio.gather(*(engines.create() for _ in range(1000)))
    assert len({one.id for one in made}) == 1000
    assert await _commits(engines.database) - before < 100


async def _commits(database: Database) -> int:
    async with database.pool.acquire() as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        found: int = await connection.fetchval(
            "select xact_commit from pg_stat_database where datname = current_database()"
        )
    return found


async def test_commands_of_two_processes_to_one_execution_all_take_effect(engines: Engines) -> None:
    id = (await engines.create()).id
    await asyncio.gather(
        *(
            engine.execute(id, SetLabels({f"{name}{number}": "x"}), USER)
            for name, engine in (("first", engines.first), ("second", engines.second))
            for number in range(30)
        )
    )
    row = await engines.database.pool.fetchrow(
        "select seq, labels from executions where id = $1", id
    )
    assert row and row["seq"] == 3 + 60


async def test_events_of_two_processes_have_times_in_their_order(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first engine commits between the start of the second one's transaction and its lock."""
    id, overtaken = (await engines.create()).id, False

    async def overtaken_first(*arguments: Any, **options: Any) -> Any:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            await engines.first.execute(id, SetLabels({"by": "first"}), USER)
        return await lock_rows(*arguments, **options)

    monkeypatch.setattr("runner.engine.transaction.lock_rows", overtaken_first)
    await engines.second.execute(id, SetLabels({"by": "second"}), USER)
    query = "select at from events where execution_id = $1 order by seq"
    times = [row["at"] for row in await engines.database.pool.fetch(query, id)]
    assert times == sorted(times) and times[-1] > times[-2]


async def test_a_refused_command_leaves_the_others_of_its_batch_alone(engines: Engines) -> None:
    ids = [(await engines.create()).id for _ in range(5)]
    commands = [
        engines.first.execute(id, Resume() if n == 2 else Pause(), USER) for n, id in enumerate(ids)
    ]
    answers = await asyncio.gather(*commands, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers].count("Transition") == 4
    assert isinstance(answers[2], Refused)
    assert answers[2].problems[0].code is ProblemCode.INVALID_STATE


async def test_a_command_that_the_database_refuses_fails_alone(engines: Engines) -> None:
    ids = [(await engines.create()).id for _ in range(5)]
    wrong = replace(USER, reason="a NUL \x00, which PostgreSQL does not take")
    answers = await asyncio.gather(
        *(
            engines.first.execute(id, Pause(), wrong if n == 2 else USER)
            for n, id in enumerate(ids)
        ),
        return_exceptions=True,
    )
    assert isinstance(answers[2], Fault)
    assert [type(answer).__name__ for answer in answers].count("Transition") == 4
    transition = await engines.first.execute(ids[2], Cancel(), USER)
    assert transition.execution.state is ExecutionState.KILLED


async def test_a_command_that_cannot_be_decided_is_a_fault_and_changes_nothing(
    engines: Engines,
) -> None:
    execution = await engines.create()
    with pytest.raises(Fault):
        await engines.first.execute(execution.id, Report("no such task", new_id(), 0.5))
    row = await engines.database.pool.fetchrow(
        "select seq from executions where id = $1", execution.id
    )
    assert row and row["seq"] == execution.seq


async def test_missing_executions_are_not_found(engines: Engines) -> None:
    with pytest.raises(Refused) as refused:
        await engines.first.execute(new_id(), Cancel(), USER)
    assert refused.value.problems[0].code is ProblemCode.NOT_FOUND


async def test_the_same_key_sent_to_two_processes_at_once_creates_one_execution(
    engines: Engines,
) -> None:
    command = Create(engines.plan, idempotency_key="k", digest="d")
    answers = await asyncio.gather(
        *(engine.create(command, USER) for engine in (engines.first, engines.second) * 10)
    )
    assert len({answer.execution.id for answer in answers}) == 1
    with pytest.raises(Refused) as refused:
        await engines.second.create(replace(command, digest="other"), USER)
    assert refused.value.problems[0].code is ProblemCode.IDEMPOTENCY_CONFLICT
    assert await engines.database.pool.fetchval("select count(*) from executions") == 1


async def test_a_locked_execution_waits_and_the_others_do_not(engines: Engines) -> None:
    held, free = (await engines.create()).id, (await engines.create()).id
    async with engines.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from executions where id = $1 for update", held)
        waiting = asyncio.create_task(engines.first.execute(held, Pause(), USER))
        await engines.first.execute(free, Pause(), USER)
        assert not waiting.done()
    transition = await asyncio.wait_for(waiting, 10)
    assert transition.execution.state is ExecutionState.PAUSED


async def test_a_command_at_a_held_lock_is_refused_alone(engines: Engines) -> None:
    """The lock is on a table other than executions and flows, whose locked rows are skipped."""
    ids = [(await engines.create()).id for _ in range(20)]
    leases = {id: new_id() for id in ids}
    for job in await engines.queue.take(["default"], 500):
        start = Start("a", 1, new_id(), "worker:w", leases[job.execution_id], job.id)
        await engines.first.execute(job.execution_id, start)
    locked = ids[7]
    async with engines.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await connection.execute("select from attempts where execution_id = $1 for update", locked)
        ends = await asyncio.gather(
            *(engines.first.execute(id, Finish("a", leases[id], 1, Succeeded())) for id in ids),
            return_exceptions=True,
        )
    refused = [id for id, end in zip(ids, ends, strict=True) if isinstance(end, BaseException)]
    assert refused == [locked] and isinstance(ends[7], Unavailable)


async def test_commands_that_are_put_off_keep_their_order_and_their_line(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backfills create their executions in the order of their days, after requests of people."""
    async with engines.database.pool.acquire() as connection:
        source = LIMITED.replace("FAIL", "QUEUE")
        _, revision, _ = await flows.save_flow(connection, parse_flow(source), source, "user:maria")
        plan = await engines.first.plans.of(connection, revision["id"])
    command, all_put_off = Create(plan, limited=True), asyncio.Event()
    after_commit = engines.first._after_commit

    def watched(batch: EngineTransaction) -> None:
        if list(batch.outcomes.values()).count(None) == 7:
            all_put_off.set()
        after_commit(batch)

    monkeypatch.setattr(engines.first, "_after_commit", watched)
    async with engines.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from flows where id = $1 for update", plan.flow_id)
        tasks = [
            asyncio.create_task(engines.first.create(command, USER, bulk=True)) for _ in "12345"
        ]
        await asyncio.sleep(0)
        tasks = [asyncio.create_task(engines.first.create(command, USER)) for _ in "12"] + tasks
        async with asyncio.timeout(10):
            await all_put_off.wait()
    made = [(await one).execution.id for one in tasks]
    assert made == sorted(made)
    for id in made:
        await engines.first.execute(id, Cancel(), USER)


async def test_cut_connections_are_refused_clearly_and_the_engine_continues(
    engines: Engines,
) -> None:
    id = (await engines.create()).id
    connection = await engines.database.connect_alone()
    try:
        outcomes = []
        for _ in range(5):
            calls = [engines.first.execute(id, SetLabels({"n": str(n)}), USER) for n in range(20)]
            batch = asyncio.gather(*calls, return_exceptions=True)
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            outcomes += await batch
    finally:
        await connection.close()
    assert all(
        isinstance(outcome, Unavailable) or not isinstance(outcome, BaseException)
        for outcome in outcomes
    )
    async with asyncio.timeout(10):
        while True:
            try:
                await engines.first.execute(id, Cancel(), USER)
                break
            except Unavailable:
                continue


async def test_stopping_answers_every_waiting_caller(database: Database) -> None:
    async with Feed(Broadcast(backend=MemoryNotifier())) as feed:
        async with Engine(database, feed, Plans()) as engine:
            waiting = asyncio.create_task(engine.execute(new_id(), Cancel(), USER))
            await asyncio.sleep(0)
        with pytest.raises((Unavailable, Refused)):
            await waiting


async def test_the_cache_of_an_engine_is_bounded_by_task_runs(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.engine.engine._MAX_CACHED_TASK_RUNS", 7)
    made = [await engines.create() for _ in range(6)]
    assert list(engines.first._cache) == [one.id for one in made[-3:]]
    for one in made:
        done = await engines.first.execute(one.id, Cancel(), USER)
        assert done.execution.state is ExecutionState.KILLED
    assert (len(engines.first._cache), engines.first._task_runs) == (0, 0)
