"""The artifacts of an earlier release, migrated to the tables of this one."""

from models.ids import new_id
from runner.store.postgres.database import migrate, open_database
from tests.runner.upgrades import migrate_to

BEFORE = "0006_schedules"
REPORTED = [
    # name, version, direction, attempt, uri
    ("model", "v1", "OUT", 1, "a/model"),
    ("model", "v1", "OUT", 1, "b/model"),  # again by the same attempt
    ("model", "v1", "IN", 1, "a/model"),
    ("data", "7", "IN", 1, "s3://data"),
]


async def test_rows_of_an_earlier_release_become_artifacts_and_their_uses(
    empty_database_url: str,
) -> None:
    async with open_database(empty_database_url) as database:
        await migrate_to(database, BEFORE)
        execution, task_run = new_id(), new_id()
        for name, version, direction, attempt, uri in REPORTED:
            await database.pool.execute(
                "insert into artifacts (id, execution_id, task_run_id, attempt, namespace, name, type, version, uri, "
                "direction, created_at) values ($1, $2, $3, $4, 'acme', $5, 'File', $6, $7, $8, now())",
                *(new_id(), execution, task_run, attempt, name, version, uri, direction),
            )
        await migrate(database)
        rows = await database.pool.fetch(
            "select a.name, a.version, u.direction, u.uri from artifacts a join artifact_uses u "
            "on u.artifact_id = a.id order by u.uri"
        )
        assert [tuple(row) for row in rows] == [
            ("model", "v1", "IN", "a/model"),
            ("model", "v1", "OUT", "b/model"),
            ("data", "7", "IN", "s3://data"),
        ]
        assert await database.pool.fetchval("select count(*) from artifacts") == 2
