"""Third-party clients follow a real execution, are disconnected in the middle, and resume."""

import asyncio
import json
from contextlib import suppress

from gql import Client as GqlClient
from gql import gql
from gql.transport.websockets import WebsocketsTransport

from tests.api.client import Client
from tests.api.servers import Served
from tests.strangers.test_strangers import output

LONG = """id: long
namespace: strangers
tasks:
  - {id: a, type: shell, run: "for i in 1 2 3; do echo $i; sleep 0.1; done"}
  - {id: b, type: shell, run: "sleep 0.2", needs: [a]}
  - {id: c, type: wait, duration: 300ms, needs: [a]}
  - {id: d, type: return, outputs: {x: 1}, needs: [b, c]}
"""
EVENTS = gql(
    """subscription ($id: ID!, $after: Int) { executionEvents(id: $id, after: $after) { seq terminal } }"""
)


async def test_graphql_ws_from_npm_has_every_seq_once(client: Client, served: Served) -> None:
    id = (await client.run(LONG))["id"]
    report = json.loads(
        await output("node", "resume.mjs", f"{served.url}/graphql", served.token, id)
    )
    ended = await client.until_ended(id)
    assert report["seqs"] == list(range(1, ended["seq"] + 1))
    assert report["cuts"] > 3


async def test_gql_from_pypi_has_every_seq_once(client: Client, served: Served) -> None:
    id = (await client.run(LONG))["id"]
    seqs: list[int] = []
    cuts = 0
    async with asyncio.timeout(30):
        while not await _follow(served, id, seqs, at_most=4):
            cuts += 1
    ended = await client.show(id)
    assert seqs == list(range(1, ended["seq"] + 1))
    assert cuts > 2


async def _follow(served: Served, id: str, seqs: list[int], at_most: int) -> bool:
    """Returns whether the end was reached; disconnects after `at_most` events."""
    transport = WebsocketsTransport(
        url=f"{served.url.replace('http', 'ws')}/graphql",
        init_payload={"token": served.token},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    taken = 0
    with suppress(asyncio.CancelledError):
        async with GqlClient(transport=transport) as session:
            request = EVENTS
            request.variable_values = {"id": id, "after": seqs[-1] if seqs else 0}
            async for data in session.subscribe(request):
                seqs.append(data["executionEvents"]["seq"])
                if data["executionEvents"]["terminal"]:
                    return True
                taken += 1
                if taken == at_most:
                    break
    return False
