"""A real uvicorn around the transports, with a small schema of its own and tokens in memory."""

import asyncio
import socket
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from models.access.credentials import digest_of
from models.access.viewer import Credential, Grant, Permission, Viewer
from models.ids import new_id
from runner.store.access.holders import Holder, Holders
from server.auth.auth import Door, DoorSettings
from server.auth.guard import guarded
from server.auth.session_key import SessionKey
from server.document_policy import DocumentPolicy
from server.graphql.allowance import Allowance
from server.graphql.documents import Documents
from server.graphql.fanout import Fanout, Policy
from server.graphql.limits import Limits
from server.graphql.operations import Operations
from server.graphql.routes import TransportSettings, graphql_routes
from server.graphql.stream import RingLimits
from server.http.rates import Allowed, Rate, Rates
from server.settings.introspection import Introspection
from tests.server.graphql.counting import POLICIES, SCHEMA, Context, Counting

TOKEN = "hw_test"


KEY = SessionKey(key=b"k" * 32)


class MemoryHolders(Holders):
    """The same questions, policy from a dictionary."""

    def __init__(self) -> None:
        self.holders: dict[str, Holder] = {}

    async def by_digest(self, digest: str) -> Holder | None:
        return self.holders.get(digest)

    async def by_session(self, id: UUID) -> Holder | None:
        return None

    async def by_credential(self, credential: Credential, groups: Collection[str]) -> Holder | None:
        return next(
            (one for one in self.holders.values() if one.viewer.credential == credential), None
        )

    def add(self, name: str, token: str, expires_at: datetime | None = None) -> None:
        grants = (Grant("admin", frozenset(Permission)),)
        credential = Credential("token", new_id(), new_id())
        viewer = Viewer(f"user:{name}", grants, expires_at, credential=credential)
        self.holders[digest_of(token)] = Holder(viewer, over=False)

    def revoke(self, token: str) -> None:
        held = self.holders[digest_of(token)]
        self.holders[digest_of(token)] = replace(held, over=True)


@dataclass
class Serving:
    """A running server, and its parts."""

    port: int
    tokens: MemoryHolders
    door: Door
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
    """None in most tests: no limits, and no costs in answers."""
    page: ASGIApp | None = None
    policy: DocumentPolicy = field(default_factory=DocumentPolicy)
    policies: Mapping[str, Policy] = field(default_factory=lambda: POLICIES)


class Server(uvicorn.Server):
    """Reports when it has started, and leaves the signals to pytest."""

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
    policy = setting.policy
    documents = Documents(
        SCHEMA,
        setting.limits,
        introspection=policy.introspection is not Introspection.OFF,
        suggestions=policy.suggestions,
        persisted=policy.persisted,
    )
    rates = None if setting.rates is None else Rates(setting.rates)
    operations = Operations(
        SCHEMA,
        lambda viewer: Context(viewer, counting),
        documents,
        allowance=setting.allowance,
        rates=rates,
        may_introspect=policy.may_introspect,
    )
    tokens = MemoryHolders()
    tokens.add("admin", TOKEN)
    door = Door(tokens, KEY, setting.door, rates=rates)
    async with Fanout(operations, setting.policies, setting.ring) as fanout:
        app = Starlette(
            routes=[*graphql_routes(operations, fanout, door, setting.transports, setting.page)],
            middleware=guarded(door),
        )
        async with running(app) as port:
            yield Serving(port, tokens, door, counting, fanout, operations)


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[int]:
    """Yields the port of a real server for the app."""
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
    # A task of a group would be cancelled when the test fails: its sockets stay open, and the loop waits for them.
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        await asyncio.wait_for(server.is_up.wait(), 10)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listening.close()
