"""A proxy to PostgreSQL that can stop passing packets, as a failing network does, or break its connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

_SOCKET = ".s.PGSQL.5432"


class Proxy:
    """`connect` uses the proxy. While it is silent nothing passes in either direction, and nothing is closed."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self._directory = directory
        self._database_url = database_url
        self._server_directory = parse_qs(urlsplit(database_url).query)["host"][0]
        self._passing = asyncio.Event()
        self._passing.set()
        self._taken: asyncio.Queue[None] = asyncio.Queue()
        self._unanswered: bytes | None = None

    async def connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(self._database_url, host=str(self._directory))

    def fall_silent(self) -> None:
        self._passing.clear()

    def let_pass(self) -> None:
        self._passing.set()

    def lose_answer_to(self, statement: bytes) -> None:
        """PostgreSQL receives the statement the next time that it is sent; the connection breaks before the response
        passes."""
        self._unanswered = statement

    async def somebody_connects(self) -> None:
        await self._taken.get()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._taken.put_nowait(None)
        there, back = await asyncio.open_unix_connection(f"{self._server_directory}/{_SOCKET}")
        broken = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on(reader, back, broken))
            group.create_task(self._pass_back(there, writer, broken))

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, broken: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._passing.wait()
            if self._unanswered and self._unanswered in data:
                self._unanswered = None
                broken.set()
            writer.write(data)
        writer.close()

    async def _pass_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, broken: asyncio.Event
    ) -> None:
        while (data := await reader.read(65536)) and not broken.is_set():
            await self._passing.wait()
            writer.write(data)
        writer.close()


@asynccontextmanager
async def proxy_to(directory: Path, database_url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(directory, database_url)
    server = await asyncio.start_unix_server(proxy.take, directory / _SOCKET)
    try:
        yield proxy
    finally:
        proxy.let_pass()
        server.close()
        await server.wait_closed()
