"""A real uvicorn around the transports, with a small schema of its own and tokens that live in memory."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from models.ids import new_id
from runner.store.tokens import Token, Tokens
from server.auth import Door, DoorSettings, digest_of
from server.graphql.allowance import Allowance
from server.graphql.documents import Documents
from server.graphql.fanout import Fanout, Policy
from server.graphql.limits import Limits
from server.graphql.operations import Operations
from server.graphql.routes import TransportSettings, graphql_routes
from server.graphql.stream import RingLimits
from server.guard import guarded, login_routes
from server.rates import Allowed, Rate, Rates
from tests.server.graphql.counting import POLICIES, SCHEMA, Context, Counting

TOKEN = "hw_test"


class MemoryTokens(Tokens):
    """The same questions, answered from a dictionary."""

    def __init__(self) -> None:
        self.tokens: dict[UUID, Token] = {}

    async def find(self, digest: str) -> Token | None:
        return next((t for t in self.tokens.values() if t.digest == digest), None)

    async def get(self, identity: UUID) -> Token | None:
        return self.tokens.get(identity)

    async def list(self) -> Sequence[Token]:
        return list(self.tokens.values())

    def add(self, name: str, token: str, expires_at: datetime | None = None) -> None:
        made = Token(new_id(), name, digest_of(token), "admin", datetime.now(UTC), expires_at, None)
        self.tokens[made.id] = made


@dataclass
class Serving:
    """A server that runs, and what it is made of."""

    port: int
    tokens: MemoryTokens
    counting: Counting
    fanout: Fanout
    operations: Operations

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Setting:
    transports: TransportSettings = field(default_factory=TransportSettings)
    ring: RingLimits = field(default_factory=RingLimits)
    limits: Limits = field(default_factory=Limits)
    door: DoorSettings = field(default_factory=DoorSettings)
    allowance: Allowance = field(default_factory=Allowance)
    rates: Mapping[Rate, Allowed] | None = None
    """None, as most tests have it: no limits, and no word of the cost in answers."""
    page: ASGIApp | None = None
    policies: Mapping[str, Policy] = field(default_factory=lambda: POLICIES)


class Server(uvicorn.Server):
    """Says when it has started, and leaves the signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(setting: Setting | None = None) -> AsyncIterator[Serving]:
    setting = setting or Setting()
    counting = Counting()
    documents = Documents(SCHEMA, setting.limits)
    rates = None if setting.rates is None else Rates(setting.rates)
    operations = Operations(
        SCHEMA,
        lambda viewer: Context(viewer, counting),
        documents,
        allowance=setting.allowance,
        rates=rates,
    )
    tokens = MemoryTokens()
    tokens.add("admin", TOKEN)
    door = Door(tokens, setting.door, rates=rates)
    async with Fanout(operations, setting.policies, setting.ring) as fanout:
        app = Starlette(
            routes=[
                *login_routes(door),
                *graphql_routes(operations, fanout, door, setting.transports, setting.page),
            ],
            middleware=guarded(door),
        )
        async with running(app) as port:
            yield Serving(port, tokens, counting, fanout, operations)


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[int]:
    """The port of a real server for the app."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=256 * 1024,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve([listening]))
        await asyncio.wait_for(server.is_up.wait(), 10)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
    listening.close()
