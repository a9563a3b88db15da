"""Transient errors of the database: queries cancelled at random, a database that is read-only for a while. They are
outages: nothing ends in ERROR, nothing is retried as a new attempt, requests are answered 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.servers import Served, serving
from tests.api.test_outages import TALLY, _insist, following, refused_for_now, until_ended
from tests.conftest import as_superuser

STORMED = """id: tally
namespace: faults
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: first
    type: shell
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: |
      echo first >> {folder}/$NAME
      echo '{{"metric": {{"name": "loss", "value": 0.5}}}}' >&"$HEADWAY_FD"
      echo '{{"output": {{"rows": 3}}}}' >&"$HEADWAY_FD"
      echo '{{"property": {{"lr": 0.1}}}}' >&"$HEADWAY_FD"
  - id: each
    type: foreach
    needs: [first]
    items: [1, 2, 3]
    tasks: [{{id: say, type: log, message: "item {{{{ item }}}}"}}]
  - {{id: kept, type: return, cache: {{ttl: 1h}}, needs: [first], outputs: {{rows: "{{{{ outputs.first.rows }}}}"}}}}
  - id: last
    type: shell
    needs: [each, kept]
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: echo last >> {folder}/$NAME
"""
CANCEL_ALL = """
select count(pg_cancel_backend(pid)) from pg_stat_activity
where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
"""
EXECUTIONS = 12


@asynccontextmanager
async def administrator(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def cancel_queries(url: str) -> None:
    """Cancels all statements in the database, again and again, until this task is cancelled."""
    async with administrator(url) as connection:
        while True:
            await connection.fetchval(CANCEL_ALL)
            await connection.fetchval("select pg_sleep(0.01)")


async def test_queries_that_are_cancelled_at_random_fail_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(STORMED.format(folder=tmp_path))
        watched = await _insist(client, "watched")
        async with following(client, watched) as (follower, _):
            storm = asyncio.create_task(cancel_queries(served.database_url))
            ids = [await _insist(client, f"n{n}") for n in range(EXECUTIONS)]
            ended = [await until_ended(client, id) for id in (watched, *ids)]
            storm.cancel()
            await asyncio.wait({storm})
            assert storm.cancelled(), storm
        assert [one["state"] for one in ended] == ["SUCCESS"] * (EXECUTIONS + 1)
        for n in range(EXECUTIONS):
            assert (tmp_path / f"n{n}").read_text().split() == ["first", "last"]
        for one in ended:
            assert {len(each["attempts"]) for each in one["taskRuns"]} <= {0, 1}
            assert task(one, "first")["outputs"] == {"rows": 3}
        assert follower.seen == list(range(1, ended[0]["seq"] + 1))
        await verify(served.database_url)


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """`url` is a superuser's."""
    async with administrator(url) as connection:
        shows = "select current_setting('default_transaction_read_only')"
        await connection.execute("alter system set default_transaction_read_only = on")
        try:
            await _reloaded(connection, shows, "on")
            yield
        finally:
            await connection.execute("set default_transaction_read_only = off")
            await connection.execute("alter system reset default_transaction_read_only")
            await connection.execute("reset default_transaction_read_only")
            await _reloaded(connection, shows, "off")


async def _reloaded(
    connection: "asyncpg.Connection[asyncpg.Record]", shows: str, wanted: str
) -> None:
    await connection.execute("select pg_reload_conf()")
    async with asyncio.timeout(10):
        while await connection.fetchval(shows) != wanted:
            await asyncio.sleep(0)


CREATE = """mutation { createExecution(input: {namespace: "faults", flow: "tally", inputs: {name: "refused"}}) {
  execution { id } problems { code message } } }"""


async def post(served: Served, query: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30, verify=False) as http:
        return await http.post(
            f"{served.url}/graphql",
            json={"query": query},
            headers={
                "authorization": f"Bearer {served.token}",
                "accept": "application/graphql-response+json",
            },
        )


async def readiness(served: Served) -> tuple[int, dict[str, bool]]:
    async with httpx.AsyncClient(timeout=30, verify=False) as http:
        response = await http.get(f"{served.url}/readyz")
    return response.status_code, response.json()


@pytest.mark.parametrize(
    "seconds", [3, pytest.param(14, marks=pytest.mark.soak)], ids=["short", "longer than a lease"]
)
async def test_a_database_that_is_read_only_is_an_outage(tmp_path: Path, seconds: int) -> None:
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(TALLY.format(folder=tmp_path))
        id = (await client.create("faults/tally", inputs={"name": "n"}))["id"]
        await client.until(id, long="RUNNING")
        status, found = await readiness(served)
        assert (status, found["database"], found["writable"]) == (200, True, True)
        loop = asyncio.get_running_loop()
        async with following(client, id) as (follower, task_of_follower):
            async with read_only(as_superuser(served.database_url, served.data_dir)):
                began = loop.time()
                (tmp_path / "go").touch()  # the task ends while its end cannot be stored
                status, found = await readiness(served)
                while loop.time() < began + seconds and status == 200:
                    status, found = await readiness(served)
                assert (status, found["database"], found["writable"]) == (503, True, False)
                while loop.time() < began + seconds:
                    refused_for_now(await post(served, CREATE))
                    answer = await post(served, f'{{ execution(id: "{id}") {{ state }} }}')
                    assert answer.json()["data"] == {"execution": {"state": "RUNNING"}}
                    assert not task_of_follower.done()
            ended = await until_ended(client, id)
        assert ended["state"] == "SUCCESS"
        assert (tmp_path / "n").read_text().split() == ["first", "long", "last"]
        assert [len(one["attempts"]) for one in ended["taskRuns"]] == [1] * 4
        assert follower.seen == list(range(1, ended["seq"] + 1))
        assert not (tmp_path / "refused").exists()
        await verify(served.database_url)
