"""The protocol `graphql-transport-ws` on a WebSocket, with one reader and one writer, and bounded memory."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from models.access.viewer import Viewer
from models.errors import Unavailable
from models.states import Channel
from server.auth.auth import Door, channel_of, client_network, visitor_of
from server.auth.presence import EXPIRED
from server.graphql.answers import encoded
from server.graphql.fanout import Fanout
from server.graphql.messages import Closing, Message, read_message, text_of
from server.graphql.operations import Operations, Prepared
from server.graphql.requests import SMALL, Rejected, Request, Unread
from server.graphql.running import Running, SocketLimits
from server.graphql.stream import Ended
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.rates import TooMany

SUBPROTOCOL = "graphql-transport-ws"
_TURN = 64
"""Messages that one operation may send before another of the same WebSocket has its turn."""
_MAX_REFUSALS = 100
"""Consecutive refusals for too many requests, after which a WebSocket is closed."""
_ACK = '{"type":"connection_ack"}'
_PONG = '{"type":"pong"}'


class Sockets:
    """The ASGI app of the WebSocket route."""

    def __init__(
        self,
        operations: Operations,
        fanout: Fanout,
        door: Door,
        connected: ConcurrencyLimit,
        limits: SocketLimits | None = None,
    ) -> None:
        self.operations, self.fanout, self.door = operations, fanout, door
        self.connected = connected
        self.limits = limits or SocketLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not self.door.origin_allowed(scope):
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden origin"})
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send(
                {"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"}
            )
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        await Conversation(self, scope, receive, send).run()


class Conversation:
    __slots__ = (
        "_closing",
        "_flushed",
        "_main",
        "_outbox",
        "_present",
        "_ready",
        "_receive",
        "_refused",
        "_running",
        "_scope",
        "_send",
        "_sending_since",
        "_sockets",
        "_tasks",
        "_timers",
        "_viewer",
        "_waiter",
    )  # fmt: skip

    def __init__(self, sockets: Sockets, scope: Scope, receive: Receive, send: Send) -> None:
        self._sockets, self._scope, self._receive, self._send = sockets, scope, receive, send
        self._viewer: Viewer | None = None
        self._present: object = None
        self._running: dict[str, Running] = {}
        self._refused = 0
        self._outbox: deque[str] | None = None
        self._ready: list[Running] = []
        self._waiter: asyncio.Future[None] | None = None
        self._flushed: asyncio.Future[None] | None = None
        self._sending_since: float | None = None
        self._closing: Closing | None = None
        self._timers: list[asyncio.TimerHandle] = []

    async def run(self) -> None:
        main = asyncio.current_task()
        assert main is not None
        self._main = main
        self._after(self._sockets.limits.init, self._not_initialised)
        self._after(self._sockets.limits.send / 4, self._watch_sending)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await self._converse()
        except asyncio.CancelledError:
            if self._closing is None or main.uncancel():
                raise
        finally:
            for timer in self._timers:
                timer.cancel()
            if self._viewer is not None:
                self._sockets.connected.leave(self._viewer.actor)
                self._sockets.door.presence.leave(self._present)
        if self._closing is not None:
            await self._close(self._closing)

    async def _converse(self) -> None:
        writer = self._tasks.create_task(self._write())
        try:
            await self._read()
        except Closing as closing:
            self._closing = closing
        finally:
            writer.cancel()
            for running in list(self._running.values()):
                self._drop(running)

    async def _close(self, closing: Closing) -> None:
        try:
            # A client that does not read gets no close frame either.
            async with asyncio.timeout(1):
                await self._send(
                    {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                )
        except (TimeoutError, OSError):
            return

    # Ends the conversation from outside the reader.

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, then))

    def _interrupt(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = Closing(code, reason)
            self._main.cancel()

    def _not_initialised(self) -> None:
        if self._viewer is None:
            self._interrupt(4408, "Connection initialisation timeout")

    def _watch_sending(self) -> None:
        limit = self._sockets.limits.send
        loop = asyncio.get_running_loop()
        if self._sending_since is not None and loop.time() - self._sending_since > limit:
            self._interrupt(4408, "The client does not read")
            return
        self._timers[1] = loop.call_later(limit / 4, self._watch_sending)

    # Reading.

    async def _read(self) -> None:
        while await self._handle_next():
            while self._outbox is not None and len(self._outbox) > self._sockets.limits.waiting:
                self._flushed = asyncio.get_running_loop().create_future()
                await self._flushed

    async def _handle_next(self) -> bool:
        """Returns False at the end. A separate frame, so that an idle WebSocket keeps nothing of its last message."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return False
        message = await self._read_message(text_of(event, self._sockets.limits.message))
        await _HANDLERS[message.type](self, message)
        return True

    async def _read_message(self, text: str) -> Message:
        if len(text) <= SMALL:
            return read_message(text)
        if self._viewer is None:
            raise Closing(4400, f"Before its login a client may send at most {SMALL} bytes at once")
        try:
            return await self._sockets.operations.in_thread(
                partial(read_message, text), self._viewer
            )
        except Rejected as refusal:
            code = 4429 if refusal.status == 429 else 1013
            raise Closing(code, str(refusal)) from None

    async def _on_init(self, message: Message) -> None:
        if self._viewer is not None:
            raise Closing(4429, "Too many initialisation requests")
        try:
            viewer = await self._admitted(message.payload or {})
        except Unavailable:
            raise Closing(1013, "Try again later") from None
        except TooMany as slowed:
            raise Closing(4429, str(slowed)) from None
        if viewer is None:
            raise Closing(4401, "Unauthorized")
        try:
            self._sockets.connected.enter(viewer.actor)
        except TooMany:
            raise Closing(4429, "Too many sockets and event streams of one user") from None
        self._viewer = viewer
        self._present = self._sockets.door.presence.enter(viewer, partial(self._interrupt, 4403))
        self._timers[0].cancel()
        if viewer.expires_at is not None:
            left = (viewer.expires_at - datetime.now(UTC)).total_seconds()
            self._after(max(left, 0), lambda: self._interrupt(4403, EXPIRED))
        self._say(_ACK)

    async def _admitted(self, payload: Mapping[str, Any]) -> Viewer | None:
        channel = channel_of(payload.get("channel"))
        given = payload.get("token") or payload.get("Authorization") or payload.get("authorization")
        if given is None:
            visitor = visitor_of(self._scope)
            if visitor is None:
                return None
            # The session may have ended since the handshake.
            viewer = await self._sockets.door.again(visitor.viewer)
            return viewer and (viewer if channel is Channel.API else viewer.through(channel))
        if not isinstance(given, str):
            return None
        token, address = given.removeprefix("Bearer "), client_network(self._scope)
        return await self._sockets.door.by_token(token, channel, address)

    async def _on_ping(self, message: Message) -> None:
        if message.payload is None:
            self._say(_PONG)
        else:
            self._say(encoded({"type": "pong", "payload": message.payload}).decode())

    async def _on_pong(self, message: Message) -> None:
        """Ignored: uvicorn's own pings monitor the connection."""

    async def _on_complete(self, message: Message) -> None:
        running = self._running.get(message.id)
        if running is not None:
            self._drop(running)

    async def _on_subscribe(self, message: Message) -> None:
        if self._viewer is None:
            raise Closing(4401, "Unauthorized")
        if message.id in self._running:
            raise Closing(4409, f"Subscriber for {message.id} already exists")
        running = Running(message.id)
        try:
            prepared = await self._prepared(message, self._viewer)
        except Rejected as refusal:
            self._refuse(running, refusal)
            return
        self._refused = 0
        self._running[message.id] = running
        if prepared.kind is OperationType.SUBSCRIPTION:
            running.subscription = self._sockets.fanout.join(
                prepared, self._viewer, lambda: self._make_ready(running)
            )
            self._make_ready(running)
        else:
            task = self._tasks.create_task(self._answer(running, prepared, self._viewer))
            running.task = task if prepared.kind is OperationType.QUERY else None

    async def _prepared(self, message: Message, viewer: Viewer) -> Prepared:
        """Raises Rejected; raises Closing for a malformed request."""
        if len(self._running) >= self._sockets.limits.operations:
            limit = self._sockets.limits.operations
            raise Rejected.because(
                "TOO_MANY_OPERATIONS", f"more than {limit} operations on one socket"
            )
        operations = self._sockets.operations
        await operations.count(viewer)
        try:
            reading = partial(Request.of, message.payload, message.size)
            request = await operations.read(Unread(message.size, reading), viewer)
        except Rejected as refusal:
            if refusal.malformed:
                raise Closing(4400, str(refusal)) from None
            raise
        return await operations.admit_open(request, viewer)

    def _refuse(self, running: Running, refusal: Rejected) -> None:
        """Refuses an operation; closes the WebSocket of a client that ignores rate limits."""
        if refusal.status == 429:
            self._refused += 1
            if self._refused > _MAX_REFUSALS:
                raise Closing(4429, f"Too many requests; try again in {refusal.retry_after} s")
        self._error(running, refusal.errors)

    async def _answer(self, running: Running, prepared: Prepared, viewer: Viewer) -> None:
        answer = await self._sockets.operations.execute(prepared, viewer)
        self._running.pop(running.id, None)
        if running.muted:
            return
        if answer.reached:
            self._say(f"{running.prefix}{answer.body.decode()}}}")
            self._say(encoded({"id": running.id, "type": "complete"}).decode())
        else:
            self._error(running, list(answer.errors))

    def _drop(self, running: Running) -> None:
        if running.subscription is None and running.task is None:
            running.muted = True
            return
        self._running.pop(running.id, None)
        if running.subscription is not None:
            running.subscription.leave()
            assert self._viewer is not None
            self._sockets.operations.live.leave(self._viewer.actor)
        if running.task is not None:
            running.task.cancel()

    # Writing.

    def _error(self, running: Running, errors: list[dict[str, Any]]) -> None:
        self._say(encoded({"id": running.id, "type": "error", "payload": errors}).decode())

    def _say(self, text: str) -> None:
        if self._outbox is None:
            self._outbox = deque()
        self._outbox.append(text)
        self._poke()

    def _make_ready(self, running: Running) -> None:
        if not running.queued:
            running.queued = True
            self._ready.append(running)
            self._poke()

    def _poke(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                if self._outbox:
                    await self._flush(self._outbox)
                if self._ready:
                    ready, self._ready = self._ready, []
                    for running in ready:
                        running.queued = False
                        await self._deliver(running)
                elif not self._outbox:
                    self._waiter = loop.create_future()
                    await self._waiter
        except (OSError, RuntimeError):
            # The connection is lost, which uvicorn reports by either exception. The reader is notified, too.
            return

    async def _flush(self, outbox: deque[str]) -> None:
        while outbox:
            await self._send_text(outbox.popleft())
        self._outbox = None
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)

    async def _deliver(self, running: Running) -> None:
        subscription = running.subscription
        for _ in range(_TURN):
            if subscription is None or self._running.get(running.id) is not running:
                return
            found = subscription.take()
            if found is None:
                return
            if isinstance(found, Ended):
                self._end(running, found)
                return
            await self._send_text(f"{running.prefix}{found.text}}}")
        self._make_ready(running)

    def _end(self, running: Running, ended: Ended) -> None:
        self._drop(running)
        if ended.errors:
            self._error(running, list(ended.errors))
        else:
            self._say(encoded({"id": running.id, "type": "complete"}).decode())

    async def _send_text(self, text: str) -> None:
        self._sending_since = asyncio.get_running_loop().time()
        await self._send({"type": "websocket.send", "text": text})
        self._sending_since = None


_HANDLERS: Mapping[str, Callable[[Conversation, Message], Awaitable[None]]] = {
    "connection_init": Conversation._on_init,
    "ping": Conversation._on_ping,
    "pong": Conversation._on_pong,
    "subscribe": Conversation._on_subscribe,
    "complete": Conversation._on_complete,
}
