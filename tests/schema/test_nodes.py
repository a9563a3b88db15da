"""Many ids are looked up at once, and no more of them than one answer holds."""

import pytest

from models.ids import typed
from schema.nodes import MOST
from tests.schema.test_bulk import UNKNOWN, Asker, asker
from tests.schema.test_list_statements import Counted, fail

__all__ = ["asker"]
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on TaskRun { outputs } } }"


@pytest.mark.parametrize("size", [1, 20])
async def test_task_runs_and_executions_are_read_in_few_statements(asker: Asker, size: int) -> None:
    await fail(asker, size)
    runs = await asker.pool.fetch("select id, execution_id from task_runs")
    ids = [typed("run", row["id"]) for row in runs]
    ids += [typed("exec", row["execution_id"]) for row in runs] + [UNKNOWN, ids[0]]
    counted = Counted(asker.pool)
    object.__setattr__(asker.services, "pool", counted)
    nodes = (await asker.ask(NODES, ids=ids))["nodes"]
    assert [node and node["id"] for node in nodes] == [*ids[:-2], None, ids[0]]
    assert len(counted.statements) <= 3, "\n".join(counted.statements)


async def test_task_runs_of_another_namespace_are_not_there(asker: Asker) -> None:
    await asker.create("theirs")
    run = await asker.pool.fetchval("select id from task_runs")
    assert (await asker.ask(NODES, ids=[typed("run", run)]))["nodes"] == [None]


async def test_more_ids_than_an_answer_holds_are_refused(asker: Asker) -> None:
    assert (await asker.ask(NODES, ids=[UNKNOWN] * MOST))["nodes"] == [None] * MOST
    with pytest.raises(AssertionError, match=f"at most {MOST} ids, got {MOST + 1}"):
        await asker.ask(NODES, ids=[UNKNOWN] * (MOST + 1))
