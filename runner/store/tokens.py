"""Tokens: who may come in. Only their digests are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.events import Ask
from models.ids import typed
from runner.store import audit
from runner.store.connection import Pool, reaching

COLUMNS = "id, name, digest, role, created_at, expires_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Token:
    id: UUID
    name: str
    digest: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Tokens:
    """Raises Unavailable when the database cannot be reached. What is done with an `ask` is told to the audit log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def _one(self, query: str, *values: Any) -> Any:
        with reaching():
            return await self._pool.fetchrow(query, *values)

    async def _change(self, ask: Ask | None, action: str, query: str, *values: Any) -> Any:
        def told(row: Any) -> audit.Entry:
            target = audit.Target(typed("tok", row["id"]), row["name"])
            return audit.Entry(action, target, {"role": row["role"]})

        with reaching():
            return await audit.change(self._pool, ask, told, query, *values)

    async def find(self, digest: str) -> Token | None:
        return _token(await self._one(f"select {COLUMNS} from tokens where digest = $1", digest))

    async def get(self, identity: UUID) -> Token | None:
        return _token(await self._one(f"select {COLUMNS} from tokens where id = $1", identity))

    async def create(
        self,
        identity: UUID,
        name: str,
        digest: str,
        role: str,
        expires_at: datetime | None = None,
        ask: Ask | None = None,
    ) -> Token | None:
        """None when the name is taken."""
        return _token(
            await self._change(
                ask,
                "CREATE_TOKEN",
                f"""insert into tokens (id, name, digest, role, expires_at) values ($1, $2, $3, $4, $5)
                    on conflict (name) do nothing returning {COLUMNS}""",
                identity,
                name,
                digest,
                role,
                expires_at,
            )
        )

    async def put(
        self, identity: UUID, name: str, digest: str, role: str, ask: Ask | None = None
    ) -> Token:
        """The token of that name, from now on with this digest and no other; it does not expire."""
        token = _token(
            await self._change(
                ask,
                "CREATE_TOKEN",
                f"""insert into tokens (id, name, digest, role) values ($1, $2, $3, $4)
                    on conflict (name) do update set digest = excluded.digest, role = excluded.role,
                        expires_at = null, revoked_at = null
                    returning {COLUMNS}""",
                identity,
                name,
                digest,
                role,
            )
        )
        assert token is not None
        return token

    async def list(self) -> Sequence[Token]:
        with reaching():
            rows = await self._pool.fetch(f"select {COLUMNS} from tokens order by id")
        return [Token(**dict(row)) for row in rows]

    async def revoke(self, name: str, ask: Ask | None = None) -> bool:
        """Whether there was one to revoke."""
        row = await self._change(
            ask,
            "REVOKE_TOKEN",
            """update tokens set revoked_at = now() where name = $1 and revoked_at is null
               returning id, name, role""",
            name,
        )
        return row is not None


def _token(row: Any) -> Token | None:
    return None if row is None else Token(**dict(row))
