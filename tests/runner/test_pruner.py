"""Which executions are deleted, which are kept because of others, and that none is deleted in part."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.external import RecordEnd, RecordExecution
from models.lifecycle.commands.records import AddNote, Archive
from models.lifecycle.snapshot import CompiledFlow
from models.retention import RetentionRule
from models.states import ExecutionState
from runner.maintenance import invariants
from runner.maintenance.pruner import Busy, Pruner, prune, survey
from runner.store.execution import history
from runner.store.execution.removal import hold_sources
from runner.store.json import load
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import ensure_past_partitions
from runner.store.retention import partitions, retention
from tests.runner.aged import copies, make_month, rows_of, tables
from tests.runner.floor import DEADLINE, PERSON, Floor, open_floor

ONE = "  - {id: a, type: return, outputs: {rows: 3}}\n  - {id: b, type: log, message: hi}\n"
TODAY = datetime.now(UTC).date()
OLD, OLDER = TODAY - timedelta(days=40), TODAY - timedelta(days=400)
MONTH = OLDER.replace(day=1)
"""Days long past, without partitions unless a test creates them."""


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


@pytest.fixture
def pool(floor: Floor) -> Pool:
    return floor.parts.database.pool


def rule(keep: str = "30d", **narrowed: Any) -> RetentionRule:
    return RetentionRule.model_validate({"keep": keep, **narrowed})


async def go(floor: Floor, *rules: RetentionRule, **how: Any) -> Counter[tuple[str, str, str]]:
    return (await prune(floor.parts.database, rules, ENGINE, **how)).counts


async def there(pool: Pool, ids: list[UUID]) -> list[bool]:
    found = await history.existing(pool, ids)
    return [id in found for id in ids]


async def acts(pool: Pool) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await pool.fetch("select * from audit_log where action = 'PRUNE' order by id")
    return [(row["actor"], row["channel"], load(row["data"])) for row in rows]


async def test_expired_executions_are_deleted_with_all_their_rows(floor: Floor, pool: Pool) -> None:
    source = (await floor.run(ONE)).id
    old = await copies(pool, source, [OLD, OLDER])
    (young,) = await copies(pool, source, [TODAY - timedelta(days=20)])
    before = await rows_of(pool, [source, young])
    assert await rows_of(pool, old) == before
    found = await survey(floor.parts.database, [rule()])
    assert [(one.flow, one.state, one.gone) for one in found.counts] == [("test", "SUCCESS", 2)]
    assert await acts(pool) == []
    assert await go(floor, rule()) == {("acme", "test", "SUCCESS"): 2}
    assert await rows_of(pool, old) == {}
    assert await rows_of(pool, [source, young]) == before
    assert await acts(pool) == [
        ("engine", "ENGINE", {"executions": 2, "flows": {"acme/test": {"SUCCESS": 2}}})
    ]
    assert await go(floor, rule()) == {}
    assert len(await acts(pool)) == 1
    assert await invariants.verify(pool) == []


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        ((), set()),
        ((rule("forever"),), set()),
        ((rule("30d"),), {"a.x FAILED 40", "a.x SUCCESS 40", "a SUCCESS 40", "ax FAILED 400"}),
        ((rule("60d"),), {"ax FAILED 400"}),
        ((rule("30d", namespace="a"),), {"a.x FAILED 40", "a.x SUCCESS 40", "a SUCCESS 40"}),
        ((rule("30d", namespace="a.x"),), {"a.x FAILED 40", "a.x SUCCESS 40"}),
        ((rule("30d", states="failed"),), {"a.x FAILED 40", "ax FAILED 400"}),
        ((rule("30d", flow="other"),), {"a SUCCESS 40"}),
        ((rule("30d", flow="other", states=["FAILED"]),), set()),
        (
            (rule("forever", namespace="a.x", states=["FAILED"]), rule("30d")),
            {"a.x SUCCESS 40", "a SUCCESS 40", "ax FAILED 400"},
        ),
        ((rule("30d", namespace="ax"), rule("60d"), rule("1s")), {"ax FAILED 400"}),
    ],
)
async def test_the_first_rule_that_it_meets_decides(
    floor: Floor, pool: Pool, rules: tuple[RetentionRule, ...], gone: set[str]
) -> None:
    source = (await floor.run(ONE)).id
    names = {}
    for namespace, flow, state, day in (
        ("a.x", "test", "FAILED", OLD),
        ("a.x", "test", "SUCCESS", OLD),
        ("a", "other", "SUCCESS", OLD),
        ("ax", "test", "FAILED", OLDER),
    ):
        about = {"namespace": namespace, "flow_key": flow, "state": state}
        (id,) = await copies(pool, source, [day], **about)
        names[id] = f"{namespace} {state} {(TODAY - day).days}"
    found = (await survey(floor.parts.database, rules)).counts
    counts = await go(floor, *rules)
    assert counts == {(one.namespace, one.flow, one.state): one.gone for one in found}
    left = await history.existing(pool, list(names))
    assert {name for id, name in names.items() if id not in left} == gone


async def test_archived_running_and_needed_executions_are_kept(floor: Floor, pool: Pool) -> None:
    source = (await floor.run(ONE)).id
    running = await floor.begin("  - {id: ok, type: approval, message: go}\n")
    kept = await copies(pool, source, [OLD] * 6)
    archived, parent, child, rerun, replayed, owes = kept
    await floor.submit(archived, Archive())
    await pool.execute("update executions set parent_id = $1 where id = $2", running, child)
    for column, id in (("rerun_of", rerun), ("replay_of", replayed), ("parent_id", parent)):
        other = await floor.begin("  - {id: ok, type: approval, message: go}\n")
        await pool.execute(f"update executions set {column} = $1 where id = $2", id, other)
    await pool.execute(
        """insert into deferred_commands (id, execution_id, due_at, command)
           values (gen_random_uuid(), $1, now() + interval '1 day', '{"kind": "TimeOutExecution"}')""",
        owes,
    )
    (one,) = (await survey(floor.parts.database, [rule()])).counts
    assert (one.gone, one.archived, one.needed) == (0, 1, 5)
    assert await go(floor, rule(), batch=1) == {}
    assert await there(pool, kept) == [True] * 6
    assert await acts(pool) == []


async def test_reused_outputs_stay_until_nothing_refers_to_them(floor: Floor, pool: Pool) -> None:
    first, other = await floor.run(ONE), await floor.run(ONE)
    (source,) = await copies(pool, first.id, [OLD])
    run = await pool.fetchval(
        "select id from task_runs where execution_id = $1 and path = 'a'", source
    )
    await pool.execute(
        "update task_runs set outputs_from = $1, outputs = '{}' where execution_id = $2 and path = 'a'",
        run, other.id,
    )  # fmt: skip
    await pool.execute("update executions set rerun_of = $1 where id = $2", source, other.id)
    assert (await go(floor, rule())).total() == 1
    assert (await floor.look(other.id)).tasks["a"].results == {"rows": 3}
    count = "select count(*) from kept_outputs"
    await go(floor, rule())
    assert await pool.fetchval(count) == 1
    await pool.execute("update task_runs set outputs_from = null where execution_id = $1", other.id)
    await go(floor, rule())
    assert await pool.fetchval(count) == 0


async def test_a_month_without_kept_executions_is_dropped(floor: Floor, pool: Pool) -> None:
    await make_month(pool, MONTH)
    source = (await floor.run(ONE)).id
    ids = await copies(pool, source, [MONTH, MONTH, MONTH.replace(day=28)])
    (other,) = await copies(pool, source, [OLD])
    partition = f"events_{MONTH:%Y_%m}", f"logs_{MONTH:%Y_%m}"
    assert [await tables(pool, name) for name in partition] == [[name] for name in partition]
    found = await survey(floor.parts.database, [rule()])
    assert found.months == [MONTH]
    done = await prune(floor.parts.database, [rule()], PERSON, batch=2)
    assert done.total == 4
    assert done.dropped == list(partition)
    assert [await tables(pool, name) for name in partition] == [[], []]
    assert await rows_of(pool, [*ids, other]) == {}
    assert await partitions.marked(pool) == []
    assert [data for *_, data in await acts(pool)] == [
        {"executions": 2, "flows": {"acme/test": {"SUCCESS": 2}}},
        {"executions": 2, "flows": {"acme/test": {"SUCCESS": 2}}},
        {"executions": 0, "dropped": list(partition)},
    ]
    assert {(actor, channel) for actor, channel, _ in await acts(pool)} == {("user:test", "API")}
    (again,) = await copies(pool, source, [MONTH])
    assert (await rows_of(pool, [again]))["events"] > 0
    assert await invariants.verify(pool) == []


async def test_a_month_in_which_one_stays_is_not(floor: Floor, pool: Pool) -> None:
    await make_month(pool, MONTH)
    source = (await floor.run(ONE)).id
    gone, stays = await copies(pool, source, [MONTH, MONTH])
    before = await rows_of(pool, [stays])
    await floor.submit(stays, Archive())
    done = await prune(floor.parts.database, [rule()], ENGINE)
    assert (done.total, done.dropped) == (1, [])
    assert await rows_of(pool, [gone]) == {}
    assert await rows_of(pool, [stays]) == before | {"events": before["events"] + 1}
    assert await invariants.verify(pool) == []


async def test_an_execution_archived_meanwhile_keeps_its_history(floor: Floor, pool: Pool) -> None:
    """As when a person archives an execution between two transactions that delete a whole month."""
    await make_month(pool, MONTH)
    source = (await floor.run(ONE)).id
    gone, stays = await copies(pool, source, [MONTH, MONTH])
    async with pool.acquire() as connection, connection.transaction():
        await partitions.mark(connection, [MONTH])
    async with pool.acquire() as connection, connection.transaction():
        await retention.delete_batch(connection, [rule()], None, 1)
    left = await history.existing(pool, [gone, stays])
    (gone,) = {gone, stays} - left
    (stays,) = left
    assert set(await rows_of(pool, [gone])) == {"events", "logs"}
    await floor.submit(stays, Archive())
    before = await rows_of(pool, [stays])
    assert (await go(floor, rule())).total() == 0
    assert await rows_of(pool, [gone]) == {}
    assert await rows_of(pool, [stays]) == before
    assert await partitions.marked(pool) == []
    assert await invariants.verify(pool) == []


async def test_a_drop_that_would_have_to_wait_is_left_for_another_time(
    floor: Floor, pool: Pool
) -> None:
    await make_month(pool, MONTH)
    source = (await floor.run(ONE)).id
    await copies(pool, source, [MONTH])
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetch("select count(*) from logs")
        done = await prune(floor.parts.database, [rule()], ENGINE)
    assert (done.total, done.dropped) == (1, [])
    assert await partitions.marked(pool) == [MONTH]
    done = await prune(floor.parts.database, [rule()], ENGINE)
    assert (done.total, len(done.dropped)) == (0, 2)


async def test_one_process_prunes_at_a_time(floor: Floor, pool: Pool) -> None:
    source = (await floor.run(ONE)).id
    ids = await copies(pool, source, [OLD] * 40)
    holder = await floor.parts.database.connect_alone()
    try:
        assert await retention.try_lock_pruning(holder)
        with pytest.raises(Busy):
            await go(floor, rule())
    finally:
        await holder.close()
    assert await there(pool, ids) == [True] * 40
    done = await asyncio.gather(
        *(go(floor, rule(), batch=3) for _ in range(3)), return_exceptions=True
    )
    assert sum(one.total() for one in done if isinstance(one, Counter)) == 40
    assert all(isinstance(one, Counter | Busy) for one in done)
    assert sum(data["executions"] for *_, data in await acts(pool)) == 40


async def test_an_imported_run_is_pruned_by_its_end_but_not_at_once(
    floor: Floor, pool: Pool
) -> None:
    """A day after its last report: an import can be finished, and archived."""
    begun = datetime(2025, 1, 15, 12, tzinfo=UTC)
    command = RecordExecution(CompiledFlow.external("acme", "mnist"), "train", started_at=begun)
    ids = [(await floor.parts.engine.create(command, PERSON)).execution.id for _ in range(3)]
    end = RecordEnd(ExecutionState.SUCCESS, ended_at=begun + timedelta(minutes=5))
    for id in ids:
        await floor.submit(id, end)
    assert await ensure_past_partitions(pool) == 1
    assert await go(floor, rule()) == {}
    yesterday = "update events set at = at - interval '1 day' where execution_id = any($1::uuid[])"
    await pool.execute(yesterday, ids[:2])
    await floor.submit(ids[1], AddNote(new_id(), "still of use"))
    assert await go(floor, rule()) == {("acme", "mnist", "SUCCESS"): 1}
    assert await there(pool, ids) == [False, True, True]
    await pool.execute(yesterday, ids)
    assert await go(floor, rule("1000d")) == {}
    assert (await prune(floor.parts.database, [rule()], ENGINE)).dropped == ["events_2025_01"]
    assert await there(pool, ids) == [False] * 3
    assert await invariants.verify(pool) == []


async def test_locked_executions_are_skipped(floor: Floor, pool: Pool) -> None:
    source = (await floor.run(ONE)).id
    held, free = await copies(pool, source, [OLD, OLD])
    async with pool.acquire() as other, other.transaction():
        await other.execute("select from executions where id = $1 for update", held)
        assert (await go(floor, rule())).total() == 1
    assert await there(pool, [held, free]) == [True, False]
    assert (await go(floor, rule())).total() == 1


async def test_stored_files_go_too(floor: Floor, pool: Pool) -> None:
    made = "  - {id: a, type: shell, run: 'echo hi > f.txt', artifacts: [{path: f.txt}]}\n"
    source = (await floor.run(made)).id
    (with_files,) = await copies(pool, source, [OLD])
    await copies(pool, (await floor.run(ONE)).id, [OLD])
    assert (await go(floor, rule())).total() == 2
    rows = await pool.fetch(
        "select execution_id, command ->> 'kind' as kind from deferred_commands"
    )
    assert [(row["execution_id"], row["kind"]) for row in rows] == [(with_files, "RemoveFiles")]


async def test_the_loop_prunes_by_the_rules_and_without_one_nothing(
    floor: Floor, pool: Pool
) -> None:
    source = (await floor.run(ONE)).id
    ids = await copies(pool, source, [OLD] * 3)
    database = floor.parts.database
    async with Pruner(database, floor.parts.feed, (), 0.01):
        assert await there(pool, ids) == [True] * 3
    topics = {f"e:{id}" for id in ids}
    logged: set[str] = set()
    with floor.parts.feed.watch(*topics) as watch:
        async with (
            asyncio.timeout(DEADLINE),
            Pruner(database, floor.parts.feed, (rule(),), 0.01),
            Pruner(database, floor.parts.feed, (rule(),), 0.01),
        ):
            while logged != topics:
                logged |= await watch.changed() or set()
    assert await there(pool, ids) == [False] * 3
    assert sum(data["executions"] for *_, data in await acts(pool)) == 3
    assert {(actor, channel) for actor, channel, _ in await acts(pool)} == {("engine", "ENGINE")}


async def test_a_stored_output_about_to_be_referenced_is_not_deleted(pool: Pool) -> None:
    """Holds whichever of the two comes first."""
    id, count = new_id(), "select count(*) from kept_outputs"
    async with pool.acquire() as naming, pool.acquire() as pruning, asyncio.timeout(DEADLINE):
        async with naming.transaction():
            await hold_sources(naming, {id: {"rows": 3}})
            async with pruning.transaction():
                await retention.forget_kept_outputs(pruning)
        assert await pool.fetchval(count) == 1
        async with pruning.transaction():
            await retention.forget_kept_outputs(pruning)
            named = asyncio.ensure_future(hold_sources(naming, {id: {"rows": 3}}))
            waiting = "select count(*) from pg_locks where not granted"
            while not await pool.fetchval(waiting):
                assert not named.done()
        await named
        assert await pool.fetchval(count) == 1
        await retention.forget_kept_outputs(pruning)
        assert await pool.fetchval(count) == 0
