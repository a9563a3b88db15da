"""Uvicorn's protocols with deadlines for the head and body of a request, and with registered connections."""

import asyncio
import sys
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.http.addresses import network_of
from server.http.connections import ConnectionLimits, Connections, Phase

CUT_OFF: Final = "headway.cut_off"
"""The key in a scope for the function that aborts its connection, so that the client sees an incomplete response."""
_MOST_OF_HEAD: Final = 64 * 1024
"""Maximum bytes of a request's head, which is kept in memory before anybody has signed in."""
_PARSED_AT_ONCE: Final = 4096
_TLS: Final = b"\x16\x03"
"""The first bytes of a TLS handshake."""
_SHOWN: Final = 200
_LOGGED_IN: Final = '{"type":"connection_ack"'
_UNKNOWN: Final = ""
"""The address of a connection that was lost before its address was read."""


def protocols(connections: Connections) -> dict[str, Any]:
    """Returns the arguments of `uvicorn.Config` for both protocols."""
    return {
        "http": partial(HttpConnection, connections),
        "ws": partial(SocketConnection, connections),
    }


class HttpConnection(HttpToolsProtocol):
    """A connection until it is upgraded to a WebSocket."""

    def __init__(self, register: Connections, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._register = register
        self._limits: ConnectionLimits = register.limits
        self.address = _UNKNOWN
        self._waiting_since: float | None = None
        self._received_any = self._speaks_tls = False
        self._head: int | None = None
        """Bytes of an incomplete head, or of what follows the last chunk of a body."""
        self._refused = False
        """A refusal was sent, and the rest of the input is discarded."""
        self._body: _Body | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = network_of(self.client[0]) if self.client else _UNKNOWN
        self._waiting_since = self.loop.time()
        if not self._register.enter(self):
            self._refuse(
                503,
                "TOO_MANY_CONNECTIONS",
                "the server has no connection left, or none for your address; try again later, or raise "
                "max_connections and max_connections_per_address",
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._register.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._refused:
            return
        self._speaks_tls = self._speaks_tls or (not self._received_any and data.startswith(_TLS))
        self._received_any = True
        if self._waiting_since is None and self._body is None and self._is_idle():
            self._waiting_since = self.loop.time()
            self._register.move(self, Phase.BEGINNING)
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Feeds the parser small pieces while a head or trailers may come, and measures them after each."""
        while data and not self.transport.is_closing() and not self._refused:
            piece = data[:_PARSED_AT_ONCE] if self._body is None or self._head is not None else data
            data = data[len(piece) :]
            if self._head is not None:
                self._head += len(piece)
            super().data_received(piece)
            if self.transport.get_protocol() is not self:
                return  # the connection was upgraded to a WebSocket
            if self._head is not None and self._head > _MOST_OF_HEAD:
                self._refuse_head()

    def _refuse_head(self) -> None:
        self._refuse_and_drain(
            431,
            "HEADERS_TOO_LARGE",
            f"the head of a request, and its trailers, may have {_MOST_OF_HEAD} bytes; "
            "shorten its address, headers or cookies",
        )

    def _refuse_and_drain(self, status: int, code: str, sentence: str) -> None:
        """Responds, and leaves closing the connection to the client, within `header_timeout`.

        Closing a connection with unread data resets it, and the client may then lose the response.
        """
        if self._refused:
            return
        self._answer(status, code, sentence)
        if self._waiting_since is None:
            self._waiting_since = self.loop.time()
        self._body = None
        self._refused = True
        self._register.move(self, Phase.BEGINNING)
        self.transport.write_eof()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()
        self.scope[CUT_OFF] = self._cut_off  # type: ignore[typeddict-unknown-key]

    def _cut_off(self) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Discards trailers: an app that has begun to read the headers must not see others."""
        if self._body is None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        head = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if head > _MOST_OF_HEAD:
            self._refuse_head()
            return
        super().on_headers_complete()
        self._head = None
        self._waiting_since = None
        self._body = _Body(self.loop.time(), self._limits)
        self._register.move(self, Phase.IN_USE)

    def on_chunk_header(self) -> None:
        """Begins to measure: trailers follow unless this chunk has bytes."""
        self._head = 0

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        self._head = None
        if self._body is not None:
            self._body.received(len(body), self.loop.time())
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body = self._head = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle():
            # A client that still sends a body nobody reads counts as waiting.
            self._register.move(self, Phase.IDLE if self._body is None else Phase.BEGINNING)

    def handle_websocket_upgrade(self) -> None:
        if self._refused:
            return
        self._body = self._waiting_since = None
        self._register.leave(self)
        super().handle_websocket_upgrade()

    def overdue(self, now: float) -> bool:
        if self._body is not None:
            return self._body.overdue(now, paused=self.flow.read_paused)
        since = self._waiting_since
        return since is not None and now - since > self._limits.header_timeout

    def end_overdue(self) -> None:
        if not self._received_any or self._refused:
            # An unused connection: a browser would take a response for that to its next request.
            self.transport.close()
            return
        if self._body is None:
            seconds = self._limits.header_timeout
            sentence = (
                f"the head of the request did not arrive within {seconds:g} s (header_timeout)"
            )
        else:
            seconds = self._limits.body_timeout
            sentence = (
                f"the body of the request arrived too slowly: it may pause for {seconds:g} s (body_timeout), "
                f"and must have at least {self._limits.slowest} bytes a second"
            )
        self._refuse_and_drain(408, "REQUEST_TIMEOUT", sentence)

    def make_room(self) -> None:
        if self._waiting_since is None or not self._received_any or self._refused:
            self.transport.close()
            return
        self._refuse(
            503,
            "TOO_MANY_CONNECTIONS",
            "the server needed this connection for others; try again, and send the request at once",
        )

    def _is_idle(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline

    def send_400_response(self, msg: str) -> None:
        """Explains the error of the parser, whose exception is being handled."""
        sentence = f"this is not a valid HTTP/1.1 request: {str(sys.exc_info()[1])[:_SHOWN]}"
        if self._speaks_tls:
            sentence = "this port uses http, not https: use http://, or a proxy that handles TLS for this server"
        self._refuse_and_drain(400, "BAD_REQUEST", sentence)

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        self._answer(status, code, sentence)
        self.transport.close()

    def _answer(self, status: int, code: str, sentence: str) -> None:
        """Sends the error if no response has begun. The app of a running request sees a disconnect."""
        may_answer = self._may_answer()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if may_answer and not self.transport.is_closing():
            self.transport.write(
                _response(self.server_state.default_headers, status, code, sentence)
            )

    def _may_answer(self) -> bool:
        """Whether no response has begun to the current request, and none is pending for an earlier one."""
        if self.cycle is None:
            return True
        if self.cycle.response_complete:
            return self._body is None
        return not (self.cycle.response_started or self.pipeline)


class _Body:
    """The progress of a request's body."""

    __slots__ = ("_last", "_left", "_limits")

    def __init__(self, now: float, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._last = now
        self._left = now + limits.body_timeout

    def received(self, size: int, now: float) -> None:
        self._last = now
        self._left += size / self._limits.slowest

    def overdue(self, now: float, *, paused: bool) -> bool:
        """Does not count time while reading is paused: the app has not read what was received."""
        if paused:
            self._left += max(now - self._last, 0)
            self._last = now
        return now > self._left or now - self._last > self._limits.body_timeout


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket. Until its login, which has a deadline of its own, it may be closed to make room."""

    def __init__(self, register: Connections, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._register = register
        self.address = _UNKNOWN
        self._logged_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.address = network_of(self.client[0]) if self.client else _UNKNOWN
        if not self._register.enter(self):
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._register.leave(self)
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        if not self._logged_in and (message.get("text") or "").startswith(_LOGGED_IN):
            self._logged_in = True
            self._register.move(self, Phase.IN_USE)
        await super().send(message)

    def send_receive_event_to_app(self) -> None:
        """Closes with 1007 for text that is not UTF-8, like uvicorn, but without logging a traceback each time: anybody
        can send such text."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007, "Text must be UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def overdue(self, now: float) -> bool:
        return False

    def end_overdue(self) -> None:
        self.make_room()

    def make_room(self) -> None:
        self.transport.close()


def _response(headers: list[tuple[bytes, bytes]], status: int, code: str, sentence: str) -> bytes:
    body = orjson.dumps({"errors": [{"message": sentence, "extensions": {"code": code}}]})
    again = [(b"retry-after", b"2")] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
    all_headers = [
        *headers,
        *again,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in all_headers)
    return STATUS_LINE[status] + lines + b"\r\n" + body
