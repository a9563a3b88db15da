"""Changes of an execution through the schema: hidden children are not sent."""

from contextlib import aclosing
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.access.viewer import Permission, Scope, Viewer
from models.errors import Refused
from models.ids import new_id, typed
from runner.store.postgres.database import Database
from server.app import create_operations
from server.graphql.operations import Operations
from server.graphql.requests import Request
from server.process.runtime import runtime
from tests.runner.stored import NOW, store_execution

VIEW = "query ($id: ID!) { execution(id: $id) { cursor children { namespace } } }"
CHANGES = """subscription ($id: ID!, $after: String) { executionChanges(id: $id, after: $after) {
  more children { namespace } execution { id } } }"""
CHILD = """
insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at, parent_id)
values ($1, $2, 'below', 'flow', 'below', 'CREATED', 1, 1, 'user:admin', $3, $4)
"""


def viewer(*namespaces: str) -> Viewer:
    return Viewer.holding("user:test", frozenset(Permission), Scope(namespaces))


async def change_of(operations: Operations, viewer: Viewer, **variables: Any) -> Any:
    prepared = operations.prepare(Request(CHANGES, None, variables))
    async with aclosing(operations.subscribe(prepared, viewer)) as deliveries:
        async for delivery in deliveries:
            return orjson.loads(delivery.body)["data"]["executionChanges"]


async def cursor_of(operations: Operations, viewer: Viewer, id: UUID) -> str:
    prepared = operations.prepare(Request(VIEW, None, {"id": typed("exec", id)}))
    found = orjson.loads((await operations.execute(prepared, viewer)).body)
    cursor: str = found["data"]["execution"]["cursor"]
    return cursor


async def test_hidden_children_are_not_sent(database: Database, database_url: str) -> None:
    id = await store_execution(database.pool)
    async with runtime(database_url) as parts:
        operations = create_operations(parts)
        variables = {
            "id": typed("exec", id),
            "after": await cursor_of(operations, viewer("acme"), id),
        }
        for namespace in ("acme.below", "other"):
            await database.pool.execute(CHILD, new_id(), namespace, NOW, id)
        change = await change_of(operations, viewer("acme"), **variables)
        assert change["children"] == [{"namespace": "acme.below"}]
        change = await change_of(operations, viewer("acme", "other"), **variables)
        assert [child["namespace"] for child in change["children"]] == ["acme.below", "other"]
        with pytest.raises(Refused, match="no execution"):
            await change_of(operations, viewer("other"), **variables)
