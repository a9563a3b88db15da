"""Notifications between processes: backends for `broadcaster.Broadcast`. They may lose messages; then they send
RESYNC.

`broadcaster`'s own backend for PostgreSQL fails under concurrent use and hangs forever on a lost connection.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, TypeAlias

import asyncpg
from broadcaster import BroadcastBackend, Event

from runner.service.loop import Loop

logger = logging.getLogger("headway.notifier")

CHANNEL: Final = "headway"
RESYNC: Final = "*"
"""A message, and a topic, which means: some notifications were lost, read everything again."""
LONGEST: Final = 7_999
"""The most bytes of a payload in PostgreSQL."""
ROOM: Final = 10_000
"""The most messages that may wait for their reader."""
_BEAT = 1.0
_PATIENCE = 1.0
"""Seconds that a connection may take to answer before it counts as dead."""
_CONNECT_TIMEOUT = 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[Any]"]]


def pack(origin: str, topics: Iterable[str]) -> Iterator[str]:
    """Packs topics into messages: a line with the sender, then one line for each topic. Each is short enough to send;
    there is at least one."""
    lines, size = [origin], len(origin)
    longest = LONGEST - len(origin) - 1
    for topic in topics:
        line = topic if len(topic.encode()) <= longest else RESYNC
        cost = 1 + len(line.encode())
        if size + cost > LONGEST:
            yield "\n".join(lines)
            lines, size = [origin], len(origin)
        lines.append(line)
        size += cost
    yield "\n".join(lines)


class Mailbox:
    """Messages for one reader. If there are too many, one RESYNC replaces them, so memory is bounded."""

    def __init__(self) -> None:
        self._messages: deque[str] = deque()
        self._some = asyncio.Event()

    def put(self, message: str) -> None:
        if len(self._messages) >= ROOM:
            self._messages.clear()
            message = RESYNC
        self._messages.append(message)
        self._some.set()

    async def take(self) -> str:
        while not self._messages:
            self._some.clear()
            await self._some.wait()
        return self._messages.popleft()


class _Notifier(BroadcastBackend):
    """One channel, received from `connect` on. `subscribe` must not suspend, or else `Broadcast` would lose one of two
    concurrent first subscribers."""

    def __init__(self) -> None:
        self._mailbox = Mailbox()

    async def subscribe(self, group: str) -> None:
        if group != CHANNEL:
            raise ValueError(f"notifications have one channel, {CHANNEL}, not {group!r}")

    async def unsubscribe(self, group: str) -> None:
        """Does nothing: the channel is received until `disconnect`."""

    async def next_published(self) -> Event:
        return Event(CHANNEL, await self._mailbox.take())


class MemoryNotifier(_Notifier):
    """Notifications within a single process."""

    async def connect(self) -> None:
        """Does nothing."""

    async def disconnect(self) -> None:
        """Does nothing, as `connect`."""

    async def publish(self, channel: str, message: Any) -> None:
        self._mailbox.put(message)


class PostgresNotifier(_Notifier):
    """Notifications over LISTEN and NOTIFY, on two separate connections. While the database is unreachable,
    notifications are lost without an error."""

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect
        self._sender = _Sender(connect)

    async def connect(self) -> None:
        """Starts to listen; raises the error of the first connection attempt."""
        self._listener = _Listener(self._connect, self._mailbox)
        await self._listener.__aenter__()

    async def disconnect(self) -> None:
        await self._listener.__aexit__(None, None, None)
        await self._sender.close()

    async def publish(self, channel: str, message: Any) -> None:
        await self._sender.send(message)


class _Listener(Loop):
    """Holds the connection for LISTEN, and opens another one when it breaks or stops answering."""

    def __init__(self, connect: Connect, mailbox: Mailbox) -> None:
        super().__init__()
        self._connect = connect
        self._mailbox = mailbox

    async def __aenter__(self) -> "_Listener":
        self._connection, self._lost = await self._listen()
        return await super().__aenter__()

    async def __aexit__(self, *exception: Any) -> None:
        try:
            await super().__aexit__(*exception)
        finally:
            self._connection.terminate()

    async def _run_loop(self) -> None:
        while True:
            await self._hold()
            self._connection.terminate()
            logger.warning("the connection for LISTEN was lost, reconnecting")
            self._connection, self._lost = await self._listen_again()
            logger.info("the connection for LISTEN is open again")
            self._mailbox.put(RESYNC)

    async def _hold(self) -> None:
        """Returns when the connection is lost; one that stops answering is noticed within _BEAT + _PATIENCE seconds."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await self._lost.wait()
                    return
            try:
                await self._connection.execute("select 1", timeout=_PATIENCE)
            except Exception as error:
                # asyncpg may raise anything, also internal errors: another connection is opened in any case.
                logger.debug("the connection for LISTEN does not answer: %r", error)
                return

    async def _listen_again(self) -> tuple["asyncpg.Connection[Any]", asyncio.Event]:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(random.uniform(0, pause))
            try:
                return await self._listen()
            except Exception as error:
                logger.debug("cannot listen yet: %r", error)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen(self) -> tuple["asyncpg.Connection[Any]", asyncio.Event]:
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            connection = await self._connect()
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            try:
                await connection.add_listener(CHANNEL, self._receive)
            except BaseException:
                connection.terminate()
                raise
        return connection, lost

    def _receive(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        self._mailbox.put(str(payload))


class _Sender:
    """Sends one message at a time, on a connection that is opened when needed. Messages that cannot be sent are
    dropped."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection[Any] | None = None
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def send(self, message: str) -> None:
        if len(message.encode()) > LONGEST:
            raise ValueError(f"a notification has at most {LONGEST} bytes")
        async with self._turn:
            # A connection from before may be dead: then it tries once more, on a new one.
            while asyncio.get_running_loop().time() >= self._not_before:
                kept = self._connection is not None
                if await self._try_to_send(message):
                    return
                if not kept:
                    self._not_before = asyncio.get_running_loop().time() + random.uniform(0.2, 1)

    async def _try_to_send(self, message: str) -> bool:
        try:
            if self._connection is None:
                async with asyncio.timeout(_CONNECT_TIMEOUT):
                    self._connection = await self._connect()
            await self._connection.execute(
                "select pg_notify($1, $2)", CHANNEL, message, timeout=_PATIENCE
            )
        except Exception as error:
            # On a connection that is being closed, asyncpg may also raise InternalClientError.
            logger.debug("a notification was not sent: %r", error)
            self._forget()
            return False
        return True

    async def close(self) -> None:
        async with self._turn:
            self._forget()

    def _forget(self) -> None:
        if self._connection:
            self._connection.terminate()
        self._connection = None
