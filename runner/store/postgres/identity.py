"""Identifies a database, independent of the address by which it is reached."""

from runner.store.postgres.connection import Executes

IDENTITY = """
select concat_ws('/', (select system_identifier from pg_control_system()), oid) from pg_database
where datname = current_database()
"""
"""The same on a standby; other databases of the same server have another."""


async def identity_of(database: Executes) -> str:
    found: str = await database.fetchval(IDENTITY)
    return found
