"""Principals authenticated by an identity provider or a proxy: found by their subject, or created at the first
sign-in."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.access.viewer import PrincipalKind
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id
from models.states import Channel
from runner.service.outage import reaching
from runner.store import audit
from runner.store.access.principals import target_of
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import PrincipalRow

_BY_SUBJECT: Final = "select * from principals where subject = $1"
# Names that differ only in case count as equal, because people confuse them.
_BY_NAME: Final = """
select *, kind = $2 and subject is null and disabled_at is null
  and not exists (select from tokens t where t.principal_id = p.id)
  and not exists (select from sign_ins s where s.principal_id = p.id) as is_free
from principals p where lower(name) = lower($1) order by name = $1 desc
"""
_MAKE: Final = """
insert into principals (id, kind, name, email, subject, created_by) values ($1, $2, $3, $4, $5, $6) returning *
"""
_CLAIM: Final = (
    "update principals set subject = $2, email = coalesce($3, email) where id = $1 returning *"
)


class _NamedRow(PrincipalRow):
    is_free: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """`subject` is unique and never changes; `name` is for people. `groups` are those of this sign-in."""

    subject: str
    kind: PrincipalKind
    name: str
    email: str | None = None
    groups: frozenset[str] = frozenset()


async def enrol(pool: Pool, identity: Identity, reserved: frozenset[str], channel: Channel) -> UUID:
    """Returns the id of the subject's principal.

    At the first sign-in a principal with the name is created, or one is taken over that a grant created and that nobody
    has used. Raises Refused when the name belongs to somebody else, and when the principal is disabled.
    """
    with reaching():
        row: PrincipalRow | None = await pool.fetchrow(_BY_SUBJECT, identity.subject)
        if row is None:
            _free(
                await pool.fetch(_BY_NAME, identity.name, identity.kind.value), identity, reserved
            )
            async with pool.acquire() as connection, connection.transaction():
                row = await _first_time(connection, identity, reserved, channel)
    if row["disabled_at"] is not None:
        raise Refused.because(ProblemCode.FORBIDDEN, f"{row['name']} is disabled here")
    return row["id"]


async def _first_time(
    connection: Connection, identity: Identity, reserved: frozenset[str], channel: Channel
) -> PrincipalRow:
    # Serializes concurrent first sign-ins and grants, so that each sees the principals that the others created.
    await connection.execute("lock table principals in share row exclusive mode")
    row: PrincipalRow | None = await connection.fetchrow(_BY_SUBJECT, identity.subject)
    if row is not None:
        return row
    named: list[_NamedRow] = await connection.fetch(_BY_NAME, identity.name, identity.kind.value)
    free = _free(named, identity, reserved)
    origin = CommandOrigin(
        identity.kind.actor(identity.name), channel, "signed in for the first time"
    )
    if free is not None:
        written = connection.fetchrow(_CLAIM, free["id"], identity.subject, identity.email)
    else:
        written = connection.fetchrow(
            _MAKE, new_id(), identity.kind.value, identity.name, identity.email, identity.subject, origin.actor,
        )  # fmt: skip
    enrolled: PrincipalRow | None = await written
    assert enrolled
    data = {"subject": identity.subject, "claimed": free is not None}
    await audit.record(connection, origin, "SAVE_PRINCIPAL", target_of(enrolled), data)
    return enrolled


def _free(named: list[_NamedRow], identity: Identity, reserved: frozenset[str]) -> _NamedRow | None:
    """The principal that may be taken over; None when nobody has the name. Raises Refused."""
    if identity.name.lower() not in reserved:
        if not named:
            return None
        if len(named) == 1 and named[0]["is_free"] and named[0]["name"] == identity.name:
            return named[0]
    raise Refused.because(
        ProblemCode.CONFLICT,
        f"the name {identity.name} belongs to another account here, and signing in does not take it over",
    )
