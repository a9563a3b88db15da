"""Answers about thousands of task runs: as many statements as about a few, and work in proportion."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from types import FrameType, SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Permission, Scope, Viewer
from models.events.events import CommandOrigin
from models.ids import typed
from models.spec import parse_flow
from models.states import Channel
from runner.launch.launch import Launch, prepare
from runner.service.encryption import Cipher, key_from, new_key
from runner.store.flows.flows import save_flow
from server.app import create_operations
from server.graphql import precedence
from server.graphql.requests import Request
from server.process.runtime import Runtime, runtime

PERSON = CommandOrigin("user:test", Channel.API)
VIEWER = Viewer.holding("user:test", frozenset(Permission))
FEW, MANY = 40, 400
SOURCE = """
id: large
namespace: acme
inputs: [{id: items, type: JSON}]
tasks:
  - id: each
    type: foreach
    items: "{{ inputs.items }}"
    tasks:
      - {id: one, type: log, message: hi, queue: nobody}
      - {id: two, type: log, message: hi, needs: [one]}
"""
PAGE = """query ($id: ID!, $at: Int) { execution(id: $id, at: $at) { cursor
  taskRuns { id key state progress message retryAt startedAt endedAt duration error { code message }
    task { key type needs } iteration { index item label } child { id name state } stateHistory { state at }
    approval { id } attempts { number state worker startedAt endedAt duration error { code message } } } } }"""
WAITING = """query ($id: ID!) { execution(id: $id) {
  taskRuns { id waitingFor { code message } availableActions { action allowed } metrics { value }
    artifacts { id } } } }"""
EVENTS = "query ($id: ID!) { execution(id: $id) { events(first: 1000) { seq taskRun { key } } } }"


@asynccontextmanager
async def running(database_url: str) -> AsyncIterator[Runtime]:
    async with runtime(database_url, Cipher(key_from(new_key()))) as parts:
        async with parts.database.pool.acquire() as connection:
            await save_flow(connection, parse_flow(SOURCE), SOURCE, "user:test")
        yield parts


async def begin(parts: Runtime, items: int) -> UUID:
    """Creates an execution of which every other task run waits for a worker."""
    launch = Launch(namespace="acme", flow="large", inputs={"items": list(range(items))})
    services = (
        parts.database.pool,
        parts.engine.plans,
        parts.evaluator,
        Scope(),
        launch,
        parts.vault,
    )
    id = (await parts.engine.create(await prepare(*services), PERSON)).execution.id
    queued = "select count(*) from task_runs where execution_id = $1 and state = 'QUEUED'"
    with parts.feed.watch(f"e:{id}") as watch:
        while await parts.database.pool.fetchval(queued, id) < items:
            await watch.changed()
    return id


class Counted:
    """A pool that counts its statements, and the calls of Python functions meanwhile."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.calls = 0
        self.statements = 0

    def __getattr__(self, name: str) -> Any:
        self.statements += name in ("fetch", "fetchrow", "fetchval", "acquire")
        return getattr(self._pool, name)

    def _called(self, frame: FrameType, event: str, _: Any) -> None:
        self.calls += event == "call"

    @contextmanager
    def counting(self) -> Iterator[None]:
        self.statements = 0
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)


@pytest.fixture(autouse=True)
def credit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives enough credit that nothing waits for its turn: the work itself is counted."""
    monkeypatch.setattr(precedence, "CREDIT", 1e9)


async def cost(parts: Runtime, query: str, id: UUID, **more: Any) -> Counted:
    """Returns the cost of the second time, with filled caches."""
    counted = Counted(parts.database.pool)
    database: Any = SimpleNamespace(pool=counted, reads=counted, streams=counted)
    operations = create_operations(replace(parts, database=database))
    prepared = operations.prepare(Request(query, None, {"id": typed("exec", id), **more}))
    assert (await operations.execute(prepared, VIEWER)).errors == ()
    with counted.counting():
        await operations.execute(prepared, VIEWER)
    return counted


@pytest.mark.parametrize(
    ("query", "at"), [(PAGE, False), (PAGE, True), (WAITING, False), (EVENTS, False)]
)
async def test_work_grows_no_faster_than_the_execution(
    database_url: str, query: str, at: bool
) -> None:
    async with running(database_url) as parts:
        costs = []
        for items in (FEW, MANY):
            id = await begin(parts, items)
            seq = await parts.database.pool.fetchval("select seq from executions where id = $1", id)
            costs.append(await cost(parts, query, id, **({"at": seq} if at else {})))
        few, many = costs
        assert many.calls < 1.2 * few.calls * MANY / FEW
        assert many.statements <= few.statements + 2
