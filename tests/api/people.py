"""People who come with tokens of their own."""

from dataclasses import replace

import asyncpg

from models.ids import new_id
from runner.store.tokens import Tokens
from server.auth import digest_of, new_token
from tests.api.client import Client


async def person(pool: asyncpg.Pool, client: Client, role: str = "approver") -> Client:
    """The same door, with the token of somebody new."""
    return replace(client, token=await newcomer(pool, role))


async def newcomer(pool: asyncpg.Pool, role: str) -> str:
    """The token of somebody new."""
    token, identity = new_token(), new_id()
    await Tokens(pool).create(identity, f"{role}-{identity.hex}", digest_of(token), role)
    return token
