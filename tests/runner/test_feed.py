import asyncio
import cProfile
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from broadcaster import Broadcast, BroadcastBackend

from models.ids import new_id
from runner.notify.feed import Feed, Watch
from runner.notify.notifier import CHANNEL, RESYNC, MemoryNotifier, PostgresNotifier
from runner.store.postgres.database import Database

LONG = 10.0
"""Much longer than any wait here: a subscriber that is not notified fails."""


class Recording(MemoryNotifier):
    """Records published messages."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[str] = []
        self.some = asyncio.Event()

    async def publish(self, channel: str, message: Any) -> None:
        if "\n" in message:
            self.published.append(message.partition("\n")[2])
            self.some.set()
        await super().publish(channel, message)


def calls_of(function: Callable[[], None]) -> int:
    """Returns how many functions it calls, in Python and C: unlike seconds, the same on every machine."""
    profile = cProfile.Profile()
    profile.runcall(function)
    return sum(int(entry.callcount) for entry in profile.getstats())


class Failing(MemoryNotifier):
    async def publish(self, channel: str, message: Any) -> None:
        raise RuntimeError("out of order")


@pytest.fixture(params=["memory", "postgres"])
def broadcast(request: pytest.FixtureRequest) -> Broadcast:
    backend: BroadcastBackend = MemoryNotifier()
    if request.param == "postgres":
        database: Database = request.getfixturevalue("database")
        backend = PostgresNotifier(database.connect_alone)
    return Broadcast(backend=backend)


async def test_a_notification_wakes_only_subscribers_of_its_topic(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed:
        with feed.watch("e:1", "l:1") as watch, feed.watch("e:2") as other:
            feed.notify(["e:1"])
            assert await watch.changed(LONG) == frozenset({"e:1"})
            assert await other.changed(0) == frozenset()


async def test_hints_between_two_reads_are_delivered_together(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed:
        with feed.watch("e:1", "l:1") as watch:
            feed.notify(["e:1"])
            feed.notify(["l:1", "e:1"])
            assert await watch.changed(LONG) == frozenset({"e:1", "l:1"})
            assert await watch.changed(0) == frozenset()


async def test_a_pattern_gets_every_topic_of_its_kind(broadcast: Broadcast) -> None:
    execution: UUID = new_id()
    async with Feed(broadcast) as feed:
        with feed.watch("e:*") as executions, feed.watch("q:*") as queues, feed.watch("d") as due:
            feed.notify([f"e:{execution}", "q:default", "q:gpu"])
            assert await executions.changed(LONG) == frozenset({f"e:{execution}"})
            assert await queues.changed(LONG) == frozenset({"q:default", "q:gpu"})
            feed.notify(["d"])
            assert await due.changed(LONG) == frozenset({"d"})


async def test_notifications_of_another_process_arrive(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed:
        with feed.watch("e:1") as watch:
            await broadcast.publish(CHANNEL, "another process\ne:2\ne:1")
            assert await watch.changed(LONG) == frozenset({"e:1"})


async def test_a_resync_wakes_everyone_with_none(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed:
        with feed.watch("e:1") as one, feed.watch("q:*") as other:
            await broadcast.publish(CHANNEL, RESYNC)
            assert await one.changed(LONG) is None
            assert await other.changed(LONG) is None
            feed.notify([RESYNC])
            assert await one.changed(LONG) is None


async def test_two_processes_over_one_database(database: Database) -> None:
    async with (
        Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as here,
        Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as there,
    ):
        topics = {f"e:{new_id()}" for _ in range(900)}
        received: set[str] = set()
        with there.watch("e:*") as watch:
            here.notify(topics)
            while received != topics:
                changed = await watch.changed(LONG)
                assert changed
                received |= changed


async def test_without_notifications_a_read_is_due_after_about_a_second() -> None:
    async with Feed(Broadcast(backend=MemoryNotifier())) as feed, asyncio.timeout(LONG):
        with feed.watch("e:1") as watch:
            started = perf_counter()
            assert await watch.changed() == frozenset()
            assert perf_counter() - started > 0.7


async def test_own_messages_wake_nobody(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed:
        with feed.watch("e:1") as watch, feed.watch("e:2") as end:
            feed.notify(["e:1"])
            assert await watch.changed(LONG) == frozenset({"e:1"})
            assert await watch.changed(0.05) == frozenset()
            # Sent after ours: once this is received, ours has come back.
            await broadcast.publish(CHANNEL, "another process\ne:2")
            assert await end.changed(LONG) == frozenset({"e:2"})
            assert await watch.changed(0) == frozenset()


async def test_the_first_leaves_at_once_and_the_rest_together() -> None:
    backend = Recording()
    async with Feed(Broadcast(backend=backend)) as feed:
        feed.notify(["e:1"])
        async with asyncio.timeout(LONG):
            await backend.some.wait()
            backend.some.clear()
            assert backend.published == ["e:1"]
            for _ in range(5):
                feed.notify(["e:2", "e:3"])
            await backend.some.wait()
    assert [set(message.split("\n")) for message in backend.published] == [{"e:1"}, {"e:2", "e:3"}]


async def test_too_many_topics_become_a_resync() -> None:
    backend = Recording()
    async with Feed(Broadcast(backend=backend)) as feed:
        with feed.watch("e:*") as watch:
            feed.notify(f"e:{number}" for number in range(1_001))
            assert await watch.changed(LONG) is None
            feed.notify(["e:1"])
            assert await watch.changed(LONG) == frozenset({"e:1"})
        async with asyncio.timeout(LONG):
            await backend.some.wait()
            backend.some.clear()
            feed.notify(f"e:{number}" for number in range(5_001))
            await backend.some.wait()
        assert backend.published[-1] == RESYNC


async def test_to_wake_five_thousand_watches_costs_a_few_calls_each() -> None:
    async with Feed(Broadcast(backend=MemoryNotifier())) as feed:
        ready = asyncio.Semaphore(0)

        async def wait(watch: Watch) -> frozenset[str] | None:
            with watch:
                ready.release()
                return await watch.changed(60)

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            waiting = [group.create_task(wait(feed.watch("e:1"))) for _ in range(5_000)]
            for _ in waiting:
                await ready.acquire()
            calls = calls_of(lambda: feed.notify(["e:1"]))
        assert {task.result() for task in waiting} == {frozenset({"e:1"})}
        assert calls < 10 * len(waiting)


async def test_nothing_is_kept_of_a_watch_that_is_left() -> None:
    async with Feed(Broadcast(backend=MemoryNotifier())) as feed:
        with feed.watch("e:1", "e:*"), feed.watch("e:1"):
            assert set(feed._watches) == {"e:1", "e:*"}
        assert feed._watches == {}


async def test_a_backend_that_fails_costs_the_hints_alone() -> None:
    async with Feed(Broadcast(backend=Failing())) as feed:
        with feed.watch("e:1") as watch:
            for _ in range(2):
                feed.notify(["e:1"])
                assert await watch.changed(LONG) == frozenset({"e:1"})
                assert await watch.changed(0.05) == frozenset()


async def test_a_feed_is_fresh_while_its_own_notifications_arrive(broadcast: Broadcast) -> None:
    async with Feed(broadcast) as feed, asyncio.timeout(LONG):
        assert feed.fresh < LONG
        before = feed._received_at
        with feed.watch("nothing") as watch:
            while feed._received_at == before:
                await watch.changed(0.1)
        assert feed._received_at > before


async def test_a_feed_becomes_stale_without_its_own_notifications() -> None:
    async with Feed(Broadcast(backend=Failing())) as feed, asyncio.timeout(LONG):
        with feed.watch("nothing") as watch:
            while feed.fresh < 1.5:
                await watch.changed(0.1)
