"""Changes since a snapshot: which transactions are included, what a snapshot is, and how children are found."""

from uuid import UUID

import pytest

from models.ids import new_id
from runner.store.execution import execution_changes as store
from runner.store.postgres.database import Database
from tests.runner.stored import NOW, store_execution

METRICS = """
insert into metrics (id, execution_id, name, kind, value, at) select gen_random_uuid(), $1, 'loss', 'GAUGE', n, $2
from generate_series(1, $3) n
"""
CHILDREN = """
insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at, parent_id)
select gen_random_uuid(), 'acme', 'below', 'flow', 'below', 'CREATED', 1, 1, 'user:admin', $2, $1
from generate_series(1, $3) n
"""
ARTIFACT = """
with made as (
  insert into artifacts (id, namespace, name, version, type, uri, created_at)
  values (gen_random_uuid(), 'acme', 'model', '1', 'model', 's3://model', $2) returning id)
insert into artifact_uses (id, artifact_id, execution_id, direction, uri, created_at)
select gen_random_uuid(), id, $1, 'OUT', 's3://model', $2 from made
"""


async def now(database: Database, id: UUID) -> str:
    found = await store.changes_since(database.pool, id, None)
    assert found
    return found.moment


async def counted(database: Database, id: UUID, moment: str) -> dict[str, int]:
    found = await store.changes_since(database.pool, id, moment)
    assert found and not found.ahead
    return dict(found.rows)


@pytest.mark.parametrize(
    ("kind", "insert", "table", "xid"),
    [("metrics", METRICS, "metrics", "xid"), ("children", CHILDREN, "executions", "moved_xid")],
)
async def test_rows_restored_from_a_server_of_more_transactions_count_as_seen(
    database: Database, kind: str, insert: str, table: str, xid: str
) -> None:
    id = await store_execution(database.pool)
    await database.pool.execute(insert, id, NOW, store.TOO_MANY + 1)
    later = f"update {table} set {xid} = '9000000000000000000' where id <> $1"
    await database.pool.execute(later, id)
    moment = await now(database, id)
    assert (await counted(database, id, moment))[kind] == 0
    await database.pool.execute(insert, id, NOW, 2)
    assert (await counted(database, id, moment))[kind] == 2
    until = await now(database, id)
    ids = await store.ids_between(database.pool, kind, id, moment, until, store.NO_ID, 10)
    assert len(await store.some_rows(database.pool, kind, id, ids)) == 2


@pytest.mark.parametrize(
    "moment", ["5:5:", "5:9:", "5:9:5", "5:9:5,7,8", "5:9:6,6", "1:9223372036854775807:"]
)
async def test_a_moment_is_read_by_postgresql(database: Database, moment: str) -> None:
    assert store.is_moment(moment)
    assert await database.pool.fetchval("select $1::text::pg_snapshot is not null", moment)


@pytest.mark.parametrize(
    "cursor",
    [
        "", "nonsense", "5", "5:", "5:9", "9:5:", "0:5:", "5:9:8,6", "5:9:4", "5:9:9", "5:9:,", "5:9:6,", "-1:5:",
        "1:9223372036854775808:", "5:99999999999999999999:", "5:9:x", " 5:9:", "5:9:\n", "\u0665:\u0669:",
    ],
)  # fmt: skip
def test_cursors_that_postgresql_would_refuse_are_invalid(cursor: str) -> None:
    assert not store.is_moment(cursor)


async def test_moved_children_are_found_without_looking_at_the_others(database: Database) -> None:
    id = await store_execution(database.pool)
    await database.pool.execute(CHILDREN, id, NOW, 3_000)
    await database.pool.execute("analyze executions")
    moment = await now(database, id)
    query = """explain select from executions c where c.parent_id = $1
      and c.moved_xid >= pg_snapshot_xmin($2::text::pg_snapshot)"""
    plan = "\n".join(row[0] for row in await database.pool.fetch(query, id, moment))
    assert "executions_moved" in plan, plan


async def test_rows_come_until_they_are_too_long_together_in_the_order_of_their_keys(
    database: Database,
) -> None:
    id = await store_execution(database.pool)
    await database.pool.execute(METRICS, id, NOW, 5)
    kept = [row["id"] for row in await database.pool.fetch("select id from metrics")]
    keys = [new_id(), *kept[::-1], new_id()]
    rows = await store.some_rows(database.pool, "metrics", id, keys)
    assert [row["id"] for row in rows] == kept[::-1]
    long = """update metrics set tags = jsonb_build_object('long', repeat('x', $2)) where id = $1"""
    for one, length in zip(kept, (store.BYTES, 1, store.BYTES // 2, store.BYTES, 1), strict=True):
        await database.pool.execute(long, one, length)
    found = []
    while keys:
        rows = await store.some_rows(database.pool, "metrics", id, keys)
        found.append([row["id"] for row in rows])
        keys = keys[keys.index(rows[-1]["id"]) + 1 :] if rows else []
    assert found == [[kept[4], kept[3]], [kept[2], kept[1], kept[0]], []]
    assert await store.some_rows(database.pool, "metrics", new_id(), kept) == []


@pytest.mark.parametrize(
    ("changed", "notified"),
    [
        ("state_seq = state_seq + 1", 1),
        ('labels = \'{"n": "1"}\'', 1),
        ("progress = 0.5, seq = seq + 1", 0),
        ("labels = labels", 0),
    ],
)
async def test_children_that_a_server_of_an_earlier_version_moves_are_notified(
    database: Database, changed: str, notified: int
) -> None:
    id = await store_execution(database.pool)
    await database.pool.execute(CHILDREN, id, NOW, 2)
    moment = await now(database, id)
    one = "id = (select max(id::text)::uuid from executions where parent_id = $1)"
    await database.pool.execute(f"update executions set {changed} where {one}", id)
    assert (await counted(database, id, moment))["children"] == notified


async def test_artifacts_that_a_server_of_an_earlier_version_changes_are_notified(
    database: Database,
) -> None:
    id = await store_execution(database.pool)
    await database.pool.execute(ARTIFACT, id, NOW)
    moment = await now(database, id)
    assert (await counted(database, id, moment))["artifacts"] == 0
    await database.pool.execute("update artifact_uses set size = 1 where execution_id = $1", id)
    assert (await counted(database, id, moment))["artifacts"] == 1
