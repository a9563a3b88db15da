"""Both backends of the Broadcast; then failures that only the one over PostgreSQL has."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest
from broadcaster import Broadcast, BroadcastBackend

from runner.notify.notifier import (
    CHANNEL,
    LONGEST,
    RESYNC,
    ROOM,
    Mailbox,
    MemoryNotifier,
    PostgresNotifier,
    pack,
)
from runner.store.postgres.database import Database
from tests.runner.proxy import proxy_to

Hear: TypeAlias = Callable[[], Awaitable[str]]


@pytest.fixture(params=["memory", "postgres"])
def backend(request: pytest.FixtureRequest) -> BroadcastBackend:
    if request.param == "memory":
        return MemoryNotifier()
    database: Database = request.getfixturevalue("database")
    return PostgresNotifier(database.connect_alone)


@asynccontextmanager
async def subscribed(broadcast: Broadcast) -> AsyncIterator[Hear]:
    async with broadcast.subscribe(CHANNEL) as subscriber:

        async def hear() -> str:
            async with asyncio.timeout(10):
                return str((await subscriber.get()).message)

        yield hear


class Connecting:
    """Records the backends of its connections: the first listens, the second sends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pids: list[int] = []

    async def __call__(self) -> "asyncpg.Connection[Any]":
        connection = await self._database.connect_alone()
        self._pids.append(connection.get_server_pid())
        return connection

    async def kill(self, number: int) -> None:
        killed = await self._database.pool.fetchval(
            "select pg_terminate_backend($1)", self._pids[number]
        )
        assert killed is True


async def test_every_subscriber_receives_every_message_in_order(backend: BroadcastBackend) -> None:
    async with (
        Broadcast(backend=backend) as broadcast,
        subscribed(broadcast) as one,
        subscribed(broadcast) as other,
    ):
        expected = [f"message {number}" for number in range(50)]
        for message in expected:
            await broadcast.publish(CHANNEL, message)
        assert [await one() for _ in expected] == expected
        assert [await other() for _ in expected] == expected


async def test_concurrent_first_subscribers_all_receive(backend: BroadcastBackend) -> None:
    async with Broadcast(backend=backend) as broadcast, AsyncExitStack() as stack:
        ways = [subscribed(broadcast) for _ in range(20)]
        receivers = await asyncio.gather(*(way.__aenter__() for way in ways))
        for way in ways:
            stack.push_async_exit(way)
        await broadcast.publish(CHANNEL, "to all")
        assert [await hear() for hear in receivers] == ["to all"] * 20


async def test_concurrent_publishers_lose_nothing(backend: BroadcastBackend) -> None:
    async with Broadcast(backend=backend) as broadcast, subscribed(broadcast) as hear:
        await asyncio.gather(*(broadcast.publish(CHANNEL, str(number)) for number in range(100)))
        assert {await hear() for _ in range(100)} == {str(number) for number in range(100)}


async def test_the_longest_message_arrives(backend: BroadcastBackend) -> None:
    async with Broadcast(backend=backend) as broadcast, subscribed(broadcast) as hear:
        await broadcast.publish(CHANNEL, "x" * LONGEST)
        assert await hear() == "x" * LONGEST


async def test_there_is_one_channel(backend: BroadcastBackend) -> None:
    with pytest.raises(ValueError, match="one channel"):
        await backend.subscribe("another")


async def test_a_broadcast_can_be_entered_again(backend: BroadcastBackend) -> None:
    for turn in ("first", "second"):
        async with Broadcast(backend=backend) as broadcast, subscribed(broadcast) as hear:
            await broadcast.publish(CHANNEL, turn)
            assert await hear() == turn


async def test_messages_not_read_in_time_become_one_resync() -> None:
    mailbox = Mailbox()
    for number in range(ROOM + 3):
        mailbox.put(str(number))
    assert [await mailbox.take() for _ in range(3)] == [RESYNC, str(ROOM + 1), str(ROOM + 2)]


def test_messages_are_split_between_topics() -> None:
    topics = [f"q:größe-{number}" for number in range(2_000)]
    messages = list(pack("me", topics))
    assert max(len(message.encode()) for message in messages) <= LONGEST
    assert {message.split("\n")[0] for message in messages} == {"me"}
    assert [topic for message in messages for topic in message.split("\n")[1:]] == topics
    assert len(messages) == 4


def test_a_topic_too_long_to_send_becomes_a_resync() -> None:
    fits = "q:" + "x" * (LONGEST - len("me\nq:"))
    assert list(pack("me", [fits])) == [f"me\n{fits}"]
    assert list(pack("me", [f"{fits}x"])) == [f"me\n{RESYNC}"]
    assert list(pack("me", [])) == ["me"]


async def test_a_killed_listener_reconnects_and_a_resync_reports_the_gap(
    database: Database,
) -> None:
    connecting = Connecting(database)
    notifications = PostgresNotifier(connecting)
    async with Broadcast(backend=notifications) as broadcast, subscribed(broadcast) as hear:
        await connecting.kill(0)
        assert await hear() == RESYNC
        await broadcast.publish(CHANNEL, "after it")
        assert await hear() == "after it"


async def test_a_killed_sender_loses_nothing_after_it(database: Database) -> None:
    connecting = Connecting(database)
    notifications = PostgresNotifier(connecting)
    async with Broadcast(backend=notifications) as broadcast, subscribed(broadcast) as hear:
        await broadcast.publish(CHANNEL, "first")
        assert await hear() == "first"
        for number in range(1, 20):
            await connecting.kill(number)
            await broadcast.publish(CHANNEL, f"after {number}")
            assert await hear() == f"after {number}"


async def test_a_listener_that_falls_silent_is_noticed(database_url: str, tmp_path: Path) -> None:
    async with proxy_to(tmp_path, database_url) as proxy:
        notifications = PostgresNotifier(proxy.connect)
        async with Broadcast(backend=notifications) as broadcast, subscribed(broadcast) as hear:
            await proxy.somebody_connects()
            proxy.fall_silent()
            async with asyncio.timeout(10):
                await proxy.somebody_connects()
            proxy.let_pass()
            assert await hear() == RESYNC
            await broadcast.publish(CHANNEL, "after it")
            assert await hear() == "after it"


async def test_sending_into_silence_returns(database_url: str, tmp_path: Path) -> None:
    async with (
        proxy_to(tmp_path, database_url) as proxy,
        Broadcast(backend=PostgresNotifier(proxy.connect)) as broadcast,
    ):
        await broadcast.publish(CHANNEL, "makes the connection")
        proxy.fall_silent()
        async with asyncio.timeout(15):
            await broadcast.publish(CHANNEL, "is lost")


async def test_without_a_database_it_does_not_start() -> None:
    async def connect() -> "asyncpg.Connection[Any]":
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(ConnectionRefusedError, match="nobody there"):
        await Broadcast(backend=PostgresNotifier(connect)).connect()
