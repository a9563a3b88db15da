"""Idempotency keys: repeating a mutation with the same key has no further effect. Kept seven days.

Keys of schedules' ticks are kept as long as the execution that they started, so that a tick never runs twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from models.errors import ProblemCode, Refused
from runner.store.postgres.connection import Connection, Executes, Pool

_TAKE = """
with mine as (
  insert into idempotency_keys (actor, mutation, key, digest, answer)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[])
  on conflict (actor, mutation, key) do nothing
  returning actor, mutation, key, digest, answer)
select * from mine
union all
select k.actor, k.mutation, k.key, k.digest, k.answer
from idempotency_keys k
join unnest($1::text[], $2::text[], $3::text[]) u (actor, mutation, key) using (actor, mutation, key)
where not exists (select from mine m where (m.actor, m.mutation, m.key) = (k.actor, k.mutation, k.key))
"""
_FIND = """
select key, answer from idempotency_keys where actor = $1 and mutation = $2 and key = any($3::text[])
"""
_FORGET = """
delete from idempotency_keys k where created_at < now() - interval '7 days'
  and not (starts_with(actor, 'schedule:') and exists (select from executions e where e.id = k.answer))
"""


class _Answer(TypedDict):
    key: str
    answer: UUID


class _KeyRow(_Answer):
    actor: str
    mutation: str
    digest: str


@dataclass(frozen=True, slots=True)
class Key:
    """`digest` is of the whole input; `answer` is the id of the object that the mutation created."""

    actor: str
    mutation: str
    key: str
    digest: str
    answer: UUID

    @property
    def name(self) -> tuple[str, str, str]:
        return (self.actor, self.mutation, self.key)


async def take(connection: Connection, keys: Sequence[Key]) -> dict[tuple[str, str, str], Key]:
    """Stores the keys that are new; returns the stored key for each name."""
    if not keys:
        return {}
    columns = [list(column) for column in zip(*(_row(key) for key in keys), strict=True)]
    rows: list[_KeyRow] = await connection.fetch(_TAKE, *columns)
    found = {key.name: key for key in map(_key, rows)}
    missed = [key for key in keys if key.name not in found]
    if missed:  # committed by another between our snapshot and our insert: a second read finds them
        found |= await take(connection, missed)
    return found


async def release(connection: Connection, keys: Sequence[Key]) -> None:
    """Deletes the keys, because the objects that they were stored for were not created after all."""
    if keys:
        await connection.execute(
            "delete from idempotency_keys where (actor, mutation, key, answer) in "
            "(select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]))",
            [key.actor for key in keys],
            [key.mutation for key in keys],
            [key.key for key in keys],
            [key.answer for key in keys],
        )


async def find(pool: Executes, actor: str, mutation: str, key: str) -> UUID | None:
    """The id of the object that was created with the key."""
    answer: UUID | None = await pool.fetchval(
        "select answer from idempotency_keys where actor = $1 and mutation = $2 and key = $3",
        actor,
        mutation,
        key,
    )
    return answer


async def digest_of(pool: Executes, actor: str, mutation: str, key: str) -> str | None:
    """The digest of the input that the key was used with."""
    digest: str | None = await pool.fetchval(
        "select digest from idempotency_keys where actor = $1 and mutation = $2 and key = $3",
        actor,
        mutation,
        key,
    )
    return digest


async def answers(pool: Pool, actor: str, mutation: str, keys: Sequence[str]) -> dict[str, UUID]:
    """The ids of the objects that were created, by key; keys that are not stored are left out."""
    rows: list[_Answer] = await pool.fetch(_FIND, actor, mutation, list(keys))
    return {row["key"]: row["answer"] for row in rows}


async def delete_old(connection: Connection) -> None:
    await connection.execute(_FORGET)


def _row(key: Key) -> tuple[str, str, str, str, UUID]:
    return (key.actor, key.mutation, key.key, key.digest, key.answer)


def _key(row: _KeyRow) -> Key:
    return Key(row["actor"], row["mutation"], row["key"], row["digest"], row["answer"])


def conflict(key: Key) -> Refused:
    return Refused.because(
        ProblemCode.IDEMPOTENCY_CONFLICT,
        f"the key {key.key!r} was used with another input; use a new key",
        "idempotencyKey",
    )
