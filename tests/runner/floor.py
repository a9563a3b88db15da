"""A complete runtime for tests: flows from YAML, run by a real worker; the feed reports changes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from models.access.hosts import HostRules
from models.access.viewer import Scope
from models.events.events import CommandOrigin
from models.lifecycle.commands.commands import Command, Create
from models.lifecycle.snapshot import Execution, TaskRun
from models.spec import parse_flow
from models.states import Channel, TaskRunState
from runner.launch.launch import Launch, prepare
from runner.service.encryption import Cipher, key_from, new_key
from runner.store.execution.snapshots import load_executions
from runner.store.flows.flows import save_flow
from runner.store.json import load
from runner.store.logs.log_lines import LinesOf, LogRow, lines_after
from runner.worker.worker import Worker
from server.process.runtime import Runtime, make_worker, runtime

DEADLINE = 30.0
PERSON = CommandOrigin("user:test", Channel.API)


@dataclass
class Floor:
    parts: Runtime
    worker: Worker
    data_dir: Path

    async def begin(self, tasks: str, head: str = "", **inputs: Any) -> UUID:
        """Starts an execution of a flow with these tasks (YAML, two spaces deep) and the keys in `head`."""
        declared = ", ".join(f"{{id: {name}, type: STRING}}" for name in inputs)
        source = f"id: test\nnamespace: acme\n{head}inputs: [{declared}]\ntasks:\n{tasks}"
        async with self.parts.database.pool.acquire() as connection:
            await save_flow(connection, parse_flow(source), source, "user:test")
        create = await self._create(inputs)
        return (await self.parts.engine.create(create, PERSON)).execution.id

    async def _create(self, inputs: Mapping[str, Any]) -> Create:
        launch = Launch(namespace="acme", flow="test", inputs=inputs)
        parts = self.parts
        return await prepare(
            parts.database.pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault
        )

    async def submit(self, id: UUID, command: Command) -> None:
        await self.parts.engine.execute(id, command, PERSON)

    async def look(self, id: UUID) -> Execution:
        async with self.parts.database.pool.acquire() as connection:
            return (await load_executions(connection, self.parts.engine.plans, [id]))[id]

    async def until_ended(self, id: UUID) -> Execution:
        async with asyncio.timeout(DEADLINE):
            with self.parts.feed.watch(f"e:{id}") as watch:
                while not (execution := await self.look(id)).ended:
                    await watch.changed()
        return execution

    async def run(self, tasks: str, head: str = "", **inputs: Any) -> Execution:
        return await self.until_ended(await self.begin(tasks, head, **inputs))

    async def task(self, tasks: str, **inputs: Any) -> TaskRun:
        """Runs a flow of one task; returns the ended task run."""
        (task,) = (await self.run(tasks, **inputs)).tasks.values()
        return task

    async def set_aside(self, task: TaskRun) -> dict[str, Any]:
        """Returns the outputs of the newest, unsuccessful attempt."""
        data = await self.parts.database.pool.fetchval(
            "select data from events where task_run_id = $1 and type = 'ATTEMPT_ENDED' order by seq desc limit 1",
            task.id,
        )
        outputs: dict[str, Any] = load(data)["outputs"]
        return outputs

    async def until_running(self, id: UUID, path: str) -> None:
        async with asyncio.timeout(DEADLINE):
            with self.parts.feed.watch(f"e:{id}") as watch:
                while (await self.look(id)).tasks[path].state is not TaskRunState.RUNNING:
                    await watch.changed()

    async def until_said(self, id: UUID, text: str) -> LogRow:
        """Returns the first log line that contains `text`."""
        async with asyncio.timeout(DEADLINE):
            with self.parts.feed.watch(f"l:{id}") as watch:
                while True:
                    for line in await self.lines(id):
                        if text in line.text:
                            return line
                    await watch.changed()

    async def lines(self, id: UUID) -> list[LogRow]:
        return await lines_after(self.parts.database.pool, LinesOf(id), None, 1_000_000)


@asynccontextmanager
async def open_floor(
    database_url: str,
    data_dir: Path,
    concurrency: int = 4,
    drain_timeout: float = 0.0,
    hosts: HostRules | None = None,
) -> AsyncIterator[Floor]:
    async with runtime(database_url, Cipher(key_from(new_key()))) as parts:
        worker = make_worker(parts, data_dir, ("default",), concurrency, drain_timeout, hosts=hosts)
        async with worker:
            yield Floor(parts, worker, data_dir)
