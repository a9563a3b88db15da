"""Shared subscriptions: executed once, every message once and in order, slow readers by their policy."""

import asyncio
import tracemalloc
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest

from server.graphql.fanout import START_AGAIN, SharedSubscription
from server.graphql.requests import Request
from server.graphql.routes import TransportSettings
from server.graphql.running import SocketLimits
from server.graphql.stream import Ended, Message, RingLimits
from tests.server.graphql.clients import Raw, initialised
from tests.server.graphql.serving import TOKEN, Serving, Setting, serving

SMALL = RingLimits(messages=8, size=1_000_000, kept=1_000_000, ahead=1_000_000)


async def numbers(client: Raw, field: str) -> list[int]:
    """Returns the numbers of one subscription until it completes."""
    found = []
    while (message := await client.hear())["type"] == "next":
        found.append(message["payload"]["data"][field]["number"])
    assert message == {"id": message["id"], "type": "complete"}
    return found


async def test_200_sockets_get_each_message_once_in_order_from_one_execution() -> None:
    limits = TransportSettings(connections=1000)
    async with serving(Setting(transports=limits)) as server, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(initialised(server)) for _ in range(200)]
        async with asyncio.TaskGroup() as tasks:
            reading = []
            for place, client in enumerate(clients):
                # It is the same document, apart from spaces and operation names.
                query = "subscription { follow(to: 40) { number } }" + " " * (place % 3)
                await client.subscribe(query, f"id{place}")
                reading.append(tasks.create_task(numbers(client, "follow")))
            for _ in range(40):
                await server.counting.rise()
        assert all(task.result() == list(range(1, 41)) for task in reading)
        assert server.counting.opened == [("follow", None)]
        assert server.fanout.drivers == 0


async def test_variables_that_the_operation_does_not_declare_do_not_keep_it_apart() -> None:
    async with serving() as server, initialised(server) as one, initialised(server) as other:
        query = "subscription ($to: Int!) { follow(to: $to) { number } }"
        for number, client in enumerate((one, other)):
            await client.subscribe(query, variables={"x": number, "to": 2})
        # Its answer comes after all earlier messages.
        for client in (one, other):
            await client.say({"type": "ping"})
            assert await client.hear() == {"type": "pong"}
        await server.counting.rise(2)
        assert await numbers(one, "follow") == await numbers(other, "follow") == [1, 2]
        assert len(server.counting.opened) == 1


async def test_a_late_subscriber_gets_all_messages_from_the_ring() -> None:
    async with serving() as server, initialised(server) as first, initialised(server) as late:
        query = "subscription { follow(to: 5) { number } }"
        await first.subscribe(query)
        await server.counting.rise(3)
        for number in (1, 2, 3):
            assert (await first.hear())["payload"]["data"]["follow"]["number"] == number
        await late.subscribe(query, "other")
        assert (await late.hear())["payload"]["data"]["follow"]["number"] == 1
        await server.counting.rise(2)
        assert await numbers(first, "follow") == [4, 5]
        assert await numbers(late, "follow") == [2, 3, 4, 5]
        assert len(server.counting.opened) == 1


async def test_a_subscriber_behind_the_ring_gets_its_own_source() -> None:
    async with (
        serving(Setting(ring=SMALL)) as server,
        initialised(server) as first,
        initialised(server) as late,
    ):
        query = "subscription { follow(to: 30) { number } }"
        await first.subscribe(query)
        await server.counting.rise(20)
        for number in range(1, 21):
            assert (await first.hear())["payload"]["data"]["follow"]["number"] == number
        await late.subscribe(query)
        assert (await late.hear())["payload"]["data"]["follow"]["number"] == 1
        await server.counting.rise(10)
        assert await numbers(first, "follow") == list(range(21, 31))
        assert await numbers(late, "follow") == list(range(2, 31))
        assert server.counting.opened == [("follow", None)] * 2


async def test_other_variables_and_other_people_are_not_shared() -> None:
    async with serving() as server:
        server.tokens.add("ci", "hw_ci")
        async with initialised(server) as one, initialised(server) as two:
            query = "subscription($to: Int!) { follow(to: $to) { number } }"
            await one.subscribe(query, variables={"to": 1})
            await two.subscribe(query, variables={"to": 2})
            await server.counting.rise(2)
            assert (await numbers(one, "follow"), await numbers(two, "follow")) == ([1], [1, 2])
        prepared = server.operations.prepare(Request("subscription { state(to: 9) { number } }"))
        readers = [await reader(server, prepared, token) for token in (TOKEN, "hw_ci", TOKEN)]
        assert server.fanout.drivers == 2
        for one_reader in readers:
            one_reader.leave()


async def reader(
    server: Serving, prepared: Any, token: str = TOKEN, wake: Callable[[], None] = lambda: None
) -> SharedSubscription:
    viewer = await server.door.by_token(token)
    assert viewer is not None
    return server.fanout.join(prepared, viewer, wake)


class Slow:
    """A reader in this process that reads when the test says so."""

    def __init__(self, subscription: SharedSubscription, woken: asyncio.Event) -> None:
        self.subscription, self.woken = subscription, woken

    @classmethod
    async def of(cls, server: Serving, query: str) -> "Slow":
        woken = asyncio.Event()
        prepared = server.operations.prepare(Request(query))
        return cls(await reader(server, prepared, wake=woken.set), woken)

    async def one(self) -> Message | Ended:
        while (found := self.subscription.take()) is None:
            self.woken.clear()
            await asyncio.wait_for(self.woken.wait(), 5)
        return found

    async def number(self) -> int | None:
        """Returns the next message's number; None at a clean end."""
        found = await self.one()
        if isinstance(found, Ended):
            assert not found.errors
            return None
        (tick,) = orjson.loads(found.text)["data"].values()
        number: int = tick["number"]
        return number

    async def rest(self) -> list[int]:
        found = []
        while (number := await self.number()) is not None:
            found.append(number)
        return found


async def test_policy_resume_continues_from_the_last_cursor() -> None:
    query = "subscription { follow(to: 50) { number } }"
    async with serving(Setting(ring=SMALL)) as server:
        fast, slow = await Slow.of(server, query), await Slow.of(server, query)
        await server.counting.rise(3)
        assert [await slow.number() for _ in range(3)] == [1, 2, 3]
        await server.counting.rise(47)
        assert await fast.rest() == list(range(1, 51))
        assert await slow.rest() == list(range(4, 51))
        assert server.counting.opened == [("follow", None), ("follow", 3)]


async def test_subscribers_that_fell_behind_at_the_same_position_share_again() -> None:
    query = "subscription { follow(to: 50) { number } }"
    async with serving(Setting(ring=SMALL)) as server:
        fast, *slow = [await Slow.of(server, query) for _ in range(6)]
        await server.counting.rise(50)
        assert await fast.rest() == list(range(1, 51))
        first = [await one.number() for one in slow]
        rests = await asyncio.gather(*(one.rest() for one in slow))
        assert first == [1] * 5
        assert rests == [list(range(2, 51))] * 5
        assert len(server.counting.opened) == 2


async def test_policy_latest_jumps_and_never_drops_the_last() -> None:
    query = "subscription { state(to: 50) { number } }"
    async with serving(Setting(ring=SMALL)) as server:
        fast, slow = await Slow.of(server, query), await Slow.of(server, query)
        assert await slow.number() == 0
        seen = [await fast.number()]
        for number in range(1, 51):
            await server.counting.rise()
            seen.append(await fast.number())
            assert seen[-1] == number
        assert await fast.number() is None
        assert await slow.rest() == [50]


async def test_policy_latest_sends_the_newest_to_a_late_subscriber() -> None:
    query = "subscription { state(to: 50) { number } }"
    async with serving(Setting(ring=SMALL)) as server:
        first = await Slow.of(server, query)
        for number in range(20):
            assert await first.number() == number
            await server.counting.rise()
        assert await first.number() == 20
        late = await Slow.of(server, query)
        assert await late.number() == 20
        assert server.fanout.drivers == 1
        first.subscription.leave()
        late.subscription.leave()


async def test_policy_reset_starts_again_with_a_reset() -> None:
    query = "subscription { window(to: 30) { number } }"
    async with serving(Setting(ring=SMALL)) as server:
        fast, slow = await Slow.of(server, query), await Slow.of(server, query)
        assert await slow.number() == -1
        await server.counting.rise(20)
        assert [await fast.number() for _ in range(21)] == [-1, *range(1, 21)]
        assert await slow.number() == -21
        await server.counting.rise(10)
        assert await fast.rest() == list(range(21, 31))
        assert await slow.rest() == list(range(21, 31))
        assert server.counting.opened == [("window", None), ("window", START_AGAIN)]


async def test_a_source_is_not_read_far_ahead_of_its_readers() -> None:
    async with serving(Setting(ring=SMALL)) as server:
        slow = await Slow.of(server, "subscription { count(to: 1000000) { number } }")
        assert await slow.number() == 1
        for _ in range(100):
            await asyncio.sleep(0)
        assert server.counting.read <= 1 + SMALL.messages
        slow.subscription.leave()


async def test_a_field_without_policy_is_read_alone_and_exactly() -> None:
    query = "subscription { count(to: 100) { number } }"
    async with serving(Setting(ring=SMALL, policies={})) as server:
        one, two = await Slow.of(server, query), await Slow.of(server, query)
        assert await one.rest() == list(range(1, 101))
        assert await two.rest() == list(range(1, 101))
        assert server.counting.opened == [("count", None)] * 2


async def test_the_driver_ends_with_its_last_reader() -> None:
    query = "subscription { follow(to: 100) { number } }"
    async with serving() as server:
        one, two = await Slow.of(server, query), await Slow.of(server, query)
        await server.counting.rise()
        assert (await one.number(), await two.number()) == (1, 1)
        one.subscription.leave()
        assert server.fanout.drivers == 1
        two.subscription.leave()
        assert server.fanout.drivers == 0


async def test_stopping_is_reported() -> None:
    async with serving() as server:
        one = await Slow.of(server, "subscription { follow(to: 100) { number } }")
        await server.counting.rise()
        assert await one.number() == 1
        server.fanout.stop()
        ended = await one.one()
        assert isinstance(ended, Ended)
        assert ended.errors[0]["extensions"]["code"] == "SERVER_STOPPING"
        late = await Slow.of(server, "subscription { follow(to: 100) { number } }")
        assert await late.one() == ended


@pytest.mark.parametrize("field", ["count", "follow"])
async def test_a_socket_that_does_not_read_costs_no_memory_and_resumes_exactly(field: str) -> None:
    """20 MB pass a reader that sleeps; it gets all of them when it continues."""
    total, size = 4000, 5000
    query = f"subscription {{ {field}(to: {total}, size: {size}) {{ number text }} }}"
    async with (
        serving() as server,
        initialised(server) as fast,
        initialised(server, max_queue=1) as slow,
    ):
        await slow.subscribe(query)
        assert await slow.hear() if field == "count" else True
        await fast.subscribe(query)
        tracemalloc.start()
        await server.counting.rise(total)
        assert len(await numbers(fast, field)) == total
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 1.5 * RingLimits().size
        start = 2 if field == "count" else 1
        assert await numbers(slow, field) == list(range(start, total + 1))
        assert len(server.counting.opened) == 2


async def test_a_socket_that_never_reads_is_closed_and_others_continue() -> None:
    limits = SocketLimits(send=0.4)
    async with (
        serving(Setting(transports=TransportSettings(sockets=limits))) as server,
        initialised(server, max_queue=1) as dead,
        initialised(server) as fast,
    ):
        query = "subscription { count(to: 3000, size: 20000) { number text } }"
        await dead.subscribe(query)
        await fast.subscribe("subscription { follow(to: 10) { number } }")
        # The source stops when the buffers of the dead reader are full, and is closed when the reader is released.
        await asyncio.wait_for(server.counting.shut.wait(), 10)
        assert server.counting.read < 3000
        await server.counting.rise(10)
        assert await numbers(fast, "follow") == list(range(1, 11))
        dead.connection.transport.abort()
