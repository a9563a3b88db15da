"""Limits of one user over every transport: deadline, turns, rates, open subscriptions; and those of an address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn

import httpx
import orjson
import pytest

from server.graphql.allowance import Allowance
from server.graphql.budget import Budget
from server.graphql.routes import TransportSettings
from server.graphql.working import Work
from server.http.rates import Allowed, Rate, TooMany
from server.settings.settings import Settings
from tests.server.graphql.clients import initialised, raw
from tests.server.graphql.serving import TOKEN, Serving, Setting, serving

OTHER = "hw_other"
WITHIN = 20.0


@asynccontextmanager
async def http_of(server: Serving, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {token}"} if token else server.headers
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=server.url, headers=headers, limits=limits, timeout=WITHIN
    ) as client:
        yield client


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():
            await asyncio.sleep(0)


# Returns the errors of one query, over each transport.


async def over_http(server: Serving, query: str) -> list[dict[str, Any]]:
    async with http_of(server) as http:
        found: list[dict[str, Any]] = (await http.post("/graphql", json={"query": query})).json()[
            "errors"
        ]
        return found


async def over_a_socket(server: Serving, query: str) -> list[dict[str, Any]]:
    async with initialised(server) as client:
        await client.subscribe(query)
        message = await client.hear()
        found: list[dict[str, Any]] = (
            message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        )
        return found


async def over_events(server: Serving, query: str) -> list[dict[str, Any]]:
    async with http_of(server) as http:
        response = await http.post("/graphql/stream", json={"query": query})
    text = response.text
    if response.headers["content-type"].startswith("text/event-stream"):
        text = text.split("data: ")[1].split("\n")[0]
    found: list[dict[str, Any]] = orjson.loads(text)["errors"]
    return found


TRANSPORTS: Mapping[str, Callable[[Serving, str], Awaitable[list[dict[str, Any]]]]] = {
    "http": over_http,
    "socket": over_a_socket,
    "events": over_events,
}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_query_past_its_deadline_is_ended(transport: str) -> None:
    async with serving(Setting(allowance=Allowance(deadline=0.2))) as server:
        (error,) = await TRANSPORTS[transport](server, "{ hello stuck }")
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
        assert server.counting.held == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_operations_of_one_user_have_a_rate(transport: str) -> None:
    rates = {Rate.OPERATIONS: Allowed(3, 60)}
    async with serving(Setting(rates=rates)) as server, http_of(server) as http:
        for left in (2, 1, 0):
            response = await http.post("/graphql", json={"query": "{ hello }"})
            cost = response.json()["extensions"]["cost"]
            assert cost == {"price": 1, "limit": 5_000_000, "operationsLeft": left}
        (error,) = await TRANSPORTS[transport](server, "{ hello }")
        assert error["extensions"]["code"] == "TOO_MANY_REQUESTS"
        assert error["extensions"]["limit"] == "operations"
        assert 1 <= error["extensions"]["retryAfter"] <= 60
        assert "user:admin has used all 3 operations allowed in 60 s" in error["message"]
        server.tokens.add("other", OTHER)
        async with http_of(server, OTHER) as others:
            response = await others.post("/graphql", json={"query": "{ hello }"})
            assert response.json()["data"] == {"hello": "world"}


@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
async def test_over_http_it_is_429_with_retry_after(path: str) -> None:
    async with (
        serving(Setting(rates={Rate.OPERATIONS: Allowed(1, 60)})) as server,
        http_of(server) as http,
    ):
        await http.post("/graphql", json={"query": "{ hello }"})
        response = await http.post(path, json={"query": "{ hello }"})
        assert response.status_code == 429
        (error,) = response.json()["errors"]
        assert response.headers["retry-after"] == str(error["extensions"]["retryAfter"])


KINDS = {
    Rate.MUTATIONS: ("mutation { bump }", "{ hello }"),
    Rate.SUBSCRIPTIONS: ("subscription { count(to: 1) { number } }", "mutation { bump }"),
}


@pytest.mark.parametrize("rate", KINDS)
async def test_mutations_and_subscriptions_have_a_rate_of_their_own(rate: Rate) -> None:
    counted, other = KINDS[rate]
    async with serving(Setting(rates={rate: Allowed(2, 60)})) as server, http_of(server) as http:
        for _ in range(2):
            assert (await http.post("/graphql/stream", json={"query": counted})).status_code == 200
        response = await http.post("/graphql/stream", json={"query": counted})
        assert response.status_code == 429
        assert response.json()["errors"][0]["extensions"]["limit"] == rate.name.lower()
        assert (await http.post("/graphql", json={"query": other})).status_code == 200


async def test_a_socket_stays_open_unless_it_continues() -> None:
    rates = {Rate.OPERATIONS: Allowed(1, 3600)}
    async with serving(Setting(rates=rates)) as server, initialised(server) as client:
        await client.subscribe("{ hello }", "0")
        types = [(await client.hear())["type"] for _ in range(2)]
        for number in range(1, 101):
            await client.subscribe("{ hello }", str(number))
            types.append((await client.hear())["type"])
        assert types == ["next", "complete"] + ["error"] * 100
        await client.subscribe("{ hello }", "101")
        code, reason = await client.closed()
        assert code == 4429
        assert reason.startswith("Too many requests; try again in")


async def test_open_subscriptions_of_one_user_are_counted_over_sockets_and_events() -> None:
    follow = "subscription { follow(to: 9) { number } }"
    setting = Setting(allowance=Allowance(subscriptions=2))
    async with serving(setting) as server, AsyncExitStack() as stack:
        first = await stack.enter_async_context(initialised(server))
        second = await stack.enter_async_context(initialised(server))
        await first.subscribe(follow)
        await second.subscribe(follow)
        await until(lambda: len(server.counting.opened) == 1)
        await second.subscribe("subscription { state(to: 1) { number } }", "2")
        message = await second.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["limit"] == "subscriptions_at_once"
        async with http_of(server) as http:
            response = await http.post("/graphql/stream", json={"query": follow})
            assert response.status_code == 429
            await first.say({"type": "complete", "id": "1"})
            # Its answer comes after all earlier messages.
            await first.say({"type": "ping"})
            assert await first.hear() == {"type": "pong"}
            ended = "subscription { count(to: 1) { number } }"
            for _ in range(3):
                response = await http.post("/graphql/stream", json={"query": ended})
                assert "event: complete" in response.text


async def test_sockets_and_event_streams_of_one_user_are_counted_together() -> None:
    follow = {"query": "subscription { follow(to: 9) { number } }"}
    transports = TransportSettings(connections=3)
    async with serving(Setting(transports=transports)) as server, AsyncExitStack() as stack:
        server.tokens.add("other", OTHER)
        http = await stack.enter_async_context(http_of(server))
        others = await stack.enter_async_context(http_of(server, OTHER))
        await stack.enter_async_context(initialised(server))
        async with AsyncExitStack() as streams:
            for _ in range(2):
                opened = await streams.enter_async_context(
                    http.stream("POST", "/graphql/stream", json=follow)
                )
                assert opened.status_code == 200
            async with asyncio.timeout(WITHIN):
                response = await http.post("/graphql/stream", json=follow)
            assert (response.status_code, response.headers["retry-after"]) == (429, "1")
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == "TOO_MANY_REQUESTS"
            assert error["extensions"]["limit"] == "connections_at_once"
            async with raw(server) as client:
                await client.say({"type": "connection_init", "payload": {"token": TOKEN}})
                assert (await client.closed())[0] == 4429
            assert (await http.post("/graphql", json={"query": "{ hello }"})).status_code == 200
            answer = await others.post("/graphql/stream", json={"query": "{ hello }"})
            assert answer.status_code == 200
        async with asyncio.timeout(20):
            while (
                await http.post("/graphql/stream", json={"query": "{ hello }"})
            ).status_code == 429:
                pass


async def test_queries_of_one_user_take_turns_and_another_does_not_wait() -> None:
    setting = Setting(allowance=Allowance(queries=2, waiting=3))
    async with serving(setting) as server, AsyncExitStack() as stack:
        server.tokens.add("other", OTHER)
        mine = await stack.enter_async_context(http_of(server))
        others = await stack.enter_async_context(http_of(server, OTHER))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        pending = [
            tasks.create_task(mine.post("/graphql", json={"query": "{ stuck }"})) for _ in range(6)
        ]
        await until(lambda: any(task.done() for task in pending))
        (refused,) = [task.result() for task in pending if task.done()]
        assert refused.status_code == 429
        assert refused.json()["errors"][0]["extensions"]["limit"] == "queries_at_once"
        assert server.counting.held == 2
        response = await others.post("/graphql", json={"query": "{ hello }"})
        assert response.json() == {"data": {"hello": "world"}}
        server.counting.released.set()
        answers = [await task for task in pending]
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429]


async def test_an_address_is_slowed_after_wrong_tokens_and_valid_ones_still_work() -> None:
    setting = Setting(rates={Rate.FAILED_LOGINS: Allowed(3, 60)})
    async with serving(setting) as server, http_of(server) as right, http_of(server, "x") as wrong:
        assert (await right.get("/graphql?query={hello}")).status_code == 200
        for _ in range(3):
            assert (await wrong.get("/graphql?query={hello}")).status_code == 401
        response = await wrong.get("/graphql?query={hello}")
        assert response.status_code == 429
        assert response.headers["x-frame-options"] == "DENY"
        assert response.json()["errors"][0]["extensions"]["limit"] == "failed_logins"
        assert 1 <= int(response.headers["retry-after"]) <= 60
        async with raw(server) as client:
            await client.say({"type": "connection_init", "payload": {"token": "guess"}})
            assert (await client.closed())[0] == 4429
        async with raw(server, additional_headers={"authorization": "Bearer guess"}) as client:
            assert (await client.closed())[0] == 4429
        # A token that was valid before, from the same address, and no token at all.
        assert (await right.get("/graphql?query={hello}")).status_code == 200
        async with httpx.AsyncClient(base_url=server.url) as nobody:
            assert (await nobody.get("/graphql")).status_code == 401


async def test_another_address_is_not_slowed() -> None:
    setting = Setting(rates={Rate.FAILED_LOGINS: Allowed(1, 60)})
    async with serving(setting) as server, http_of(server, "x") as wrong:
        assert [(await wrong.get("/graphql")).status_code for _ in range(2)] == [401, 429]
        elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(
            base_url=server.url, headers=server.headers, transport=elsewhere
        ) as other:
            assert (await other.get("/graphql?query={hello}")).status_code == 200


def test_every_rate_is_a_setting() -> None:
    from server.process.rates import allowed_by

    usual = allowed_by(Settings.model_construct())
    assert usual.keys() == set(Rate)
    names = [
        name for name in Settings.model_fields if name.endswith(("_per_second", "_per_minute"))
    ]
    assert len(names) == len(Rate)
    for name in names:
        values: dict[str, Any] = {name: 7}
        changed = allowed_by(Settings.model_construct(**values))
        (rate,) = [rate for rate in Rate if changed[rate] != usual[rate]]
        assert name.startswith(rate.name.lower())


async def test_a_query_that_waited_too_long_for_its_turn_says_to_send_fewer() -> None:
    work = Work(Allowance(queries=1, deadline=0.2))

    def never(*_: object) -> NoReturn:
        pytest.fail("it had no turn")

    async with work._queries.turn("user:a"):
        with pytest.raises(TooMany) as refused:
            await work.query(never, Budget(1_000), "user:a")
    assert str(refused.value) == (
        "user:a has 1 queries running and this one has waited 0.2 s for its turn; send fewer at once; try again in 1 s"
    )
    assert refused.value.limit == "queries_at_once"
