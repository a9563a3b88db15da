"""People with tokens of their own."""

from dataclasses import replace

import asyncpg

from models.access.credentials import digest_of, new_secret
from models.access.viewer import PrincipalKind
from models.events.events import CommandOrigin
from models.ids import new_id
from models.states import Channel
from runner.store.access import grants, principals, tokens
from runner.store.access.grants import Holding
from runner.store.access.tokens import NewToken
from tests.api.client import Client

ORIGIN = CommandOrigin("user:admin", Channel.API)


async def person(
    pool: asyncpg.Pool, client: Client, role: str = "approver", namespace: str = ""
) -> Client:
    """Returns a client of the same server, with the token of a new person."""
    return replace(client, token=await newcomer(pool, role, namespace))


async def newcomer(pool: asyncpg.Pool, role: str, namespace: str = "") -> str:
    """Returns the token of a new person."""
    return await enrolled(pool, f"{role}-{new_id().hex}", role, namespace)


async def enrolled(
    pool: asyncpg.Pool,
    name: str,
    role: str | None,
    namespace: str = "",
    kind: PrincipalKind = PrincipalKind.PERSON,
) -> str:
    """Returns the token of a person or service of that name, who holds the role on the namespace."""
    secret = new_secret()
    async with pool.acquire() as connection, connection.transaction():
        row = await principals.ensure(connection, kind, name, ORIGIN.actor)
        if role is not None:
            holding = Holding(row["id"], None, role, namespace, kind.actor(name))
            await grants.grant(connection, holding, ORIGIN)
    new = NewToken(new_id(), row["id"], name, digest_of(secret))
    await tokens.create(pool, new, ORIGIN, replace=True)
    return secret
