"""Third-party audits and clients."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.server.graphql.serving import TOKEN, Serving, serving

HERE = Path(__file__).parent


async def node(script: str, server: Serving) -> Any:
    return json.loads(await output("node", script, f"{server.url}/graphql", TOKEN))


async def output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, problems = await asyncio.wait_for(process.communicate(), 50)
    assert process.returncode == 0, problems.decode()
    return out.decode()


async def test_all_audits_of_graphql_http_are_ok() -> None:
    async with serving() as server:
        report = await node("audits.mjs", server)
    assert report["failed"] == []
    assert report["total"] >= 61


async def test_the_clients_of_graphql_ws_and_graphql_sse() -> None:
    async with serving() as server:
        report = await node("clients.mjs", server)
        drivers = server.fanout.drivers
    for name, channel in (("socket", "UI"), ("sse", "API")):
        found = report[name]
        assert found["count"] == [1, 2, 3, 4, 5]
        assert found["query"] == [{"data": {"hello": "world", "actor": f"user:admin {channel}"}}]
        assert found["mutation"] == [{"data": {"bump": 2}}]
        assert "thrown" in found["invalid"][0]
        assert found["after"] == [{"data": {"hello": "world"}}]
        assert found["first"] == 1
    assert "Cannot query field 'nothing'" in report["socket"]["invalid"][0]["thrown"][0]
    assert drivers == 0
