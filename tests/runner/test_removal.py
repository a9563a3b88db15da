"""What goes with a deleted execution, and what others keep of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.errors import ProblemCode, Refused
from models.ids import new_id
from models.lifecycle.commands import SetLabels
from models.lifecycle.record_commands import AddNote, Archive, Delete
from runner import oracle
from runner.store import history
from runner.store.json import load
from tests.runner.floor import DEADLINE, Floor, open_floor

ONE = "  - {id: a, type: return, outputs: {rows: 3}}\n"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


async def test_what_is_asked_beside_a_deletion_finds_nothing(floor: Floor) -> None:
    id = (await floor.run(ONE)).id
    asked = (Archive(), Delete(), AddNote(new_id(), "late"), SetLabels({"a": "b"}), Delete())
    answers = await asyncio.gather(
        *(floor.ask(id, command) for command in asked), return_exceptions=True
    )
    kinds = [
        answer.problems[0].code if isinstance(answer, Refused) else answer for answer in answers
    ]
    assert kinds == [None, None, *[ProblemCode.NOT_FOUND] * 3]
    pool = floor.parts.database.pool
    rows = await pool.fetch("select action from audit_log where execution_id = $1 order by id", id)
    assert [row["action"] for row in rows] == ["CREATE_EXECUTION", "ARCHIVE", "DELETE"]
    assert await oracle.verify(pool) == []


async def test_a_result_that_is_carried_by_reference_is_copied_first(floor: Floor) -> None:
    source, other = await floor.run(ONE), await floor.run(ONE)
    pool = floor.parts.database.pool
    await pool.execute(
        "update task_runs set outputs_from = $1, outputs = '{}' where execution_id = $2",
        source.tasks["a"].id,
        other.id,
    )
    await pool.execute("update executions set rerun_of = $1 where id = $2", source.id, other.id)
    await floor.ask(source.id, Delete())
    row = await pool.fetchrow(history.TASK_RUNS_OF, [other.id])
    assert row is not None and load(row["results"]) == {"rows": 3}
    found = await floor.look(other.id)
    assert found.tasks["a"].results == {"rows": 3}
    assert found.rerun_of == source.id


async def test_a_refused_deletion_changes_nothing(floor: Floor) -> None:
    id = await floor.begin("  - {id: ok, type: approval, message: go}\n")
    async with asyncio.timeout(DEADLINE):
        with floor.parts.feed.watch(f"e:{id}") as watch:
            while (before := (await floor.look(id)).state) != "WAITING_FOR_APPROVAL":
                await watch.changed()
    with pytest.raises(Refused, match="cancel it first"):
        await floor.ask(id, Delete())
    assert (await floor.look(id)).state == before
    pool = floor.parts.database.pool
    count = await pool.fetchval(
        "select count(*) from audit_log where execution_id = $1 and action = 'DELETE'", id
    )
    assert count == 0
