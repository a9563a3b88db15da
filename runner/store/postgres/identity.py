"""By which a database is known, whichever way leads to it."""

from runner.store.postgres.connection import Executes

IDENTITY = """
select concat_ws('/', (select system_identifier from pg_control_system()), oid) from pg_database
where datname = current_database()
"""
"""The same on a standby; a database beside it on the same server has another."""


async def identity_of(database: Executes) -> str:
    found: str = await database.fetchval(IDENTITY)
    return found
