"""Sessions of browsers, and the login links that start one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from models.access.credentials import digest_of, new_secret
from models.access.viewer import PrincipalKind, SignInMethod
from models.events.events import CommandOrigin
from models.ids import new_id
from models.states import Channel
from runner.service.outage import reaching
from runner.store import audit
from runner.store.json import dump
from runner.store.postgres.connection import Connection, Pool

_INSERT: Final = """
insert into sign_ins (id, principal_id, token_id, method, groups, expires_at) values ($1, $2, $3, $4, $5, $6)
"""
# Of two concurrent uses only one finds the link unused. The time is that of the caller's clock, as for tokens.
_USE: Final = """
update login_links set used_at = $2 where digest = $1 and used_at is null and expires_at > $2 returning token_id
"""
# A link is a row for a day; of each token only the newest links are kept.
_MOST_LINKS: Final = 20
_MAKE: Final = f"""
with made as (insert into login_links (id, digest, token_id, expires_at) values ($1, $2, $3, $4))
delete from login_links where id in (
  select id from login_links where token_id = $3 order by expires_at desc, id desc offset {_MOST_LINKS - 1})
"""
LINK_TIME: Final = timedelta(minutes=10)
_KEPT: Final = "30 days"


class _EndedRow(TypedDict):
    principal_id: UUID
    method: str


class _NamedRow(TypedDict):
    kind: str
    name: str


async def begin(
    pool: Pool,
    principal_id: UUID,
    token_id: UUID | None,
    method: SignInMethod,
    expires_at: datetime,
    groups: Sequence[str] = (),
    channel: Channel = Channel.UI,
) -> UUID:
    """Starts a session and returns its id; the audit log records it as SIGN_IN."""
    id = new_id()
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                _INSERT, id, principal_id, token_id, method.value, dump(list(groups)), expires_at
            )
            data = {"method": method.value}
            await _record(connection, "SIGN_IN", principal_id, data, channel)
    return id


async def end(pool: Pool, id: UUID) -> SignInMethod | None:
    """Ends a session, as at a logout; returns the method of its sign-in, or None if it has ended already."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            row: _EndedRow | None = await connection.fetchrow(
                """update sign_ins set ended_at = now() where id = $1 and ended_at is null
                   returning principal_id, method""",
                id,
            )
            if row is None:
                return None
            await _record(connection, "SIGN_OUT", row["principal_id"], {})
            return SignInMethod(row["method"])


async def make_link(pool: Pool, token_id: UUID, now: datetime) -> tuple[str, datetime]:
    """Creates a link that signs in the holder of the token; returns its secret and the time when it expires."""
    secret, ends = new_secret("hwl"), now + LINK_TIME
    with reaching():
        await pool.execute(_MAKE, new_id(), digest_of(secret), token_id, ends)
    return secret, ends


async def use_link(pool: Pool, digest: str, now: datetime) -> UUID | None:
    """Uses up a link and returns its token; None if it was used before or has expired."""
    with reaching():
        found: UUID | None = await pool.fetchval(_USE, digest, now)
    return found


async def delete_old(connection: Connection) -> None:
    """Deletes expired links, and sessions that ended long ago."""
    await connection.execute("delete from login_links where expires_at < now() - interval '1 day'")
    await connection.execute(
        f"delete from sign_ins where least(expires_at, ended_at) < now() - interval '{_KEPT}'"
    )


async def _record(
    connection: Connection,
    action: str,
    principal_id: UUID,
    data: dict[str, str],
    channel: Channel = Channel.UI,
) -> None:
    row: _NamedRow | None = await connection.fetchrow(
        "select kind, name from principals where id = $1", principal_id
    )
    assert row
    actor = PrincipalKind(row["kind"]).actor(row["name"])
    target = audit.Target(None, row["name"])
    await audit.record(connection, CommandOrigin(actor, channel), action, target, data)
