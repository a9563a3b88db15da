"""Ends the sessions of frozen processes, and checks whether the database is read-only."""

import logging
from typing import TypedDict

import asyncpg

from runner.store.postgres.connection import Executes, Pool
from runner.store.postgres.shares import IDLE_IN_TRANSACTION

logger = logging.getLogger("headway.store")

# PostgreSQL ends a session that is idle in a transaction. A session whose client stopped during a statement (while
# sending a COPY or reading an answer) counts as active, and neither a cancellation nor a statement timeout reaches it
# while it writes. So a server ends such sessions, also those of worker roles.
_END_FROZEN = """
select pid, pg_terminate_backend(pid) as ended from pg_stat_activity
where datname = current_database() and pg_has_role(usename, 'usage') and application_name = 'headway'
  and pid <> pg_backend_pid() and state = 'active' and wait_event_type = 'Client' and backend_xid is not null
  and query_start < clock_timestamp() - make_interval(secs => $1)
"""
_READ_ONLY = "select current_setting('transaction_read_only')::bool"


class _Ended(TypedDict):
    pid: int
    ended: bool


async def end_frozen(pool: Pool) -> int:
    """Ends sessions whose process stopped during a statement and holds locks; returns their number."""
    rows: list[_Ended] = await pool.fetch(_END_FROZEN, IDLE_IN_TRANSACTION)
    for row in rows:
        logger.error(
            "ended the database session %s: its process held locks and neither sent nor read anything for "
            "%s s; it may be frozen",
            row["pid"],
            IDLE_IN_TRANSACTION,
        )
    return len(rows)


async def is_read_only(database: Executes) -> bool:
    """Returns whether transactions cannot write: on a standby, or when the database is set to read-only.

    A session keeps the setting with which it began, so a pool's connections are replaced; a single connection is not.
    """
    read_only: bool = await database.fetchval(_READ_ONLY)
    if read_only and isinstance(database, asyncpg.Pool):
        await database.expire_connections()
    return read_only
