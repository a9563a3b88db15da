"""Wakes whoever waits for a change, in this process and in the others. What changed is read from the tables.

The topics stand in docs/architecture.md. A hint may be lost, so whoever waits for one also looks once in a while.
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
"""Seconds after which one looks though nothing was heard."""
_DEBOUNCE = 0.01
_BEAT = 1.0
_REMEMBERED = 1_000
"""Topics that a watch keeps; beyond, it says that anything may have changed."""
_UNTOLD = 5_000
"""The same of what is yet to be told to other processes."""


class Watch:
    """The changes among some topics since one last asked. It hears while it is entered."""

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
        """The topics that changed, as soon as there are any. None: anything may have changed, read everything again.

        Empty after `timeout` seconds: look all the same. Without one it is at most SAFETY_POLL, and somewhat different
        each time, so that those who were woken together do not look together ever after.
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

    def tell(self, topic: str) -> None:
        if topic == RESYNC:
            self._changed = None
        elif self._changed is not None:
            self._changed.add(topic)
            if len(self._changed) > _REMEMBERED:
                self._changed = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Feed:
    """Async context manager; it connects the Broadcast that it is given and disconnects it."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._origin = secrets.token_hex(8)
        self._watches: dict[str, set[Watch]] = {}
        self._untold: set[str] = set()
        self._some = asyncio.Event()
        self._heard = float("-inf")

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._broadcast.connect()
            stack.push_async_callback(self._broadcast.disconnect)
            self._subscriber = await stack.enter_async_context(self._broadcast.subscribe(CHANNEL))
            self._heard = asyncio.get_running_loop().time()
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for loop in (self._hear_others(), self._tell_others()):
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
        """Seconds since a message of ours last came back to us: while all is well, about one at most."""
        return asyncio.get_running_loop().time() - self._heard

    def watch(self, *topics: str) -> Watch:
        """`e:*` stands for every topic that starts with `e:`."""
        return Watch(self, frozenset(topics))

    def hint(self, topics: Iterable[str]) -> None:
        """Tells that what is behind these topics changed, and is committed. For callers in the event loop."""
        topics = set(topics)
        if not topics:
            return
        self._wake(topics)
        self._untold |= topics
        if len(self._untold) > _UNTOLD:
            self._untold = {RESYNC}
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
                    watch.tell(topic)

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.tell(RESYNC)

    async def _hear_others(self) -> None:
        while True:
            origin, *topics = str((await self._subscriber.get()).message).split("\n")
            if origin == RESYNC:
                self._wake_all()
            elif origin == self._origin:
                self._heard = asyncio.get_running_loop().time()
            else:
                self._wake(topics)

    async def _tell_others(self) -> None:
        """The first hint at once, then a round per _DEBOUNCE at most; when there are none, a beat."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await self._some.wait()
            self._some.clear()
            topics, self._untold = self._untold, set()
            await self._publish(topics)
            await asyncio.sleep(_DEBOUNCE)

    async def _publish(self, topics: Iterable[str]) -> None:
        try:
            for message in pack(self._origin, topics):
                await self._broadcast.publish(CHANNEL, message)
        except Exception as error:  # whatever a backend raises: hints may be lost, the feed may not
            logger.warning("hints were not published: %s", error)
