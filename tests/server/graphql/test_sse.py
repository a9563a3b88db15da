"""Server-sent events: distinct connections."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from server.graphql.routes import TransportSettings
from server.graphql.sse import StreamLimits
from tests.server.graphql.serving import Serving, Setting, serving


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving() as server:
        yield server


@pytest.fixture
async def http(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, headers=server.headers) as client:
        yield client


async def test_a_subscription_ends_with_complete(http: httpx.AsyncClient) -> None:
    body = {"query": "subscription { count(to: 3) { number } }"}
    response = await http.post("/graphql/stream", json=body)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = "".join(
        f'event: next\ndata: {{"data":{{"count":{{"number":{number}}}}}}}\n\n'
        for number in (1, 2, 3)
    )
    assert response.text == f":\n\n{events}event: complete\ndata:\n\n"


async def test_queries_mutations_and_get(http: httpx.AsyncClient) -> None:
    response = await http.get("/graphql/stream", params={"query": "{ hello }"})
    assert 'event: next\ndata: {"data":{"hello":"world"}}\n\nevent: complete' in response.text
    response = await http.post("/graphql/stream", json={"query": "mutation { bump }"})
    assert '{"data":{"bump":1}}' in response.text
    response = await http.get("/graphql/stream", params={"query": "mutation { bump }"})
    assert response.status_code == 405


async def test_errors_before_the_stream_are_400(http: httpx.AsyncClient) -> None:
    bodies: list[object] = [{"query": "{"}, {"query": "subscription { nothing }"}, {}, [], 1]
    for body in bodies:
        response = await http.post("/graphql/stream", json=body)
        assert response.status_code == 400
        assert response.json()["errors"]
    response = await http.get(
        "/graphql/stream", params={"query": "{ hello }"}, headers={"accept": "text/html"}
    )
    assert response.status_code == 406


async def test_errors_of_the_source_are_messages(http: httpx.AsyncClient) -> None:
    response = await http.post("/graphql/stream", json={"query": "subscription { refuses }"})
    assert '"code":"NOT_FOUND"' in response.text
    assert response.text.endswith("event: complete\ndata:\n\n")
    response = await http.post("/graphql/stream", json={"query": "subscription { breaks }"})
    assert '"code":"INTERNAL"' in response.text
    assert "secret" not in response.text


async def test_heartbeats_and_leaving() -> None:
    settings = TransportSettings(streams=StreamLimits(heartbeat=0.02))
    async with (
        serving(Setting(transports=settings)) as server,
        httpx.AsyncClient(base_url=server.url, headers=server.headers) as http,
    ):
        params = {"query": "subscription { follow(to: 5) { number } }"}
        async with http.stream("GET", "/graphql/stream", params=params) as response:
            received = 0
            async for line in response.aiter_lines():
                received += line == ":"
                if received == 3:
                    break
        await server.counting.shut.wait()
        assert server.fanout.drivers == 0


async def test_sockets_and_streams_share_one_execution(server: Serving) -> None:
    params = {"query": "subscription { follow(to: 2) { number } }"}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=server.headers) as http,
        http.stream("GET", "/graphql/stream", params=params) as one,
        http.stream("GET", "/graphql/stream", params=params) as two,
    ):
        await server.counting.rise(2)
        texts = [(await stream.aread()).decode() for stream in (one, two)]
    assert texts[0] == texts[1]
    assert server.counting.opened == [("follow", None)]


async def test_a_stream_ends_with_its_token(server: Serving) -> None:
    server.tokens.add("brief", "hw_brief", datetime.now(UTC) + timedelta(seconds=0.2))
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post(
            "/graphql/stream",
            json={"query": "subscription { follow(to: 2) { number } }"},
            headers={"authorization": "Bearer hw_brief"},
        )
    assert '"code":"UNAUTHENTICATED"' in response.text
    assert response.text.endswith("event: complete\ndata:\n\n")
