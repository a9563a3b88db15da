"""Secrets of namespaces. Namespaces below inherit them; the nearest secret of a name applies. Values are encrypted.

The audit log records what is done to a secret, never its value.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, TypedDict

from models.events.events import CommandOrigin
from runner.service.encryption import Cipher, DecryptionFailed
from runner.service.outage import reaching
from runner.store import audit
from runner.store.postgres.connection import Connection, Pool

_LISTED: Final = "namespace, name, created_at, updated_at, updated_by"


class ListedSecret(TypedDict):
    """A secret without its value."""

    namespace: str
    name: str
    created_at: datetime
    updated_at: datetime
    updated_by: str


class _StoredValue(TypedDict):
    name: str
    namespace: str
    value: str


def lineage(namespace: str) -> list[str]:
    """A namespace and those above it: `a.b` and `a`."""
    parts = namespace.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


async def save(
    pool: Pool, cipher: Cipher, namespace: str, name: str, value: str, origin: CommandOrigin
) -> ListedSecret:
    """Raises Refused if the server has no key, and Unavailable."""
    encrypted = cipher.seal(value, _purpose(namespace, name))
    with reaching():
        row = await audit.change(
            pool,
            origin,
            _saved,
            f"""insert into secrets (namespace, name, key_id, value, updated_by) values ($1, $2, $3, $4, $5)
               on conflict (namespace, name) do update set key_id = excluded.key_id, value = excluded.value,
                 updated_by = excluded.updated_by, updated_at = now()
               returning {_LISTED}""",
            namespace,
            name,
            cipher.key_id,
            encrypted,
            origin.actor,
        )
    assert row
    return row


async def delete(
    pool: Pool, namespace: str, name: str, origin: CommandOrigin
) -> ListedSecret | None:
    """The deleted secret, without the value; None if there was none."""
    with reaching():
        row = await audit.change(
            pool,
            origin,
            _deleted,
            f"""delete from secrets where namespace = $1 and name = $2
               returning {_LISTED}""",
            namespace,
            name,
        )
    return row


async def listed(pool: Pool, namespaces: Sequence[str] | None) -> Sequence[ListedSecret]:
    """Secrets without the values; None selects all namespaces."""
    with reaching():
        rows: list[ListedSecret] = await pool.fetch(
            f"""select {_LISTED} from secrets
               where $1::text[] is null or namespace = any($1) order by namespace, name""",
            None if namespaces is None else list(namespaces),
        )
    return rows


async def decrypted(
    pool: Pool | Connection, cipher: Cipher, namespace: str, names: Sequence[str]
) -> dict[str, str]:
    """The decrypted values of a namespace by name; names that do not exist are left out. Raises DecryptionFailed."""
    with reaching():
        rows: list[_StoredValue] = await pool.fetch(
            """select distinct on (name) name, namespace, value from secrets
               where name = any($1) and namespace = any($2) order by name, length(namespace) desc""",
            list(names),
            lineage(namespace),
        )
    return {
        row["name"]: cipher.open(row["value"], _purpose(row["namespace"], row["name"]))
        for row in rows
    }


async def values_to_mask(pool: Pool, cipher: Cipher, namespace: str) -> list[str]:
    """All decrypted values of a namespace, also those overridden by a nearer one: logs must not show them. Values that
    this server cannot decrypt are left out."""
    with reaching():
        rows: list[_StoredValue] = await pool.fetch(
            "select name, namespace, value from secrets where namespace = any($1)",
            lineage(namespace),
        )
    values = []
    for row in rows:
        with suppress(DecryptionFailed):
            values.append(cipher.open(row["value"], _purpose(row["namespace"], row["name"])))
    return values


async def count_of_other_keys(pool: Pool, key_id: str | None) -> int:
    """The number of secrets that cannot be decrypted with this key."""
    with reaching():
        return int(
            await pool.fetchval(
                "select count(*) from secrets where key_id is distinct from $1", key_id
            )
        )


def _saved(row: ListedSecret) -> audit.Entry:
    return audit.Entry("SAVE_SECRET", _target(row))


def _deleted(row: ListedSecret) -> audit.Entry:
    return audit.Entry("DELETE_SECRET", _target(row))


def _target(row: ListedSecret) -> audit.Target:
    return audit.Target(None, row["name"], row["namespace"])


def _purpose(namespace: str, name: str) -> str:
    """Binds a value to its row: copied to another row, it cannot be decrypted."""
    return f"secret {namespace}/{name}"
