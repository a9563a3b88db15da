"""Sessions of processes that are frozen, and whether the database takes writes now."""

import logging

import asyncpg

from runner.store.postgres.connection import Executes, Pool
from runner.store.postgres.shares import IDLE_IN_TRANSACTION

logger = logging.getLogger("headway.store")

# PostgreSQL ends a session that is idle within a transaction. One whose client stopped within a statement, sending a
# COPY or reading an answer, counts as active for as long as that lasts, and neither a cancellation nor a timeout of the
# statement reaches it while it writes. A server ends those of worker roles, too.
_END_FROZEN = """
select pid, pg_terminate_backend(pid) as ended from pg_stat_activity
where datname = current_database() and pg_has_role(usename, 'usage') and application_name = 'headway'
  and pid <> pg_backend_pid() and state = 'active' and wait_event_type = 'Client' and backend_xid is not null
  and query_start < clock_timestamp() - make_interval(secs => $1)
"""
_READ_ONLY = "select current_setting('transaction_read_only')::bool"


async def end_frozen(pool: Pool) -> int:
    """End the sessions whose process has stopped within a statement while it holds locks; says how many."""
    rows = await pool.fetch(_END_FROZEN, IDLE_IN_TRANSACTION)
    for row in rows:
        logger.error(
            "ended the database session %s: its process held locks and neither sent nor read anything for "
            "%s s; it may be frozen",
            row["pid"],
            IDLE_IN_TRANSACTION,
        )
    return len(rows)


async def is_read_only(database: Executes) -> bool:
    """Whether transactions cannot write: a standby, or a database that was set so.

    A session keeps what was set when it began. Those of a pool are made anew then; a connection is its owner's to end.
    """
    read_only: bool = await database.fetchval(_READ_ONLY)
    if read_only and isinstance(database, asyncpg.Pool):
        await database.expire_connections()
    return read_only
