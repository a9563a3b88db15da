import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from models.errors import Fault, Unavailable
from models.ids import id_of, new_id
from models.tables import Flow
from runner.store.postgres.database import (
    Database,
    describe,
    ensure_partitions,
    ensure_past_partitions,
    known_migrations,
    migrate,
    migrations_current,
    open_database,
    read_epoch,
)
from runner.store.postgres.shares import Sizes
from server.local.postgres_roles import OWNER
from tests.runner.upgrades import migrate_to

INSERT_EVENT = """
insert into events (execution_id, seq, id, type, at, actor, channel, data)
values ($1, 1, $2, 'X', now(), 'user:admin', 'API', '{}')
"""


async def test_two_servers_migrate_one_empty_database_at_once(empty_database_url: str) -> None:
    async with open_database(empty_database_url) as one, open_database(empty_database_url) as two:
        assert not await migrations_current(one.pool)
        await asyncio.gather(migrate(one), migrate(two))
        assert await migrations_current(two.pool)
        assert isinstance(await read_epoch(one.pool), UUID)
        applied = await one.pool.fetch("select name from tortoise_migrations")
        assert sorted(row["name"] for row in applied) == sorted(known_migrations())


async def test_no_step_of_an_upgrade_holds_the_locks_of_another(empty_database_url: str) -> None:
    async with open_database(empty_database_url) as database:
        await migrate_to(database, "0023_foreach_results")
        await asyncio.gather(migrate(database), migrate(database))
        steps = "select count(*), count(distinct xmin::text) from tortoise_migrations where name > '0024'"
        ((taken, transactions),) = await database.pool.fetch(steps)
        assert taken == transactions > 4
        assert await migrations_current(database.pool)


async def test_a_migration_gives_way_while_a_table_is_read(empty_database_url: str) -> None:
    async with open_database(empty_database_url) as database:
        await migrate_to(database, "0023_foreach_results")
        reader = await database.connect_alone()
        await reader.execute("set idle_in_transaction_session_timeout = 0")
        async with reader.transaction():
            assert await reader.fetchval("select count(*) from executions") == 0
            migrating = asyncio.create_task(migrate(database))
            await _locked_out(database)
            # Behind a step that waited for its lock, this would wait as long as the first reader reads.
            async with asyncio.timeout(20):
                assert await database.pool.fetchval("select count(*) from executions") == 0
            assert not migrating.done()
        await reader.close()
        await migrating
        assert await migrations_current(database.pool)


async def _locked_out(database: Database) -> None:
    waiting = "select exists (select from pg_locks where not granted and relation = 'executions'::regclass)"
    async with asyncio.timeout(20):
        while not await database.pool.fetchval(waiting):
            pass


async def test_a_migration_that_never_gets_its_lock_says_why(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.store.postgres.database._MAX_LOCKED_SECONDS", 0)
    async with open_database(empty_database_url) as database:
        await migrate_to(database, "0023_foreach_results")
        reader = await database.connect_alone()
        await reader.execute("set idle_in_transaction_session_timeout = 0")
        async with reader.transaction():
            await reader.fetchval("select count(*) from executions")
            with pytest.raises(Fault, match="another session uses its tables"):
                await migrate(database)
        await reader.close()


async def test_a_start_waits_while_another_server_makes_partitions(database: Database) -> None:
    waiting = "select exists (select from pg_locks where not granted and locktype = 'advisory')"
    other = await database.connect_alone()
    async with asyncio.timeout(30):
        async with other.transaction():
            await other.execute(
                "select pg_advisory_xact_lock(hashtextextended('headway partitions', 0))"
            )
            migrating = asyncio.create_task(migrate(database))
            for waits in (True, False):  # until it gave up once
                while await other.fetchval(waiting) is not waits:
                    pass
        await migrating
    await other.close()


async def test_a_database_of_a_newer_headway_is_refused(database: Database) -> None:
    await database.pool.execute(
        "insert into tortoise_migrations (app, name, applied_at) values ('headway', '9999_later', now())"
    )
    with pytest.raises(
        Fault, match=r"a newer version of Headway migrated this database \(9999_later"
    ):
        await migrate(database)
    assert not await migrations_current(database.pool)


async def test_rows_are_read_over_the_same_pool(database: Database) -> None:
    await Flow.create(id=new_id(), namespace="a", key="b", kind="flow", latest_revision=1)
    stored = await Flow.get(namespace="a", key="b")
    assert (stored.labels, stored.enabled) == ({}, True)
    assert await database.pool.fetchval("select labels from flows") == "{}"


async def test_migrations_have_the_contents_of_the_rows(database: Database) -> None:
    from tortoise.migrations.autodetector import MigrationAutodetector

    from runner.store.postgres.database import TORTOISE, tortoise_on

    with await tortoise_on(database.pool) as context:
        assert context.apps
        changes = await MigrationAutodetector(context.apps, TORTOISE["apps"]).changes()
    assert [change.name for change in changes] == []


async def test_each_month_of_history_has_its_partition(database: Database) -> None:
    assert await ensure_partitions(database.pool) == 0
    assert await ensure_partitions(database.pool, months_ahead=5) == 4
    await database.pool.execute(INSERT_EVENT, new_id(), new_id())
    now = datetime.now(UTC)
    place = await database.pool.fetchval("select tableoid::regclass::text from events")
    assert place == f"events_{now:%Y_%m}"


async def test_history_that_came_before_its_partition_moves_into_it(database: Database) -> None:
    after = "date_trunc('month', now() at time zone 'utc') + interval '4 months 1 day'"
    later = await database.pool.fetchval(f"select headway_least_id(({after}) at time zone 'utc')")
    await database.pool.execute(INSERT_EVENT, later, new_id())
    place = "select tableoid::regclass::text from events"
    assert await database.pool.fetchval(place) == "events_default"
    made = await asyncio.gather(*(ensure_partitions(database.pool, 5) for _ in range(4)))
    assert sorted(made) == [0, 0, 0, 4]
    assert await database.pool.fetchval(place) != "events_default"


async def test_past_months_have_partitions_too(database: Database) -> None:
    days = [
        datetime(2025, 1, 31, 23, 59, 59, 999_000, tzinfo=UTC),
        datetime(2025, 2, 1, tzinfo=UTC),
    ]
    for day in (*days, datetime(1999, 12, 31, tzinfo=UTC)):
        await database.pool.execute(INSERT_EVENT, id_of(day), new_id())
    await database.pool.execute(
        "insert into logs (execution_id, line, at, level, stream, text) values ($1, 1, now(), 20, 1, 'x')",
        id_of(days[0]),
    )
    made = await asyncio.gather(*(ensure_past_partitions(database.pool) for _ in range(3)))
    assert sum(made) == 4
    for table, months in (("events", {"1999_12", "2025_01", "2025_02"}), ("logs", {"2025_01"})):
        rows = await database.pool.fetch(f"select tableoid::regclass::text as place from {table}")
        assert {row["place"] for row in rows} == {f"{table}_{month}" for month in months}
    await database.pool.execute(INSERT_EVENT, id_of(days[1]), new_id())
    assert await ensure_past_partitions(database.pool) == 0


async def test_the_queue_neither_notifies_nor_logs(database: Database) -> None:
    listener = await database.connect_alone()
    notifications: list[object] = []
    await listener.add_listener("ch_pgqueuer", lambda *call: notifications.append(call))
    await database.pool.execute(
        "insert into pgqueuer (priority, entrypoint, status) values (0, 'default', 'queued')"
    )
    await database.pool.execute(
        "insert into pgqueuer_log (job_id, status, entrypoint, priority) values (1, 'queued', 'default', 0)"
    )
    assert await listener.fetchval("select count(*) from pgqueuer_log") == 0
    assert notifications == []
    await listener.close()


async def test_every_connection_plans_for_its_values(database: Database) -> None:
    alone = await database.connect_alone()
    for connection in (alone, database.pool):
        assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"
        assert await connection.fetchval("show application_name") == "headway"
    await alone.close()


@pytest.mark.parametrize(
    ("statement", "argument"),
    [
        ("select count(*) from flows where id = $1::uuid", "no uuid"),
        ("select count(*) from tasks_of_nothing where id = $1", "absent"),
        ("select count(*) from flows where length(key) = $1::int", 2**40),
        ("select 1 / count(*) from flows where key = $1", "absent"),
    ],
    ids=["argument refused", "table unknown", "argument too large", "statement failed"],
)
async def test_a_failed_statement_leaves_no_transaction_in_its_connection(
    database_url: str, statement: str, argument: object
) -> None:
    async with open_database(database_url, sizes=Sizes(work=1)) as database:
        with pytest.raises((asyncpg.DataError, asyncpg.PostgresError)):
            await database.pool.fetchval(statement, argument)
        async with (
            database.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert await connection.fetchval("select count(*) from flows") == 0


async def test_a_cancelled_statement_leaves_no_transaction_in_its_connection(
    database_url: str,
) -> None:
    """The task is cancelled when its statement is prepared and not yet executed: a transaction is open on the
    server."""
    async with open_database(database_url, sizes=Sizes(work=1)) as database:

        async def stopped() -> None:
            async with database.pool.acquire() as connection:
                await connection.prepare("select count(*) from flows")
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await stopped()
        async with (
            database.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert await connection.fetchval("select count(*) from flows") == 0


async def test_no_database_is_one_sentence_without_a_password() -> None:
    url = "postgresql://headway:secret@127.0.0.1:1/headway"
    with pytest.raises(Unavailable) as refusal:
        await Database(url).__aenter__()
    assert str(refusal.value).startswith("cannot reach PostgreSQL at 127.0.0.1:1/headway: ")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://a/b", "postgresql://a:port/b"])
async def test_a_url_that_is_none_is_a_sentence(url: str) -> None:
    with pytest.raises(Unavailable):
        await Database(url).__aenter__()


async def test_a_name_with_special_characters(postgres_url: str, superuser_url: str) -> None:
    connection = await asyncpg.connect(superuser_url)
    await connection.execute(f'create database "a b%/é" owner {OWNER}')
    async with open_database(postgres_url.replace("/headway?", "/a%20b%25%2F%C3%A9?")) as database:
        assert await database.pool.fetchval("select current_database()") == "a b%/é"
    await connection.close()


def test_resolution_of_database_urls() -> None:
    assert describe("postgresql://u:p@db:5433/x") == "db:5433/x"
    assert describe("postgresql://u@/x?host=%2Frun%2Fpg") == "/run/pg/x"
