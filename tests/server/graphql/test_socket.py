"""The socket protocol, message by message."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.graphql.routes import TransportSettings
from server.graphql.running import SocketLimits
from tests.server.graphql.clients import initialised, raw
from tests.server.graphql.serving import TOKEN, Serving, Setting, serving


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving() as server:
        yield server


MALFORMED: list[str | bytes] = [
    "1",
    "null",
    "[]",
    "true",
    '"text"',
    "",
    "{",
    "{}",
    "nonsense",
    "[" * 5000,
    '{"type":null}',
    '{"type":1}',
    '{"type":["subscribe"]}',
    '{"type":"nonsense"}',
    '{"type":"connection_ack"}',
    '{"type":"next","id":"1","payload":{}}',
    '{"type":"error","id":"1","payload":[]}',
    '{"type":"ping","payload":1}',
    '{"type":"ping","payload":[]}',
    '{"type":"pong","payload":"x"}',
    '{"type":"connection_init","payload":1}',
    '{"type":"connection_init","payload":[]}',
    '{"type":"complete"}',
    '{"type":"complete","id":1}',
    '{"type":"complete","id":null}',
    '{"type":"complete","id":""}',
    '{"type":"complete","id":{}}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":"1","payload":null}',
    '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":"{ hello }"}',
    '{"type":"subscribe","id":"1","payload":{}}',
    '{"type":"subscribe","id":"1","payload":{"query":null}}',
    '{"type":"subscribe","id":"1","payload":{"query":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":["{ hello }"]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":"x"}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","operationName":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","extensions":1}}',
    '{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":{"a":1},"payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":null,"payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"' + "x" * 300 + '","payload":{"query":"{ hello }"}}',
    b"{}",
    b'{"type":"ping"}',
]


async def test_malformed_messages_close_with_4400_and_a_reason(server: Serving) -> None:
    for message in MALFORMED:
        async with initialised(server) as client:
            await client.connection.send(message)
            code, reason = await client.closed()
        assert (code, bool(reason)) == (4400, True), message
    async with initialised(server) as another:
        await another.subscribe("{ hello }")
        assert (await another.hear())["payload"] == {"data": {"hello": "world"}}


async def test_bad_utf8_and_oversize_close_the_socket_and_nothing_else(server: Serving) -> None:
    async with initialised(server) as client:
        await client.connection.send("x" * (256 * 1024 + 1))
        assert (await client.closed())[0] in (1009, 4400)
    async with initialised(server) as client:
        client.connection.protocol.send_text(b'{"type":"\xff"}')
        await client.connection.drain()
        for data in client.connection.protocol.data_to_send():
            client.connection.transport.write(data)
        assert (await client.closed())[0] in (1007, 4400)


async def test_queries_and_mutations_are_answered_once(server: Serving) -> None:
    async with initialised(server) as client:
        await client.subscribe("query Q($n: String!) { slowHello(name: $n) }", variables={"n": "a"})
        assert await client.hear() == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"slowHello": "hello a"}},
        }
        assert await client.hear() == {"id": "1", "type": "complete"}
        await client.subscribe("mutation { bump(by: 4) }")
        assert (await client.hear())["payload"] == {"data": {"bump": 4}}
        assert await client.hear() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($to: Int!) { count(to: $to) { number } }", "BAD_USER_INPUT"),
        ("query($to: Int!) { ticks(first: $to) { number } }", "BAD_USER_INPUT"),
        ("subscription { refuses }", "NOT_FOUND"),
        ("query A { hello } query B { hello }", "UNKNOWN_OPERATION"),
        ("", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_wrong_operation_is_an_error_for_its_id_alone(
    server: Serving, query: str, code: str
) -> None:
    async with initialised(server) as client:
        await client.subscribe(query, "a")
        message = await client.hear()
        assert (message["id"], message["type"]) == ("a", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == [code]
        await client.subscribe("{ hello }", "a")
        assert (await client.hear())["payload"] == {"data": {"hello": "world"}}


async def test_a_subscription_that_breaks_is_an_error_without_its_secret(server: Serving) -> None:
    async with initialised(server) as client:
        await client.subscribe("subscription { breaks }")
        assert (await client.hear())["payload"] == {"data": {"breaks": 0}}
        assert (await client.hear())["payload"] == {"data": {"breaks": 1}}
        message = await client.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["message"] == "internal error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(message)


async def test_a_message_waits_for_the_database_until_it_is_complete(server: Serving) -> None:
    server.counting.away = 3
    async with initialised(server) as client:
        await client.subscribe("subscription { count(to: 2) { number fetched } }")
        for number in (1, 2):
            message = {"number": number, "fetched": f"of {number}"}
            assert (await client.hear())["payload"] == {"data": {"count": message}}
    assert server.counting.away == 0


async def test_ids_may_be_used_again_but_not_twice_at_once(server: Serving) -> None:
    async with initialised(server) as client:
        await client.subscribe("subscription { follow(to: 9) { number } }", "a")
        await client.subscribe("{ hello }", "a")
        assert await client.closed() == (4409, "Subscriber for a already exists")


async def test_complete_ends_the_source(server: Serving) -> None:
    async with initialised(server) as client:
        await client.subscribe("subscription { follow(to: 9) { number } }")
        await server.counting.rise()
        assert (await client.hear())["payload"] == {"data": {"follow": {"number": 1}}}
        await client.say({"id": "1", "type": "complete"})
        await client.say({"id": "1", "type": "complete"})
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}
        await client.subscribe("{ hello }")
        assert (await client.hear())["payload"] == {"data": {"hello": "world"}}
    assert server.fanout.drivers == 0
    assert server.counting.closed == 1


async def test_init_with_null_payload_needs_other_credentials(server: Serving) -> None:
    async with raw(server, additional_headers=server.headers) as client:
        await client.say({"type": "connection_init", "payload": None})
        assert await client.hear() == {"type": "connection_ack"}
        await client.say({"type": "connection_init", "payload": None})
        assert await client.closed() == (4429, "Too many initialisation requests")
    async with raw(server) as client:
        await client.say({"type": "connection_init", "payload": None})
        assert await client.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize(
    "payload", [{"token": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}, {"authorization": TOKEN}]
)
async def test_tokens_in_the_init_payload(server: Serving, payload: dict[str, str]) -> None:
    async with raw(server) as client:
        await client.say({"type": "connection_init", "payload": {**payload, "channel": "ui"}})
        assert await client.hear() == {"type": "connection_ack"}
        await client.subscribe("{ actor }")
        assert (await client.hear())["payload"] == {"data": {"actor": "user:admin UI"}}


@pytest.mark.parametrize("payload", [{}, {"token": "wrong"}, {"token": 1}, {"Authorization": []}])
async def test_no_or_wrong_credentials_close_with_4401(
    server: Serving, payload: dict[str, object]
) -> None:
    async with raw(server) as client:
        await client.say({"type": "connection_init", "payload": payload})
        assert await client.closed() == (4401, "Unauthorized")


async def test_subscribe_before_init_is_unauthorized(server: Serving) -> None:
    async with raw(server, additional_headers=server.headers) as client:
        await client.subscribe("{ hello }")
        assert await client.closed() == (4401, "Unauthorized")


async def test_other_subprotocols_close_with_4406(server: Serving) -> None:
    for offered in (None, ["graphql-ws"]):
        async with raw(server, subprotocols=offered) as client:
            assert (await client.closed())[0] == 4406


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_foreign_origins_are_refused(server: Serving, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with raw(server, origin=origin):
            pass
    assert refusal.value.response.status_code == 403


async def test_own_origin_and_foreign_host(server: Serving) -> None:
    async with raw(server, origin=server.url) as client:
        await client.init()
    with pytest.raises(InvalidStatus):
        async with raw(server, additional_headers={"host": "rebound.example"}):
            pass


async def test_pings_both_ways(server: Serving) -> None:
    async with raw(server) as client:
        await client.say({"type": "ping", "payload": {"a": 1}})
        assert await client.hear() == {"type": "pong", "payload": {"a": 1}}
        await client.say({"type": "pong"})
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}


def limited(**limits: float) -> Setting:
    return Setting(transports=TransportSettings(sockets=SocketLimits(**limits)))  # type: ignore[arg-type]


async def test_init_must_come_in_time() -> None:
    async with serving(limited(init=0.05)) as server, raw(server) as client:
        assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_an_expired_token_closes_with_4403(server: Serving) -> None:
    server.tokens.add("brief", "hw_brief", datetime.now(UTC) + timedelta(seconds=0.3))
    async with raw(server) as client:
        await client.init(token="hw_brief")
        await client.subscribe("subscription { follow(to: 9) { number } }")
        assert await client.closed() == (4403, "The token has expired")
    async with raw(server) as client:
        await client.say({"type": "connection_init", "payload": {"token": "hw_brief"}})
        assert (await client.closed())[0] == 4401


async def test_operations_of_a_socket_are_limited() -> None:
    async with serving(limited(operations=2)) as server, initialised(server) as client:
        for identity in "abc":
            await client.subscribe("subscription { follow(to: 9) { number } }", identity)
        message = await client.hear()
        assert (message["id"], message["type"]) == ("c", "error")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"


async def test_sockets_of_a_user_are_limited() -> None:
    async with serving(Setting(transports=TransportSettings(connections=1))) as server:
        async with initialised(server), raw(server) as client:
            await client.say({"type": "connection_init", "payload": {"token": TOKEN}})
            assert (await client.closed())[0] == 4429
        for _ in range(50):
            async with raw(server) as client:
                await client.say({"type": "connection_init", "payload": {"token": TOKEN}})
                try:
                    assert await client.hear() == {"type": "connection_ack"}
                    return
                except ConnectionClosed:
                    continue
        pytest.fail("a socket that was closed still counts")


async def test_a_flood_of_pings_from_a_silent_client_is_not_buffered(server: Serving) -> None:
    async with initialised(server, max_queue=1) as client:
        text = '{"type":"ping","payload":{"a":"' + "x" * 100_000 + '"}}'
        sent = 0
        try:
            async with asyncio.timeout(2):
                while sent < 2000:
                    await client.connection.send(text)
                    sent += 1
        except TimeoutError:
            pass
        assert sent < 2000
        client.connection.transport.abort()
