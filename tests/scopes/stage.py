"""A complete runtime with a worker, and people who each see some namespaces: their requests use the schema."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope, Viewer
from models.ids import typed, untyped
from models.lifecycle.snapshot import Execution
from runner.service.encryption import Cipher, key_from, new_key
from schema.context import Context
from server.process.runtime import make_worker, runtime
from tests.runner.floor import Floor
from tests.schema.test_bulk import EVERYTHING, Asker

OURS: Final = Scope(("acme.a",))
"""The scope of the attackers."""
MARK: Final = "0xSECRET"
"""Marks every value that belongs to `acme.b`."""
PROBLEMS: Final = "problems { code message path }"


class Stage(Asker):
    """`floor` waits for ends. Requests without a scope come from the platform team, which sees everything."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor.parts)
        self.floor = floor

    async def by(self, scope: Scope, query: str, **variables: Any) -> Any:
        return await self.post(query, scope=scope, **variables)

    async def mutate(
        self, name: str, what: str = "execution { id }", scope: Scope = EVERYWHERE, **input: Any
    ) -> Any:
        kind = _KINDS.get(name, f"{name[0].upper()}{name[1:]}Input")
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} {PROBLEMS} }} }}"
        return (await self.by(scope, query, input=input))[name]

    async def save(self, source: str, scope: Scope = EVERYWHERE) -> None:
        saved = await self.mutate("saveFlow", "flow { id }", scope, source=source)
        assert saved["problems"] == []

    async def start(self, flow: str, scope: Scope = EVERYWHERE, **input: Any) -> UUID:
        namespace, key = flow.split("/")
        made = await self.mutate(
            "createExecution", scope=scope, namespace=namespace, flow=key, **input
        )
        assert made["problems"] == []
        return untyped("exec", made["execution"]["id"])

    async def ended(self, flow: str, scope: Scope = EVERYWHERE, **input: Any) -> UUID:
        """Runs an execution of the flow to its end."""
        id = await self.start(flow, scope, **input)
        await self.floor.until_ended(id)
        return id

    async def run_bulk(self, id: str, mode: str) -> Any:
        return await self.run(id, mode, scope=OURS)

    async def made(self, answer: Any) -> UUID:
        """Waits for the end of the execution that a mutation created; returns its id."""
        assert answer["problems"] == []
        id = untyped("exec", answer["execution"]["id"])
        await self.floor.until_ended(id)
        return id

    async def follow(self, query: str, scope: Scope, **variables: Any) -> AsyncGenerator[Any, None]:
        context = Context(self.services, Viewer.holding("user:eve", EVERYTHING, scope))
        found = await self.schema.subscribe(query, variables, context)
        assert isinstance(found, AsyncGenerator), found
        async for each in found:
            assert each.errors is None, each.errors
            yield each.data

    async def until(self, id: UUID, holds: Callable[[Execution], bool]) -> None:
        async with asyncio.timeout(30):
            with self.parts.feed.watch(f"e:{id}") as watch:
                while not holds(await self.floor.look(id)):
                    await watch.changed()

    async def ran(self, namespace: str) -> int:
        """Returns how many executions a namespace has."""
        sql = "select count(*) from executions where namespace = $1"
        return int(await self.pool.fetchval(sql, namespace))

    async def child_of(self, id: UUID) -> UUID:
        sql = "select id from executions where parent_id = $1 order by id desc limit 1"
        async with asyncio.timeout(30):
            with self.parts.feed.watch(f"e:{id}") as watch:
                while (found := await self.pool.fetchval(sql, id)) is None:
                    await watch.changed()
        child: UUID = found
        return child


_KINDS: Final = {"restartExecution": "RestartExecutionInput"}


def exec_id(id: UUID) -> str:
    return typed("exec", id)


@asynccontextmanager
async def open_stage(database_url: str, data_dir: Path) -> AsyncIterator[Stage]:
    async with runtime(database_url, Cipher(key_from(new_key()))) as parts:
        worker = make_worker(parts, data_dir, ("default",), 4, 0.0)
        async with worker:
            yield Stage(Floor(parts, worker, data_dir))
