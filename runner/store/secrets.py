"""Secrets of namespaces: read by those below too, where the nearest of a name wins. Values are encrypted.

The audit log tells of what is done to one, never its value.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from models.events.events import CommandOrigin
from runner.service.encryption import Cipher, DecryptionFailed
from runner.service.outage import reaching
from runner.store import audit
from runner.store.postgres.connection import Connection, Pool

Row = Mapping[str, Any]


def lineage(namespace: str) -> list[str]:
    """A namespace and those above it: `a.b` and `a`."""
    parts = namespace.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


async def save(
    pool: Pool, vault: Cipher, namespace: str, name: str, value: str, origin: CommandOrigin
) -> Row:
    """Raises Refused without a key, Unavailable."""
    sealed = vault.seal(value, _purpose(namespace, name))
    with reaching():
        row: Row = await audit.change(
            pool,
            origin,
            lambda row: audit.Entry("SAVE_SECRET", _target(row)),
            """insert into secrets (namespace, name, key_id, value, updated_by) values ($1, $2, $3, $4, $5)
               on conflict (namespace, name) do update set key_id = excluded.key_id, value = excluded.value,
                 updated_by = excluded.updated_by, updated_at = now()
               returning namespace, name, created_at, updated_at, updated_by""",
            namespace,
            name,
            vault.key_id,
            sealed,
            origin.actor,
        )
    return row


async def delete(pool: Pool, namespace: str, name: str, origin: CommandOrigin) -> Row | None:
    """The value that there was."""
    with reaching():
        row: Row | None = await audit.change(
            pool,
            origin,
            lambda row: audit.Entry("DELETE_SECRET", _target(row)),
            """delete from secrets where namespace = $1 and name = $2
               returning namespace, name, created_at, updated_at, updated_by""",
            namespace,
            name,
        )
    return row


async def listed(pool: Pool, namespaces: Sequence[str] | None) -> Sequence[Row]:
    """Everything but the values; None is every namespace."""
    with reaching():
        return await pool.fetch(
            """select namespace, name, created_at, updated_at, updated_by from secrets
               where $1::text[] is null or namespace = any($1) order by namespace, name""",
            None if namespaces is None else list(namespaces),
        )


async def opened(
    pool: Pool | Connection, vault: Cipher, namespace: str, names: Sequence[str]
) -> dict[str, str]:
    """The values that a namespace sees under these names; those that are not there are left out. Raises CannotOpen."""
    with reaching():
        rows = await pool.fetch(
            """select distinct on (name) name, namespace, value from secrets
               where name = any($1) and namespace = any($2) order by name, length(namespace) desc""",
            list(names),
            lineage(namespace),
        )
    return {
        row["name"]: vault.open(row["value"], _purpose(row["namespace"], row["name"]))
        for row in rows
    }


async def hidden(pool: Pool, vault: Cipher, namespace: str) -> list[str]:
    """The values that a namespace sees under any name, those that a nearer one covers too: what logs must not show.
    Without those that this server cannot open."""
    with reaching():
        rows = await pool.fetch(
            "select name, namespace, value from secrets where namespace = any($1)",
            lineage(namespace),
        )
    values = []
    for row in rows:
        with suppress(DecryptionFailed):
            values.append(vault.open(row["value"], _purpose(row["namespace"], row["name"])))
    return values


async def count_of_other_keys(pool: Pool, key_id: str | None) -> int:
    """How many cannot be read with this key."""
    with reaching():
        return int(
            await pool.fetchval(
                "select count(*) from secrets where key_id is distinct from $1", key_id
            )
        )


def _target(row: Row) -> audit.Target:
    return audit.Target(None, row["name"], row["namespace"])


def _purpose(namespace: str, name: str) -> str:
    """Bound to its place: moved to another row it does not open."""
    return f"secret {namespace}/{name}"
