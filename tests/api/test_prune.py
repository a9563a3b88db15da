"""`headway prune` and the server's own pruning, as processes."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.ids import typed, untyped
from runner.store.execution import history
from runner.store.json import load
from tests.api.conftest import verify
from tests.api.servers import HEADWAY, Served, serving, start, start_second_server
from tests.api.test_cli import headway
from tests.runner.aged import copies, make_month, rows_of, tables

FLOW = """id: load
namespace: acme.old
tasks: [{id: a, type: return, outputs: {rows: 3}}, {id: b, type: log, message: hi}]
"""
FAILING = "id: load\nnamespace: acme.old\ntasks: [{id: a, type: fail, message: no}]\n"
TODAY = datetime.now(UTC).date()
OLD = TODAY - timedelta(days=40)
MONTH = (TODAY - timedelta(days=400)).replace(day=1)
PARTITIONS = [f"events_{MONTH:%Y_%m}", f"logs_{MONTH:%Y_%m}"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server whose database holds only what these tests created."""
    with serving(tmp_path_factory.mktemp("pruned") / "data") as own:
        yield own


@pytest.fixture
async def pool(own: Served) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(own.database_url, min_size=1, max_size=2) as pool:
        yield pool
    await verify(own.database_url)


async def ended(own: Served, flow: str = FLOW) -> UUID:
    execution = await own.client.until_ended((await own.client.run(flow))["id"])
    return untyped("exec", execution["id"])


async def pruned_of(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("select data from audit_log where action = 'PRUNE' order by id")
    return [load(row["data"]) for row in rows]


async def count_there(pool: asyncpg.Pool, ids: list[UUID]) -> int:
    return len(await history.existing(pool, ids))


async def test_prune_previews_first_and_removes_on_request(own: Served, pool: asyncpg.Pool) -> None:
    source = await ended(own)
    await make_month(pool, MONTH)
    ids = await copies(pool, source, [OLD, OLD, MONTH])
    (failed,) = await copies(pool, await ended(own, FAILING), [OLD])
    (archived,) = await copies(pool, source, [OLD])
    given = {"ids": [typed("exec", archived)]}
    await own.client.post(
        "mutation ($input: ManyInput!) { archiveExecutions(input: $input) { problems { message } } }",
        input=given,
    )
    before = await rows_of(pool, [*ids, failed, archived])
    code, output, errors = await headway(own, "prune")
    assert (code, output) == (2, "")
    assert "set `retention` in headway.toml, or pass --keep 30d" in errors
    for options in ((), ("--dry-run",), ("--dry-run", "--yes")):
        code, output, _ = await headway(own, "prune", "--keep", "30d", *options)
        assert code == 0
        assert [line.split() for line in output.splitlines()] == [
            ["1", "acme.old/load", "FAILED"],
            ["3", "acme.old/load", "SUCCESS", "(kept:", "1", "archived)"],
            ["whole", "events", "and", "logs", "of", f"{MONTH:%Y-%m}"],
            [
                "4",
                "executions",
                "would",
                "be",
                "deleted;",
                "--yes",
                "deletes",
                "them",
                "permanently",
            ],
        ]
    assert await rows_of(pool, [*ids, failed, archived]) == before
    assert await pruned_of(pool) == []
    narrow = ("--keep", "30d", "--namespace", "acme", "--flow", "load", "--state", "success")
    code, output, _ = await headway(own, "prune", *narrow, "--yes", "--json")
    assert (code, json.loads(output)) == (
        0,
        {
            "executions": [
                {"namespace": "acme.old", "flow": "load", "state": "SUCCESS", "count": 3}
            ],
            "dropped": PARTITIONS,
        },
    )
    assert await rows_of(pool, ids) == {}
    assert [await tables(pool, name) for name in PARTITIONS] == [[], []]
    assert await count_there(pool, [failed, archived, source]) == 3
    found = await own.client.post(
        """{ auditLog(where: {action: ["PRUNE"]}) { nodes { actor { kind name } channel target namespace } } }"""
    )
    assert found["auditLog"]["nodes"] == [
        {"actor": {"kind": "USER", "name": "admin"}, "channel": "CLI", "target": None, "namespace": None}
    ] * 2  # fmt: skip
    node = await own.client.post(
        "query ($id: ID!) { execution(id: $id) { id } }", id=typed("exec", ids[0])
    )
    assert node == {"execution": None}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--flow", "load"), "--namespace, --flow and --state narrow --keep; add --keep"),
        (("--keep", "soon"), "--keep: must be forever, or a duration such as"),
        (("--keep", "1d", "--state", "running"), "--state: only terminal states can be pruned"),
        (("--keep", "0"), "--keep: `keep` must be greater than 0"),
    ],
)
async def test_wrong_usage_changes_nothing(
    own: Served, pool: asyncpg.Pool, options: tuple[str, ...], sentence: str
) -> None:
    before = await pool.fetchval("select count(*) from executions")
    code, output, errors = await headway(own, "prune", "--yes", *options)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert await pool.fetchval("select count(*) from executions") == before


async def test_killed_in_the_middle_it_is_taken_up_again(own: Served, pool: asyncpg.Pool) -> None:
    source = await ended(own)
    await make_month(pool, MONTH)
    ids = await copies(pool, source, [OLD, MONTH] * 100)
    whole = await rows_of(pool, ids[:1])
    earlier = await pruned_of(pool)
    kills = 0
    while kills < 3:
        there = await count_there(pool, ids)
        process = await asyncio.create_subprocess_exec(
            HEADWAY, "prune", "--keep", "30d", "--yes", "--batch", "1", "--database-url", own.database_url,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr
        async with asyncio.timeout(40):
            for _ in range(20):
                assert b"more were deleted" in await process.stderr.readline()
            process.send_signal(signal.SIGKILL)
            await process.wait()
        kills += 1
        left = await history.existing(pool, ids)
        assert len(left) <= there - 20
        for id in left:
            assert await rows_of(pool, [id]) == whole
        await verify(own.database_url)
    assert len(left) > 0
    code, _, _ = await headway(own, "prune", "--keep", "30d", "--yes")
    assert code == 0
    assert await rows_of(pool, ids) == {}
    assert [await tables(pool, name) for name in PARTITIONS] == [[], []]
    logged = (await pruned_of(pool))[len(earlier) :]
    assert sum(one["executions"] for one in logged) == len(ids) + await _others(logged)


async def _others(logged: list[dict[str, Any]]) -> int:
    """Returns the number of failed executions that the first test left."""
    return sum(flows.get("FAILED", 0) for one in logged for flows in one.get("flows", {}).values())


async def test_servers_prune_by_their_settings_one_at_a_time(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as first:
        source = await ended(first)
        async with asyncpg.create_pool(first.database_url, min_size=1, max_size=1) as pool:
            ids = await copies(pool, source, [OLD] * 50)
            kept = (await copies(pool, await ended(first, FAILING), [OLD]))[0]
    rules = '[[retention]]\nkeep = "forever"\nstates = ["FAILED"]\n[[retention]]\nkeep = "30d"\n'
    (data_dir / "headway.toml").write_text(rules)
    policy = [{"keep": "forever", "states": ["FAILED"]}, {"keep": "30d"}]
    first = start(data_dir)
    second = None
    try:
        second = start_second_server(
            first, tmp_path / "second", env={"HEADWAY_RETENTION": json.dumps(policy)}
        )
        async with asyncpg.create_pool(first.database_url, min_size=1, max_size=1) as pool:
            async with asyncio.timeout(30):
                while await count_there(pool, ids):
                    pass
            assert await count_there(pool, [source, kept]) == 2
            assert sum(one["executions"] for one in await pruned_of(pool)) == 50
        await verify(first.database_url)
    finally:
        if second:
            second.stop()
        first.stop()
