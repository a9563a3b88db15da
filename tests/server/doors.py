"""Authentication over the real tables, a real server behind it, and credentials of every kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from models.access.credentials import digest_of
from models.access.viewer import SignInMethod
from runner.denials import Denials
from runner.store.access import sign_ins, tokens
from runner.store.access.holders import Holders
from runner.store.postgres.database import Database
from server.auth.admin import admin_token
from server.auth.auth import SESSION_TIME, Door, visitor_of
from server.auth.guard import guarded
from server.auth.login import Login
from tests.server.graphql.serving import KEY, running

WITHIN = 20


async def who(request: Request) -> JSONResponse:
    visitor = visitor_of(request.scope)
    return JSONResponse({"actor": visitor.viewer.actor if visitor else None})


def door_of(database: Database, **more: Any) -> Door:
    return Door(Holders(database.reads), more.pop("key", KEY), **more)


@asynccontextmanager
async def behind(database: Database, door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of a real server that returns only the authenticated actor."""
    async with Denials(database.reads) as denials:
        routes = [
            *Login(database.reads, door, denials).routes(),
            Route("/healthz", who),
            Route("/{path:path}", who, methods=["GET", "POST"]),
        ]
        app = Starlette(routes=routes, middleware=guarded(door))
        async with (
            running(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield client


async def admin(database: Database, data_dir: Path) -> str:
    token = await admin_token(database.pool, data_dir)
    assert token
    return token


async def link_of(database: Database, token: str) -> str:
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    secret, _ = await sign_ins.make_link(database.pool, row["id"], datetime.now(UTC))
    return secret


async def session_of(database: Database, door: Door, token: str) -> str:
    """Returns the cookie of a session that a token begins."""
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    ends = door.now + SESSION_TIME
    id = await sign_ins.begin(
        database.pool, row["principal_id"], row["id"], SignInMethod.TOKEN, ends
    )
    return door.cookie_of(id)
