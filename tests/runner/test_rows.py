"""The types of rows have the columns of the tables."""

from runner.store.postgres.database import Database
from scripts.rows import FILE, module


async def test_the_types_of_rows_are_those_of_the_tables(database: Database) -> None:
    async with database.pool.acquire() as connection:
        assert FILE.read_text() == await module(connection), "run scripts/rows.py"
