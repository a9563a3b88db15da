"""Requests are counted before they are read, large ones are read outside the event loop, and work for a user is charged
to the user."""

import asyncio
import json
import threading
from collections.abc import Callable
from time import thread_time
from typing import Any

import orjson
import pytest

from models.access.viewer import Viewer
from server.files.places import Places
from server.graphql.allowance import Allowance
from server.graphql.operations import Operations
from server.graphql.precedence import CREDIT
from server.graphql.requests import MOST_VALUES, Rejected, Request, Unread
from server.graphql.variables import MOST_TYPED
from server.graphql.working import Work
from server.http.rates import Allowed, Rate
from tests.server.graphql.clients import http_client, initialised, raw
from tests.server.graphql.counting import SCHEMA, Context, Counting
from tests.server.graphql.serving import Setting, serving

VIEWER = Viewer.holding("user:test", frozenset())
KIND = {"content-type": "application/json"}
SAID = "query ($terms: [Term!]!, $no: Boolean!) { hello said(terms: $terms) @include(if: $no) }"


def with_list(items: str, query: str = "{ hello }", name: str = "a") -> bytes:
    variables = f'{{"no": false, "{name}": [{items}]}}'
    return f'{{"query": {json.dumps(query)}, "variables": {variables}}}'.encode()


NUMBERS = with_list(",".join(["1"] * 500_000))
LONG_NUMBER = with_list(",".join([*["1"] * 200_000, "12345678901234567890123"]))
TERMS = with_list(",".join(['{"text": "a"}'] * (MOST_TYPED // 2 - 1)), SAID, "terms")
LARGE = {"numbers": (NUMBERS, 200), "a long number": (LONG_NUMBER, 400), "terms": (TERMS, 200)}


async def longest_step(work: "asyncio.Future[Any]") -> float:
    """Returns the longest CPU time of the event loop's thread between two of its turns, in seconds."""
    longest, before = 0.0, thread_time()
    while not work.done():
        await asyncio.sleep(0)
        now = thread_time()
        longest, before = max(longest, now - before), now
    return longest


@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
@pytest.mark.parametrize("kind", LARGE)
async def test_a_large_request_does_not_hold_the_event_loop(kind: str, path: str) -> None:
    body, status = LARGE[kind]
    began = thread_time()
    json.loads(body)
    in_one_step = thread_time() - began
    async with serving() as server, http_client(server) as http:
        await http.post(path, json={"query": "{ hello }"})
        work = asyncio.ensure_future(http.post(path, content=body, headers=KIND, timeout=60))
        longest = await longest_step(work)
        assert work.result().status_code == status
        assert b"world" in work.result().content or status == 400
    assert longest < in_one_step


async def test_a_large_message_of_a_socket_does_not_hold_the_event_loop() -> None:
    payload = orjson.loads(with_list(",".join(['{"text": "a"}'] * 15_000), SAID, "terms"))
    async with serving() as server, initialised(server) as client:
        await client.subscribe("{ hello }", "0")
        assert [(await client.hear())["type"] for _ in range(2)] == ["next", "complete"]
        text = json.dumps({"id": "1", "type": "subscribe", "payload": payload})
        began = thread_time()
        json.loads(text)
        in_one_step = thread_time() - began
        await client.connection.send(text)
        answer = asyncio.ensure_future(client.hear())
        longest = await longest_step(answer)
        assert answer.result()["payload"]["data"] == {"hello": "world"}
    assert longest < 2 * in_one_step


async def test_before_its_login_a_client_sends_little() -> None:
    async with serving() as server, raw(server) as client:
        await client.say({"type": "connection_init", "payload": {"x": "x" * 20_000}})
        code, reason = await client.closed()
        assert (code, reason) == (
            4400,
            "Before its login a client may send at most 16384 bytes at once",
        )


@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
async def test_unreadable_requests_count(path: str) -> None:
    rates = {Rate.OPERATIONS: Allowed(2, 60)}
    async with serving(Setting(rates=rates)) as server, http_client(server) as http:
        found = [
            (await http.post(path, content=body, headers=KIND)).status_code
            for body in (b"{", b"[]", b"{", with_list("1"))
        ]
    assert found == [400, 400, 429, 429]


async def test_on_a_socket_a_request_is_counted_before_its_parameters_are_read() -> None:
    rates = {Rate.OPERATIONS: Allowed(1, 60)}
    async with serving(Setting(rates=rates)) as server, initialised(server) as client:
        await client.subscribe("{ hello }", "0")
        assert [(await client.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await client.subscribe("{ hello }", variables=[])
        message = await client.hear()
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_REQUESTS"


async def test_more_values_than_any_payload_holds_are_refused() -> None:
    too_many = with_list(",".join(["1"] * (MOST_VALUES + 1)))
    text = with_list(json.dumps(',"\\[{' * 200_000 + "€"))
    async with serving() as server, http_client(server) as http:
        response = await http.post("/graphql", content=too_many, headers=KIND, timeout=60)
        assert response.status_code == 413
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "PAYLOAD_TOO_LARGE"
        assert error["message"].startswith(f"a request may have at most {MOST_VALUES} values")
        # Text inside a string is no value.
        response = await http.post("/graphql", content=text, headers=KIND, timeout=60)
        assert response.json() == {"data": {"hello": "world"}}


async def test_more_values_than_any_batch_has_are_refused() -> None:
    many = ",".join(['{"text": "a"}'] * (MOST_TYPED // 2 + 1))
    async with serving() as server, http_client(server) as http:
        response = await http.post(
            "/graphql", content=with_list(many, SAID, "terms"), headers=KIND, timeout=60
        )
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert f"the limit of {MOST_TYPED}; send several requests" in error["message"]


@pytest.mark.parametrize("escape", [b"\\u0000", b"\\\\u0000"])
async def test_a_nul_is_found_at_any_position(escape: bytes) -> None:
    written = b'{"b": ["x' + escape + b'"]}'
    async with serving() as server, http_client(server) as http:
        for padding in ("1", ",".join(["1"] * 20_000)):
            body = with_list(f"{padding}, {written.decode()}")
            response = await http.post("/graphql", content=body, headers=KIND)
            assert response.status_code == (200 if escape.startswith(b"\\\\") else 400)
            assert ("character NUL" in response.text) is not escape.startswith(b"\\\\")


# Work for a user is charged to the user.


def keep_busy(seconds: float = CREDIT * 2) -> None:
    until = thread_time() + seconds
    while thread_time() < until:
        pass


class SlowPlaces(Places):
    def shown(self, text: bytes) -> bytes:
        keep_busy()
        return text


def operations(places: Places | None = None, allowance: Allowance | None = None) -> Operations:
    counting = Counting()
    return Operations(
        SCHEMA, lambda viewer: Context(viewer, counting), places=places, allowance=allowance
    )


def slowly() -> Request:
    keep_busy()
    return Request("{ hello }")


async def reading(size: int) -> Operations:
    served = operations()
    await served.read(Unread(size, slowly), VIEWER)
    return served


async def writing(query: str) -> Operations:
    served = operations(SlowPlaces())
    prepared = await served.admit(Request(query), VIEWER)
    if query.startswith("subscription"):
        async for _ in served.subscribe(prepared, VIEWER):
            pass
    else:
        await served.execute(prepared, VIEWER)
    return served


PAID: dict[str, Callable[[], Any]] = {
    "reading": lambda: reading(100),
    "reading much": lambda: reading(100_000),
    "writing an answer": lambda: writing("{ hello }"),
    "writing a large answer": lambda: writing("{ long }"),
    "writing a message": lambda: writing("subscription { count(to: 1) { number } }"),
    "a source": lambda: writing("subscription { busy }"),
}


@pytest.mark.parametrize("what", PAID)
async def test_the_user_pays_for(what: str) -> None:
    served = await PAID[what]()
    for actor, waits in ((VIEWER.actor, True), ("user:other", False)):
        with served._work._precedence.operation(actor) as operation:
            assert operation.waits is waits


async def test_work_in_a_thread_has_its_turn_until_it_has_ended() -> None:
    work, began, go_on = Work(Allowance()), asyncio.Event(), threading.Event()
    loop, made = asyncio.get_running_loop(), list[str]()

    def first() -> None:
        loop.call_soon_threadsafe(began.set)
        go_on.wait(20)
        made.append("first")

    def second() -> None:
        made.append("second")

    asker = asyncio.ensure_future(work.in_thread_paid(first, "user:a"))
    await began.wait()
    asker.cancel()
    await asyncio.wait({asker})
    assert asker.cancelled()
    other = asyncio.ensure_future(work.in_thread_paid(second, "user:a"))
    await work.in_thread_paid(lambda: made.append("of another"), "user:b")
    go_on.set()
    await other
    assert made == ["of another", "first", "second"]


# Deadlines.


async def test_a_mutation_that_ends_as_its_deadline_passes_is_answered() -> None:
    setting = Setting(allowance=Allowance(deadline=0.1))
    async with serving(setting) as server, http_client(server) as http:
        query = "mutation { bumpSlowly(seconds: 0.2) }"
        response = await http.post("/graphql", json={"query": query})
        assert response.json() == {"data": {"bumpSlowly": 1}}


async def test_a_source_that_does_not_open_ends_its_stream() -> None:
    served = operations(allowance=Allowance(deadline=0.1))
    prepared = await served.admit(Request("subscription { sealed }"), VIEWER)
    with pytest.raises(Rejected, match="operation_deadline") as refused:
        async with asyncio.timeout(20):
            await anext(served.subscribe(prepared, VIEWER))
    assert refused.value.retry_after


TICKS = "subscription { count(to: 3) { number timely } }"


async def test_a_message_past_its_deadline_comes_again_whole() -> None:
    setting = Setting(allowance=Allowance(deadline=0.1))
    async with serving(setting) as server, initialised(server) as client:
        server.counting.late = 2
        await client.subscribe(TICKS)
        payloads = [(await client.hear())["payload"] for _ in range(3)]
        assert payloads == [
            {"data": {"count": {"number": number, "timely": f"of {number}"}}}
            for number in (1, 2, 3)
        ]


async def test_a_message_that_is_late_each_time_ends_its_stream() -> None:
    setting = Setting(allowance=Allowance(deadline=0.1))
    async with serving(setting) as server, initialised(server) as client:
        server.counting.late = 1_000
        await client.subscribe(TICKS)
        message = await client.hear()
        assert message["type"] == "error"
        (error,) = message["payload"]
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
        assert error["message"].endswith("or subscribe again after the last message received")


async def test_a_request_that_takes_too_long_to_read_is_answered_with_retry_after() -> None:
    setting = Setting(allowance=Allowance(deadline=0.001))
    async with serving(setting) as server, http_client(server) as http:
        for path in ("/graphql", "/graphql/stream"):
            response = await http.post(path, content=NUMBERS, headers=KIND, timeout=60)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) > 0
