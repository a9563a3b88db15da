"""A list needs as many statements as one of its rows: nothing is read row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from models.access.viewer import Scope
from models.ids import new_id
from tests.schema.test_bulk import Asker, asker

__all__ = ["asker"]
LIST = """query ($first: Int!) { executions(first: $first) { nodes {
  id name state labels { key value } revision { number } git { branch commit } flow { key }
  failure { message code exitCode others skippedCount skipped { id } taskRun { key state } fingerprint logLine }
  durationStats { p50 p95 }
  columns(names: ["metric.loss", "metric.rows", "property.lr", "input.day", "metrics"]) } } }"""
FAILURE = '{"path": "a", "attempt": 1, "code": "X", "message": "broken 7"}'


class Counted:
    """A pool that records its statements."""

    def __init__(self, pool: Any) -> None:
        self._pool, self.statements = pool, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, statement: str, *arguments: Any) -> Any:
        self.statements.append(statement)
        return await self._pool.fetch(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        self.statements.append(statement)
        return await self._pool.fetchval(statement, *arguments)

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        self.statements.append(statement)
        return await self._pool.fetchrow(statement, *arguments)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection:
            with connection.query_logger(lambda record: self.statements.append(record.query)):
                yield connection


async def fail(asker: Asker, number: int) -> None:
    """Creates so many executions, each with a failed task run, a skipped one, an error in its log, and a metric."""
    pool = asker.pool
    for _ in range(number):
        id = await asker.create("mine")
        await pool.execute(
            "update executions set state = 'FAILED', ended_at = now(), started_at = now(), failure = $2 where id = $1",
            id, FAILURE,
        )  # fmt: skip
        await pool.execute("update task_runs set state = 'FAILED' where execution_id = $1", id)
        await pool.execute(
            """insert into task_runs (id, execution_id, path, position, type, queue, state)
               values ($1, $2, 'b', 1, 'log', 'default', 'CANCELLED')""",
            new_id(), id,
        )  # fmt: skip
        await pool.execute(
            "insert into metrics (execution_id, id, name, value, kind, at) values ($1, $2, 'loss', 0.5, '', now())",
            id, new_id(),
        )  # fmt: skip


@pytest.mark.parametrize("size", [3, 40])
async def test_a_list_is_read_in_few_statements(asker: Asker, size: int) -> None:
    await fail(asker, size)
    counted = Counted(asker.pool)
    object.__setattr__(asker.services, "pool", counted)
    asker.pool = counted  # type: ignore[assignment]
    found = (await asker.post(LIST, first=size, scope=Scope()))["executions"]["nodes"]
    assert len(found) == size
    for node in found:
        failure = node["failure"]
        assert (failure["taskRun"]["key"], failure["skippedCount"], failure["others"]) == (
            "a",
            1,
            0,
        )
        assert len(failure["skipped"]) == 1
        assert node["columns"]["metric.loss"] == 0.5
        assert node["revision"]["number"] == 1
    assert len(counted.statements) <= 20, "\n".join(counted.statements)
