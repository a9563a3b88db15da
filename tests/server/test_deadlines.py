"""An operation past its deadline: a query is cancelled with its SQL, a mutation continues and is executed once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import pytest

from models.access.viewer import Permission, Viewer
from models.ids import typed
from models.spec import parse_flow
from runner.service.encryption import Cipher, key_from, new_key
from runner.store.flows.flows import save_flow
from runner.store.postgres.shares import Share, Sizes
from server.app import create_operations
from server.graphql.allowance import Allowance
from server.graphql.answers import Answer
from server.graphql.operations import Operations
from server.graphql.requests import Request
from server.process.runtime import Runtime, runtime

VIEWER = Viewer.holding("user:test", frozenset(Permission))
SOURCE = "id: one\nnamespace: acme\ntasks: [{id: only, type: log, message: hi, queue: nobody}]\n"
CREATE = """mutation ($key: String!) { createExecution(input: {namespace: "acme", flow: "one",
  idempotencyKey: $key}) { execution { id } problems { message } } }"""
WITHIN = 20.0


@asynccontextmanager
async def running(database_url: str) -> AsyncIterator[Runtime]:
    async with runtime(database_url, Cipher(key_from(new_key()))) as parts:
        async with parts.database.pool.acquire() as connection:
            await save_flow(connection, parse_flow(SOURCE), SOURCE, "user:test")
        yield parts


@asynccontextmanager
async def locked(database_url: str, table: str) -> AsyncIterator[asyncpg.Connection]:
    """Locks the table while the block is entered."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in access exclusive mode")
            yield connection
    finally:
        await connection.close()


async def waiting_for(connection: asyncpg.Connection, table: str) -> int:
    """Returns how many sessions wait for a lock of the table."""
    found: int = await connection.fetchval(
        "select count(*) from pg_locks where not granted and relation = $1::regclass", table
    )
    return found


async def post(operations: Operations, query: str, **variables: Any) -> Answer:
    return await operations.execute(operations.prepare(Request(query, None, variables)), VIEWER)


def data(answer: Answer) -> Any:
    assert answer.errors == (), answer.errors
    return orjson.loads(answer.body)["data"]


QUERIES = {
    "saved_filters": "{ savedFilters { id } }",
    "notes": "query ($id: ID!) { execution(id: $id) { notes { text } } }",
    "artifact_uses": "query ($id: ID!) { execution(id: $id) { id artifacts { id } notes { text } } }",
}
"""By the table for which they wait: a resolver's own statement, and those of loaders."""


@pytest.mark.parametrize("table", QUERIES)
async def test_a_query_is_cancelled_with_the_statement_that_it_waits_for(
    database_url: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Share("requests", 8, within=5, lock=0, statement=0)  # it ends no statement by itself
    monkeypatch.setattr(Sizes, "read_share", lambda _: patient)
    async with running(database_url) as parts:
        usual = create_operations(parts)
        made = data(await post(usual, CREATE, key="first"))["createExecution"]["execution"]["id"]
        hasty = create_operations(parts, allowance=Allowance(deadline=1.0))
        variables = {"id": made} if "$id" in QUERIES[table] else {}
        async with locked(database_url, table) as connection:
            query = asyncio.ensure_future(post(hasty, QUERIES[table], **variables))
            async with asyncio.timeout(WITHIN):
                while not await waiting_for(connection, table):
                    assert not query.done()
                answer = await query
                assert [error["extensions"]["code"] for error in answer.errors] == [
                    "DEADLINE_EXCEEDED"
                ]
                assert orjson.loads(answer.body)["data"] is None
                assert "longer than 1 s (operation_deadline)" in answer.errors[0]["message"]
                while await waiting_for(connection, table):
                    pass
        assert (await post(hasty, QUERIES[table], **variables)).errors == ()


async def test_a_mutation_continues_and_the_same_key_executes_it_once(database_url: str) -> None:
    async with running(database_url) as parts:
        hasty = create_operations(parts, allowance=Allowance(deadline=1.0))
        async with locked(database_url, "executions"):
            answer = await post(hasty, CREATE, key="k")
        (error,) = answer.errors
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
        assert "Send it again with the same idempotencyKey" in error["message"]
        usual = create_operations(parts)
        first = data(await post(usual, CREATE, key="k"))["createExecution"]
        again = data(await post(usual, CREATE, key="k"))["createExecution"]
        assert first == again
        ids = await parts.database.pool.fetch("select id from executions")
        assert [typed("exec", row["id"]) for row in ids] == [first["execution"]["id"]]
