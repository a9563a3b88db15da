"""Raw clients: the tests write the bytes on the wire themselves, without a library."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.server.graphql.serving import TOKEN, Serving

PROTOCOL = Subprotocol("graphql-transport-ws")


class Raw:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: object) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def hear(self) -> Any:
        text = await self.connection.recv()
        assert isinstance(text, str)
        return orjson.loads(text)

    async def init(self, **payload: Any) -> None:
        await self.say({"type": "connection_init", "payload": {"token": TOKEN, **payload}})
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, query: str, identity: str = "1", **parameters: Any) -> None:
        payload = {"query": query, **parameters}
        await self.say({"id": identity, "type": "subscribe", "payload": payload})

    async def closed(self) -> tuple[int, str]:
        """Returns the code and reason of the next close, after any messages."""
        with suppress(ConnectionClosed):
            while True:
                await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@asynccontextmanager
async def raw(serving: Serving, **options: Any) -> AsyncIterator[Raw]:
    settings: dict[str, Any] = {"subprotocols": [PROTOCOL], "compression": None, **options}
    async with connect(serving.socket_url, **settings) as connection:
        yield Raw(connection)


@asynccontextmanager
async def initialised(serving: Serving, **options: Any) -> AsyncIterator[Raw]:
    async with raw(serving, **options) as client:
        await client.init()
        yield client


def http_client(serving: Serving) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=serving.url, headers=serving.headers)
