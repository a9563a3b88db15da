"""Many refusals of one person fill neither the audit log nor the memory, and hide nobody else's."""

import asyncio

from models.states import Channel
from runner.denials import Denial, Denials
from runner.store.postgres.database import Database

WITHIN = 20


async def test_many_denials_of_one_person_are_a_few_entries_and_hide_no_others(
    database: Database,
) -> None:
    pool = database.pool
    async with Denials(pool) as denials:
        for number in range(5_000):
            denials.record(Denial("user:eve", Channel.API, "DENIED", "RECORD", f"acme.n{number}"))
        denials.record(Denial("user:bob", Channel.API, "DENIED", "RUN_FLOW", "acme.b"))
        async with asyncio.timeout(WITHIN):
            while not await pool.fetchval(
                "select count(*) from audit_log where actor = 'user:bob'"
            ):
                pass
    rows = await pool.fetch("select actor, namespace, data ->> 'times' as times from audit_log")
    of_eve = [row for row in rows if row["actor"] == "user:eve"]
    assert len(of_eve) < 30
    assert sum(int(row["times"]) for row in of_eve) == 5_000
    assert [row["namespace"] for row in rows if row["actor"] == "user:bob"] == ["acme.b"]


async def test_counted_denials_are_written_when_the_server_stops(database: Database) -> None:
    pool = database.pool
    again = Denial("user:eve", Channel.API, "DENIED", "RUN_FLOW", "acme")
    async with Denials(pool) as denials:
        denials.record(again)
        async with asyncio.timeout(WITHIN):
            while not await pool.fetchval("select count(*) from audit_log"):
                pass
        for _ in range(7):
            denials.record(again)
    rows = await pool.fetch("select data ->> 'times' as times from audit_log")
    assert sum(int(row["times"]) for row in rows) == 8
