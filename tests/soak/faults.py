"""Faults of the processes of a soak test. Each fault is repaired before its method returns."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any

import asyncpg
import httpx
import websockets

from models.ids import untyped
from tests.api import holder
from tests.api.postgres import frozen, postmaster
from tests.api.test_transient_errors import cancel_queries, read_only
from tests.conftest import as_superuser
from tests.soak.flooding import SCHEMA, STATS
from tests.soak.load import PASSING, Load
from tests.soak.stage import Process, Stage

Fault = Callable[["Faults"], Awaitable[None]]
LEASE = 10.0
_LIST = (
    "{ executions(first: 200) { nodes { id state taskRuns { key state attempts { number } } } } }"
)


class Faults:
    def __init__(self, stage: Stage, load: Load, random: Random) -> None:
        self.stage, self.load, self.random = stage, load, random

    async def kill_a_worker(self) -> None:
        await self._again(self.random.choice(self.stage.workers), signal.SIGKILL)

    async def kill_a_server(self) -> None:
        await self._again(self.random.choice(self.stage.servers), signal.SIGKILL)

    async def kill_everyone(self) -> None:
        await asyncio.gather(*(self._again(one, signal.SIGKILL) for one in self.stage.everyone))

    async def drain_a_worker(self) -> None:
        await self._again(self.random.choice(self.stage.workers), signal.SIGTERM)

    async def drain_a_server(self) -> None:
        await self._again(self.random.choice(self.stage.servers), signal.SIGTERM)

    async def freeze_a_worker_past_its_lease(self) -> None:
        await self._frozen(self.random.choice(self.stage.workers), LEASE + 4)

    async def freeze_a_worker_shortly(self) -> None:
        await self._frozen(self.random.choice(self.stage.workers), 3)

    async def freeze_a_server(self) -> None:
        await self._frozen(self.random.choice(self.stage.servers), self.random.uniform(3, 12))

    async def freeze_the_database(self) -> None:
        with frozen(self.stage.postgres):
            await asyncio.sleep(self.random.uniform(3, 10))

    async def kill_the_database(self) -> None:
        postmaster(self.stage.postgres).send_signal(signal.SIGKILL)
        await self.stage.until_ready()

    async def end_the_connections(self) -> None:
        async with asyncio.timeout(60):
            for _ in range(3):
                connection = await asyncpg.connect(self.stage.database_url)
                await connection.fetch(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
                await connection.close()
                await asyncio.sleep(0.5)

    async def cancel_the_queries(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                await cancel_queries(self.stage.database_url)

    async def make_it_read_only(self) -> None:
        async with read_only(as_superuser(self.stage.database_url, self.stage.postgres)):
            await asyncio.sleep(self.random.uniform(2, 11))

    async def hold_locks_and_freeze(self) -> None:
        """Stops a process in a transaction, until PostgreSQL has ended its session."""
        kind = self.random.choice([each for each in holder.KINDS if each != "key"])
        id = self.random.choice(list(self.load.tally.created.values()))[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.api.holder", self.stage.database_url, kind,
            str(untyped("exec", id)), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout
        await process.stdout.readline()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(7)
            process.kill()
        await process.wait()

    async def half_open_connections(self) -> None:
        host, _, port = self._url().removeprefix("http://").partition(":")
        writers = []
        for _ in range(500):
            with suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"GET / HTTP/1.1\r\nHost: ")
                writers.append(writer)
        await asyncio.sleep(2)
        for writer in writers:
            writer.close()

    async def flood_with_queries(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.gather(*(self._query_often(one) for one in [_LIST, SCHEMA] * 10))

    async def flood_with_subscriptions(self) -> None:
        tasks = [asyncio.create_task(self._subscribe_often(n)) for n in range(10)]
        await asyncio.wait(tasks, timeout=10)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def download_much(self) -> None:
        headers = {"authorization": f"Bearer {self.stage.token}"}
        async with httpx.AsyncClient(verify=False, timeout=20, headers=headers) as http:
            urls = [f"{self._url()}/executions/export.csv" for _ in range(20)]
            await asyncio.gather(*(http.get(url) for url in urls), return_exceptions=True)

    def _url(self) -> str:
        return self.random.choice(self.stage.urls)

    async def _again(self, process: Process, number: signal.Signals) -> None:
        code = await process.end(number)
        if number is signal.SIGTERM and code != 0:
            self.stage.exits.append(f"{process.name} ended with {code} after SIGTERM")
        await asyncio.sleep(self.random.uniform(0, 2))
        process.start()

    async def _frozen(self, process: Process, seconds: float) -> None:
        process.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        process.send(signal.SIGCONT)

    async def _query_often(self, query: str) -> None:
        headers = {"authorization": f"Bearer {self.stage.token}"}
        async with httpx.AsyncClient(verify=False, timeout=20, headers=headers) as http:
            for _ in range(10):
                with suppress(httpx.HTTPError):
                    answer = await http.post(f"{self._url()}/graphql", json={"query": query})
                    self._accept_no_refusal(query, answer.json().get("errors", []))

    async def _subscribe_often(self, n: int) -> None:
        url = self._url().replace("http", "ws")
        async with websockets.connect(
            f"{url}/graphql",
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
            open_timeout=20,
        ) as socket:
            login = {"type": "connection_init", "payload": {"token": self.stage.token}}
            await socket.send(json.dumps(login))
            for each in range(90):
                search = {"search": f"label.some:{n}-{each}-{os.getpid()}"}
                payload = {"query": STATS, "variables": search}
                message = {"id": str(each), "type": "subscribe", "payload": payload}
                await socket.send(json.dumps(message))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "error":
                    self._accept_no_refusal(STATS, message["payload"])

    def _accept_no_refusal(self, query: str, errors: list[dict[str, Any]]) -> None:
        """Records a flood that is refused because of its queries: this is a mistake of the test."""
        codes = {error["extensions"]["code"] for error in errors}
        if codes - PASSING:
            self.load.tally.wrong.append(f"no flood: {query:.60} is refused: {codes}")


FAULTS: Mapping[str, Fault] = {
    name.replace("_", " "): fault
    for name, fault in vars(Faults).items()
    if not name.startswith("_")
}
"""Every public method of Faults, by name."""
