"""Deadlines of requests, and limits of connections, on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from server.http.connections import (
    RESERVED,
    RESERVED_FOR_TASK,
    RESERVED_FOR_UPLOAD,
    ConnectionLimits,
    Connections,
)
from server.http.forwarded import Proxies
from server.http.listener import Listener, listen

QUICK = ConnectionLimits(header_timeout=0.5, body_timeout=1.0, slowest=1024)
HEAD = b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n"
GET = b"GET /body HTTP/1.1\r\nhost: a\r\n\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
WITHIN = 15.0


class Answering:
    """An app that returns the size of the body, and records disconnects and the names of headers."""

    def __init__(self) -> None:
        self.disconnected = asyncio.Event()
        self.holding = asyncio.Semaphore(0)
        self.hold = asyncio.Event()
        self.named: set[bytes] = set()

    async def body(self, request: Request) -> Response:
        try:
            size = len(await request.body())
            self.named.update(name for name, _ in request.headers.raw)
        except ClientDisconnect:
            self.disconnected.set()
            raise
        return JSONResponse({"size": size})

    async def held(self, _: Request) -> Response:
        self.holding.release()
        await self.hold.wait()
        return JSONResponse({})

    async def unread(self, _: Request) -> Response:
        return JSONResponse({}, 401)

    async def client(self, request: Request) -> Response:
        return JSONResponse([request.client.host if request.client else None, request.url.scheme])

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept(
            headers=[(b"x-client", socket.client.host.encode())] if socket.client else []
        )
        await socket.receive()
        await socket.send_text('{"type":"connection_ack"}')
        await socket.receive()

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/body", self.body, methods=["GET", "POST"]),
                Route("/held", self.held),
                Route("/client", self.client),
                Route("/unread", self.unread, methods=["POST"]),
                WebSocketRoute("/socket", self.socket),
            ]
        )


class Visitor:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def rest(self) -> bytes:
        """Returns all bytes until the server closes."""
        async with asyncio.timeout(WITHIN):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def answer(self) -> tuple[int, Any]:
        async with asyncio.timeout(WITHIN):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return int(head.split()[1]), orjson.loads(await self.reader.readexactly(length))

    async def trickle(self, piece: bytes, pause: float, times: int | None = None) -> None:
        """Sends the piece again and again until the server responds or closes, or so many times."""
        for _ in range(times or int(WITHIN / pause)):
            self.writer.write(piece)
            try:
                async with asyncio.timeout(pause):
                    await self.reader._wait_for_data("trickle")  # type: ignore[attr-defined]
            except TimeoutError:
                continue
            return
        assert times, "the server waits forever"


@dataclass
class House:
    answering: Answering
    connections: Connections
    port: int
    visitors: list[Visitor] = field(default_factory=list)

    async def visit(self, said: bytes = b"", source: str = "127.0.0.1") -> Visitor:
        opened = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self.visitors.append(visitor := Visitor(*opened))
        visitor.writer.write(said)
        return visitor

    async def until_open(self, count: int) -> None:
        async with asyncio.timeout(WITHIN):
            while len(self.connections) != count:
                await asyncio.sleep(0)


@asynccontextmanager
async def served(limits: ConnectionLimits, app: Any = None) -> AsyncIterator[House]:
    answering = Answering()
    with listen("127.0.0.1", 0) as listening:
        async with Connections(limits) as connections:
            listener = Listener(app or answering.app, connections)
            serving = asyncio.create_task(listener.serve([listening]))
            await asyncio.wait_for(listener.is_up.wait(), WITHIN)
            house = House(answering, connections, listening.getsockname()[1])
            try:
                yield house
            finally:
                answering.hold.set()
                for visitor in house.visitors:
                    visitor.writer.close()
                listener.should_exit = True
                # Also after a failure: the loop cannot be closed while a server listens.
                await serving


@pytest.mark.parametrize(
    "said",
    [b"", b"G", GET[:-2], HEAD[:-2], GET + b"GET /bo", UPGRADE[:-2]],
    ids=["nothing", "a letter", "no end", "no end of a POST", "the next request", "an upgrade"],
)
async def test_a_head_that_does_not_come_ends_the_connection(said: bytes) -> None:
    async with served(QUICK) as house:
        visitor = await house.visit(said)
        answer = await visitor.rest()
        if not said:
            assert answer == b""
        elif not said.startswith(GET):
            assert b" 408 " in answer.split(b"\r\n")[0] and b"header_timeout" in answer
        await house.until_open(0)


async def test_letters_one_by_one_do_not_put_the_deadline_off() -> None:
    async with served(QUICK) as house:
        visitor = await house.visit(b"GET /body HTTP/1.1\r\nx: ")
        await visitor.trickle(b"x", 0.05)
        assert (await visitor.answer())[0] == 408
        again = await house.visit(GET)
        assert await again.answer() == (200, {"size": 0})
        await again.trickle(b"\r\n", 0.05)
        assert b"408" in (await again.rest()).split(b"\r\n")[0]


async def test_a_body_that_stops_or_is_too_slow_ends_the_request_with_a_sentence() -> None:
    async with served(QUICK) as house:
        for piece in (b"", b"x"):
            house.answering.disconnected.clear()
            visitor = await house.visit(HEAD)
            await visitor.trickle(piece, 0.05)
            status, body = await visitor.answer()
            (error,) = body["errors"]
            assert (status, error["extensions"]["code"]) == (408, "REQUEST_TIMEOUT")
            assert "body_timeout" in error["message"] and "1024 bytes a second" in error["message"]
            assert await visitor.rest() == b""
            await asyncio.wait_for(house.answering.disconnected.wait(), WITHIN)


async def test_an_unread_body_has_the_same_deadline() -> None:
    async with served(QUICK) as house:
        visitor = await house.visit(HEAD.replace(b"/body", b"/unread"))
        assert (await visitor.answer())[0] == 401
        await visitor.trickle(b"x", 0.05)
        assert await visitor.rest() == b""
        await house.until_open(0)


async def test_a_large_body_may_take_longer_than_a_small_one() -> None:
    """Takes twice the time that a body may pause, at many times the slowest rate."""
    async with served(QUICK) as house:
        visitor = await house.visit(HEAD)
        await visitor.trickle(b"x" * 5_000, 0.15, times=20)
        assert await visitor.answer() == (200, {"size": 100_000})


async def test_a_request_that_the_app_takes_long_over_is_left_alone() -> None:
    async with served(QUICK) as house:
        held = await house.visit(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n")
        slow = await house.visit(b"G")
        assert b"408" in await slow.rest(), "the deadlines of both have passed"
        house.answering.hold.set()
        assert (await held.answer())[0] == 200


@pytest.mark.parametrize("limit", ["most", "most_of_address"])
async def test_the_oldest_that_waits_makes_room(limit: str) -> None:
    limits = ConnectionLimits(**{limit: 3})  # type: ignore[arg-type]
    async with served(limits) as house:
        waiting = [await house.visit(b"G") for _ in range(3)]
        await house.until_open(3)
        visitor = await house.visit(GET)
        assert (await visitor.answer())[0] == 200
        assert b" 503 " in await waiting[0].rest()
        assert len(house.connections) == 3
        waiting[1].writer.write(GET[1:])
        assert (await waiting[1].answer())[0] == 200, "the others were left alone"


@pytest.mark.parametrize("limit", ["most", "most_of_address"])
@pytest.mark.parametrize("kind", ["request", "socket"])
async def test_connections_beyond_the_limit_are_refused(limit: str, kind: str) -> None:
    limits = ConnectionLimits(**{limit: 2})  # type: ignore[arg-type]
    async with served(limits) as house:
        said = b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n" if kind == "request" else UPGRADE
        used = [await house.visit(said) for _ in range(2)]
        for one in used:
            async with asyncio.timeout(WITHIN):
                if kind == "request":
                    await house.answering.holding.acquire()
                else:
                    one.writer.write(b"\x81\x80\0\0\0\0")
                    await one.reader.readuntil(b"connection_ack")
        refused = await house.visit(GET)
        status, body = await refused.answer()
        assert (status, body["errors"][0]["extensions"]["code"]) == (503, "TOO_MANY_CONNECTIONS")
        elsewhere = await house.visit(GET, source="127.0.0.2")
        assert (await elsewhere.answer())[0] == (503 if limit == "most" else 200)
        if kind == "request":
            house.answering.hold.set()
            assert [(await one.answer())[0] for one in used] == [200, 200]
        for one in (*used, elsewhere):
            one.writer.close()
        await house.until_open(0)
        assert (await (await house.visit(GET)).answer())[0] == 200


async def test_a_socket_that_is_not_logged_in_makes_room() -> None:
    async with served(ConnectionLimits(most=1)) as house:
        visitor = await house.visit(UPGRADE)
        async with asyncio.timeout(WITHIN):
            await visitor.reader.readuntil(b"\r\n\r\n")
        assert len(house.connections) == 1
        assert (await (await house.visit(GET)).answer())[0] == 200
        await visitor.rest()


def test_the_limit_of_open_files_bounds_the_connections(caplog: pytest.LogCaptureFixture) -> None:
    wanted = ConnectionLimits(most=1000)
    reserved = RESERVED + 16 * RESERVED_FOR_TASK + 20 * RESERVED_FOR_UPLOAD
    assert wanted.within(1000 + reserved, 16, 20) is wanted
    assert not caplog.messages
    fewer = wanted.within(1024, 16, 20)
    assert fewer.most == 1024 - reserved
    assert "max_connections = 1000" in caplog.messages[0] and "ulimit" in caplog.messages[0]


def test_a_server_sets_tcp_nodelay_on_accepted_connections() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


FORWARDED = (
    b"x-forwarded-for: 203.0.113.9\r\nx-forwarded-proto: https\r\nx-real-ip: 203.0.113.9\r\n"
    b"forwarded: for=203.0.113.9;proto=https\r\n\r\n"
)


async def test_no_header_changes_the_address_of_a_client() -> None:
    async with served(QUICK) as house:
        answer = await house.visit(b"GET /client HTTP/1.1\r\nhost: a\r\n" + FORWARDED)
        assert await answer.answer() == (200, ["127.0.0.1", "http"])
        socket = await house.visit(UPGRADE[:-2] + FORWARDED)
        async with asyncio.timeout(WITHIN):
            head = await socket.reader.readuntil(b"\r\n\r\n")
        assert b"x-client: 127.0.0.1\r\n" in head


CHUNKED = HEAD.replace(b"content-length: 100000", b"transfer-encoding: chunked") + b"1\r\na\r\n"
TRAILERS = {"many": b"x: a\r\n" * 20_000, "one without end": b"x: " + b"a" * 100_000}


@pytest.mark.parametrize("kind", TRAILERS)
@pytest.mark.parametrize("path", [b"/body", b"/unread"])
async def test_trailers_have_the_limit_of_a_head(kind: str, path: bytes) -> None:
    async with served(ConnectionLimits(header_timeout=0.5)) as house:
        visitor = await house.visit(CHUNKED.replace(b"/body", path) + b"0\r\n")
        if path == b"/unread":
            assert (await visitor.answer())[0] == 401
        visitor.writer.write(TRAILERS[kind])
        answer = await visitor.rest()
        if path == b"/unread":
            assert answer == b"", "its answer has been given"
        else:
            assert b"HTTP/1.1 431 " in answer and b'"HEADERS_TOO_LARGE"' in answer
        await house.until_open(0)


async def test_a_long_body_in_chunks_is_taken_and_its_trailers_are_thrown_away() -> None:
    async with served(ConnectionLimits()) as house:
        pieces = b"".join(
            b"%x\r\n" % size + b"a" * size + b"\r\n" for size in (1, 5_000, 90_000) * 3
        )
        ended = b"0\r\nx-late: 1\r\n" + b"y: a\r\n" * 8_000 + b"\r\n"
        for _ in range(2):
            visitor = await house.visit(CHUNKED + pieces + ended + GET)
            assert await visitor.answer() == (200, {"size": 1 + 3 * 95_001})
            assert await visitor.answer() == (200, {"size": 0})
        assert b"x-late" not in house.answering.named


async def test_clients_behind_a_trusted_proxy_do_not_count_as_one_address() -> None:
    limits = ConnectionLimits(most=5, most_of_address=2, proxies=Proxies.of(["127.0.0.2"]))
    async with served(limits) as house:
        for _ in range(4):
            await house.visit(b"G", source="127.0.0.2")
        await house.until_open(4)
        for _ in range(2):
            await house.visit(b"G")
        await house.until_open(5)


def test_a_network_of_addresses_is_compared_with_those_of_proxies() -> None:
    proxies = Proxies.of(["10.0.0.0/8", "2001:db8::7"])
    assert [proxies.overlap(one) for one in ("10.1.2.3", "2001:db8::/64")] == [True, True]
    assert [proxies.overlap(one) for one in ("11.0.0.1", "2001:db9::/64", "", "x")] == [False] * 4
