"""Wakes those who wait for a change, in this process and in others. The change itself is read from the tables.

docs/architecture.md lists the topics. A notification may be lost, so those who wait for one also read the
tables now and then.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final, Self

from broadcaster import Broadcast

from runner.notify.notifier import CHANNEL, RESYNC, pack

logger = logging.getLogger("headway.feed")

SAFETY_POLL: Final = 1.0
"""Seconds after which readers read the tables although no notification arrived."""
_DEBOUNCE = 0.01
_BEAT = 1.0
_MAX_REMEMBERED = 1_000
"""Topics that a watch keeps; if there are more, it reports that anything may have changed."""
_MAX_UNSENT = 5_000
"""Topics that wait to be sent to other processes; if there are more, RESYNC is sent."""


class Watch:
    """The changes of some topics since the last call of `changed`. Receives notifications while it is entered."""

    __slots__ = ("_changed", "_feed", "_topics", "_waiter")

    def __init__(self, feed: "Feed", topics: frozenset[str]) -> None:
        self._feed = feed
        self._topics = topics
        self._changed: set[str] | None = set()
        self._waiter: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._feed.register(self, self._topics)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._feed.unregister(self, self._topics)

    async def changed(self, timeout: float | None = None) -> frozenset[str] | None:
        """Waits for changes and returns their topics. None: anything may have changed, read everything again.

        Returns an empty set after `timeout` seconds: read the tables anyway. The default timeout is at most
        SAFETY_POLL, and varies, so that readers that were woken together do not read together forever.
        """
        if self._changed is not None and not self._changed:
            await self._wait(random.uniform(0.8, 1) * SAFETY_POLL if timeout is None else timeout)
        changed, self._changed = self._changed, set()
        return None if changed is None else frozenset(changed)

    async def _wait(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        alarm = loop.call_later(timeout, self._wake)
        try:
            await self._waiter
        finally:
            alarm.cancel()
            self._waiter = None

    def notify(self, topic: str) -> None:
        if topic == RESYNC:
            self._changed = None
        elif self._changed is not None:
            self._changed.add(topic)
            if len(self._changed) > _MAX_REMEMBERED:
                self._changed = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Feed:
    """Sends notifications, and wakes watches. An async context manager, which connects and disconnects its
    Broadcast."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._origin = secrets.token_hex(8)
        self._watches: dict[str, set[Watch]] = {}
        self._unsent: set[str] = set()
        self._some = asyncio.Event()
        self._received_at = float("-inf")

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._broadcast.connect()
            stack.push_async_callback(self._broadcast.disconnect)
            self._subscriber = await stack.enter_async_context(self._broadcast.subscribe(CHANNEL))
            self._received_at = asyncio.get_running_loop().time()
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for loop in (self._receive(), self._send()):
                stack.callback(group.create_task(loop).cancel)
            self._owned = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._owned.__aexit__(kind, error, trace)

    @property
    def fresh(self) -> float:
        """Seconds since this process last received a message of its own: normally at most about one."""
        return asyncio.get_running_loop().time() - self._received_at

    def watch(self, *topics: str) -> Watch:
        """Watches topics; `e:*` means every topic that starts with `e:`."""
        return Watch(self, frozenset(topics))

    def notify(self, topics: Iterable[str]) -> None:
        """Notifies watches here and in other processes that these topics changed. Call it after the commit, in the
        event loop."""
        topics = set(topics)
        if not topics:
            return
        self._wake(topics)
        self._unsent |= topics
        if len(self._unsent) > _MAX_UNSENT:
            self._unsent = {RESYNC}
        self._some.set()

    def register(self, watch: Watch, topics: Iterable[str]) -> None:
        for topic in topics:
            self._watches.setdefault(topic, set()).add(watch)

    def unregister(self, watch: Watch, topics: Iterable[str]) -> None:
        for topic in topics:
            self._watches[topic].discard(watch)
            if not self._watches[topic]:
                del self._watches[topic]

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            if topic == RESYNC:
                self._wake_all()
                return
            for name in (topic, f"{topic.partition(':')[0]}:*"):
                for watch in self._watches.get(name, ()):
                    watch.notify(topic)

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.notify(RESYNC)

    async def _receive(self) -> None:
        while True:
            origin, *topics = str((await self._subscriber.get()).message).split("\n")
            if origin == RESYNC:
                self._wake_all()
            elif origin == self._origin:
                self._received_at = asyncio.get_running_loop().time()
            else:
                self._wake(topics)

    async def _send(self) -> None:
        """Sends a notification at once, then at most one round in _DEBOUNCE seconds; without notifications, an empty
        message each _BEAT."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await self._some.wait()
            self._some.clear()
            topics, self._unsent = self._unsent, set()
            await self._publish(topics)
            await asyncio.sleep(_DEBOUNCE)

    async def _publish(self, topics: Iterable[str]) -> None:
        try:
            for message in pack(self._origin, topics):
                await self._broadcast.publish(CHANNEL, message)
        except Exception as error:  # backends may raise anything: notifications may be lost, but the feed must continue
            logger.warning("could not publish notifications: %s", error)
