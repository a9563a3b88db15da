"""Server-sent events on /graphql/stream: graphql-sse's distinct connections mode, also usable with `curl -N`."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.types import Receive, Scope, Send

from models.access.viewer import Viewer
from server.auth.auth import Door, visitor_of
from server.auth.guard import unauthorized
from server.graphql.answers import encoded
from server.graphql.body import EVENTS, JSON, accepted, read_request
from server.graphql.fanout import Fanout
from server.graphql.http import rejection
from server.graphql.operations import Operations, Prepared
from server.graphql.requests import Rejected
from server.graphql.stream import Ended
from server.http.concurrency_limit import ConcurrencyLimit

_HEARTBEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


def _next(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"


def _ended(message: str) -> bytes:
    errors = [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]
    return _next(encoded({"errors": errors})) + _COMPLETE


_EXPIRED = "the token has expired"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Times in seconds: between heartbeats, and until a client that does not read is disconnected."""

    heartbeat: float = 12.0
    send: float = 30.0


class EventStreams:
    """The ASGI app of the route."""

    def __init__(
        self,
        operations: Operations,
        fanout: Fanout,
        door: Door,
        connected: ConcurrencyLimit,
        limits: StreamLimits,
        max_body: int,
    ) -> None:
        self._operations, self._fanout, self._door = operations, fanout, door
        self._connected, self._limits = connected, limits
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        visitor = visitor_of(scope)
        if visitor is None:
            await unauthorized(scope)(scope, receive, send)
            return
        with self._connected.one(visitor.viewer.actor):
            await self._answer(http, visitor.viewer, send)

    async def _answer(self, http: HttpRequest, viewer: Viewer, send: Send) -> None:
        scope, receive = http.scope, http.receive
        try:
            prepared = await self._prepared(http, viewer)
        except Rejected as refusal:
            # Not 200: an SSE client takes that for the start of its stream.
            await rejection(refusal.strict(), JSON)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        try:
            await self._stream(http, prepared, viewer, send)
        finally:
            if prepared.kind is OperationType.SUBSCRIPTION:
                self._operations.live.leave(viewer.actor)

    async def _stream(
        self, http: HttpRequest, prepared: Prepared, viewer: Viewer, send: Send
    ) -> None:
        # The request may have taken long to arrive, and its token may have been revoked since.
        now = await self._door.again(viewer)
        if now is None:
            await unauthorized(http.scope)(http.scope, http.receive, send)
            return
        connection = Connection(http.receive, send, self._limits)
        with self._door.presence.of(now, connection.end):
            await connection.run(self._operations, self._fanout, prepared, now)

    async def _prepared(self, http: HttpRequest, viewer: Viewer) -> Prepared:
        if http.method not in ("GET", "POST"):
            raise Rejected.because("METHOD_NOT_ALLOWED", "only GET and POST", status=405)
        if accepted(http.headers, (EVENTS,), otherwise=EVENTS) is None:
            raise Rejected.because("NOT_ACCEPTABLE", f"the response is {EVENTS}", status=406)
        await self._operations.count(viewer)
        request = await self._operations.read(await read_request(http, self._max_body), viewer)
        prepared = await self._operations.admit_open(request, viewer)
        if http.method == "GET" and prepared.kind is OperationType.MUTATION:
            raise Rejected.because("METHOD_NOT_ALLOWED", "mutations need POST", status=405)
        return prepared


class Connection:
    """One stream to one client, until it ends or the client disconnects."""

    def __init__(self, receive: Receive, send: Send, limits: StreamLimits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._wake = asyncio.Event()
        self._gone = False
        self._over: str | None = None

    def end(self, reason: str) -> None:
        """Ends the stream with an error that gives the reason."""
        self._over = reason
        self._wake.set()

    async def run(
        self, operations: Operations, fanout: Fanout, prepared: Prepared, viewer: Viewer
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._until_gone())
            try:
                await self._start()
                if prepared.kind is OperationType.SUBSCRIPTION:
                    await self._subscription(fanout, prepared, viewer)
                else:
                    answer = await operations.execute(prepared, viewer)
                    await self._write(_next(answer.body) + _COMPLETE)
                await self._write(b"", more=False)
            except (OSError, TimeoutError):
                return
            finally:
                watch.cancel()

    async def _start(self) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(_HEARTBEAT)

    async def _subscription(self, fanout: Fanout, prepared: Prepared, viewer: Viewer) -> None:
        subscription = fanout.join(prepared, viewer, self._wake.set)
        try:
            while not self._gone:
                self._wake.clear()
                while not self._is_over(viewer) and (found := subscription.take()) is not None:
                    if isinstance(found, Ended):
                        errors = _next(encoded({"errors": found.errors})) if found.errors else b""
                        await self._write(errors + _COMPLETE)
                        return
                    await self._write(_next(found.text.encode()))
                if self._over is not None:
                    await self._write(_ended(self._over))
                    return
                await self._next_wake(viewer)
        finally:
            subscription.leave()

    def _is_over(self, viewer: Viewer) -> bool:
        if viewer.expires_at is not None and viewer.expires_at <= datetime.now(UTC):
            self._over = _EXPIRED
        return self._over is not None

    async def _next_wake(self, viewer: Viewer) -> None:
        patience = self._limits.heartbeat
        if viewer.expires_at is not None:
            left = (viewer.expires_at - datetime.now(UTC)).total_seconds()
            patience = min(patience, max(left, 0))
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            await self._write(_HEARTBEAT)

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._limits.send):
            await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._gone = True
        self._wake.set()
