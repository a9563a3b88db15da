"""A database that is frozen, or that ends its connections, while clients send requests and tasks run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosedError

from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.postgres import cpu_seconds, frozen
from tests.api.servers import Served, serving

TALLY = """id: tally
namespace: faults
inputs: [{{id: name, type: STRING}}]
tasks:
  - {{id: first, type: shell, run: "echo first >> {folder}/$NAME", env: {{NAME: "{{{{ inputs.name }}}}"}}}}
  - id: long
    type: shell
    needs: [first]
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: |
      echo long >> {folder}/$NAME
      until [ -e {folder}/go ]; do sleep 0.05; done
  - {{id: light, type: return, needs: [long], outputs: {{done: true}}}}
  - id: last
    type: shell
    needs: [light]
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: echo last >> {folder}/$NAME
"""
STATE = "query ($id: ID!) { execution(id: $id) { state } }"
ANSWERED_WITHIN = 9.0
"""Seconds: the timeout for a silent database, the heartbeat interval before it, and the delay of a busy machine."""


@dataclass
class Follower:
    """The messages that one subscriber received, on a socket that must stay open."""

    seen: list[int] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, client: Client, id: str) -> None:
        async for event in client.events(id):
            self.seen.append(event["seq"])
            self.began.set()
            if event["type"].startswith("TASK_RUN"):
                assert event["taskRun"], "an event is sent complete or later"


@asynccontextmanager
async def following(client: Client, id: str) -> AsyncIterator[tuple[Follower, asyncio.Task[None]]]:
    follower = Follower()
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        task = group.create_task(follower.follow(client, id))
        await follower.began.wait()
        yield follower, task


async def until_ended(client: Client, id: str) -> dict[str, Any]:
    """Subscribes, and subscribes again when the server refuses because of the outage."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await client.until_ended(id)
            except AssertionError as refused:
                assert "UNAVAILABLE" in str(refused)
            except ConnectionClosedError as refused:
                assert refused.rcvd and refused.rcvd.code == 1013


async def post_raw(served: Served, **variables: Any) -> tuple[float, httpx.Response]:
    """Returns the answer, and the seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with httpx.AsyncClient(timeout=30, verify=False) as http:
        response = await http.post(
            f"{served.url}/graphql",
            json={"query": STATE, "variables": variables},
            headers={
                "authorization": f"Bearer {served.token}",
                "accept": "application/graphql-response+json",
            },
        )
    return loop.time() - began, response


def refused_for_now(response: httpx.Response) -> None:
    assert response.status_code == 503, response.text
    assert int(response.headers["retry-after"]) > 0
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"


@pytest.mark.soak
async def test_a_database_frozen_for_ten_seconds_blocks_nobody(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(TALLY.format(folder=tmp_path))
        ids = [
            (await client.create("faults/tally", inputs={"name": f"n{n}"}))["id"] for n in range(8)
        ]
        await client.until(ids[0], long="RUNNING")
        server = psutil.Process(served.process.pid)
        async with following(client, ids[0]) as (follower, following_task):
            loop = asyncio.get_running_loop()
            with frozen(tmp_path / "data"):
                began, spent = loop.time(), cpu_seconds(server)
                (tmp_path / "go").touch()  # tasks end while the database is unreachable
                first = await asyncio.gather(*(post_raw(served, id=id) for id in ids * 5))
                for seconds, response in first:
                    refused_for_now(response)
                    assert seconds < ANSWERED_WITHIN
                while loop.time() < began + 10:
                    seconds, response = await post_raw(served, id=ids[0])
                    refused_for_now(response)
                    assert seconds < 1, "it is known by now"
                    assert not (await asyncio.wait({following_task}, timeout=0.2))[0]
                busy = (cpu_seconds(server) - spent) / (loop.time() - began)
                assert busy < 0.3, "waiting costs no core"
            ended = [await until_ended(client, id) for id in ids]
        assert [one["state"] for one in ended] == ["SUCCESS"] * 8
        for n, one in enumerate(ended):
            assert (tmp_path / f"n{n}").read_text().split() == ["first", "long", "last"]
            assert [len(task(one, key)["attempts"]) for key in ("first", "long", "last")] == [1] * 3
        assert follower.seen == list(range(1, ended[0]["seq"] + 1))
        assert served.process.poll() is None
        await verify(served.database_url)


async def end_connections(url: str) -> int:
    """Ends all connections but its own, including listeners; returns how many there were."""
    alone = await asyncpg.connect(url)
    try:
        ended: int = await alone.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    finally:
        await alone.close()
    return ended


@pytest.mark.soak
async def test_connections_that_are_ended_again_and_again_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(TALLY.format(folder=tmp_path))
        ids = [await _insist(client, f"n{n}") for n in range(4)]
        async with following(client, ids[0]) as (follower, _):
            for round in range(10):
                assert await end_connections(served.database_url) > 2
                ids += [await _insist(client, f"n{len(ids) + n}") for n in range(4)]
                if round % 2:
                    await until_ended(client, ids[-4])
            ended = [await until_ended(client, id) for id in ids]
        assert len(set(ids)) == 44
        assert [one["state"] for one in ended] == ["SUCCESS"] * 44
        for n in range(44):
            assert (tmp_path / f"n{n}").read_text().split() == ["first", "long", "last"]
        assert follower.seen == list(range(1, ended[0]["seq"] + 1))
        await verify(served.database_url)


async def _insist(client: Client, name: str) -> str:
    """Creates an execution as a careful client does: with a key, again after each UNAVAILABLE."""
    query = """mutation ($input: CreateExecutionInput!) { createExecution(input: $input) {
      execution { id } problems { code message } } }"""
    input = {
        "namespace": "faults",
        "flow": "tally",
        "inputs": {"name": name},
        "idempotencyKey": name,
    }
    async with asyncio.timeout(30):
        while True:
            answer = await client.answer(query, input=input)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= {"UNAVAILABLE"}, answer
            if not codes:
                payload = answer["data"]["createExecution"]
                codes = {problem["code"] for problem in payload["problems"]}
                assert codes <= {"UNAVAILABLE"}, payload
            if not codes:
                return str(payload["execution"]["id"])
