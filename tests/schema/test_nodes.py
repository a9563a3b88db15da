"""Many ids are read at once, and at most as many as one answer holds."""

import pytest

from models.access.viewer import Permission, Scope
from models.ids import part_of, typed
from schema.nodes import MAX_IDS
from tests.schema.richness import fill
from tests.schema.test_bulk import EVERYTHING, UNKNOWN, Asker, asker
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
    nodes = (await asker.post(NODES, ids=ids))["nodes"]
    assert [node and node["id"] for node in nodes] == [*ids[:-2], None, ids[0]]
    assert len(counted.statements) <= 3, "\n".join(counted.statements)


async def test_task_runs_of_another_namespace_are_not_there(asker: Asker) -> None:
    await asker.create("theirs")
    run = await asker.pool.fetchval("select id from task_runs")
    assert (await asker.post(NODES, ids=[typed("run", run)]))["nodes"] == [None]


async def test_more_ids_than_an_answer_holds_are_refused(asker: Asker) -> None:
    assert (await asker.post(NODES, ids=[UNKNOWN] * MAX_IDS))["nodes"] == [None] * MAX_IDS
    with pytest.raises(AssertionError, match=f"at most {MAX_IDS} ids, got {MAX_IDS + 1}"):
        await asker.post(NODES, ids=[UNKNOWN] * (MAX_IDS + 1))


async def test_parts_of_an_execution_are_visible_with_the_execution(asker: Asker) -> None:
    (execution,) = await fill(asker, range(1))
    bulk = await asker.pool.fetchval("select bulk_id from bulk_items")
    ids = [part_of("line", execution, 1), part_of("bres", bulk, 1)]
    without_logs = EVERYTHING - {Permission.VIEW_LOGS}
    for who, seen in (
        ({}, ids),
        ({"permissions": without_logs}, [None, ids[1]]),
        ({"scope": Scope(("theirs",)), "actor": "user:eve"}, [None, None]),
    ):
        nodes = (await asker.post(NODES, ids=ids, **who))["nodes"]
        assert [node and node["id"] for node in nodes] == seen, who


@pytest.mark.parametrize(
    "number", ["", "0", "8", "-1", "+1", "01", "1.0", "²", "१", "1_1", "9" * 9, "9" * 30, "x", " 1"]
)
async def test_ids_of_parts_that_are_not_there(asker: Asker, number: str) -> None:
    (execution,) = await fill(asker, range(1))
    whole = part_of("line", execution, 1).rpartition("_")[0]
    ids = [f"{whole}_{number}", f"line_{number}", f"bres_{whole}_{number}", f"exec_{number}"]
    assert (await asker.post(NODES, ids=ids))["nodes"] == [None] * 4
