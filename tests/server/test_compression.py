"""Generated responses are compressed, and responses that must not be compressed are not."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from server.http.compression import Compression
from tests.server.graphql.serving import running

TEXT = b'{"data": "words words words"}\n' * 100
LARGE = b"".join(b"%d," % number for number in range(60_000))
_HOLD = asyncio.Event()


async def _plain(request: Request) -> Response:
    body = {"small": b"x" * 1399, "text": TEXT, "large": LARGE}[request.query_params["body"]]
    headers = {"content-type": request.query_params["type"], "vary": "accept"}
    if name := request.query_params.get("file"):
        headers["content-disposition"] = f'{name}; filename="a"'
    if coding := request.query_params.get("coded"):
        headers["content-encoding"] = coding
    return Response(body, headers=headers)


async def _streamed(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first\n"
        await _HOLD.wait()
        yield LARGE
        yield b""
        yield b"last\n"

    return StreamingResponse(pieces(), media_type="text/csv")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    _HOLD.clear()
    routes = [Route("/plain", _plain), Route("/streamed", _streamed)]
    app = Starlette(routes=routes, middleware=[Middleware(Compression)])
    async with (
        running(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def raw(
    http: httpx.AsyncClient, accept: str, **parameters: str
) -> tuple[httpx.Headers, bytes]:
    headers = {"accept-encoding": accept}
    async with http.stream("GET", "/plain", params=parameters, headers=headers) as answer:
        return answer.headers, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.mark.parametrize("body", ["text", "large"])
@pytest.mark.parametrize(
    "kind",
    [
        "application/json", "application/graphql-response+json; charset=utf-8", "application/x-ndjson",
        "text/csv; charset=utf-8; header=present", "text/plain", "text/html",
    ],
)  # fmt: skip
async def test_text_is_compressed_for_clients_that_accept_it(
    http: httpx.AsyncClient, kind: str, body: str
) -> None:
    whole = {"text": TEXT, "large": LARGE}[body]
    headers, got = await raw(http, "br, gzip", type=kind, body=body)
    assert gzip.decompress(got) == whole
    assert len(got) < len(whole) / 2
    assert headers["content-encoding"] == "gzip"
    assert headers.get("content-length") in (None, str(len(got)))
    assert headers["vary"] == "accept, accept-encoding"
    headers, got = await raw(http, "identity", type=kind, body=body)
    assert (got, headers["content-length"]) == (whole, str(len(whole)))
    assert (headers.get("content-encoding"), headers["vary"]) == (None, "accept, accept-encoding")


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "text/event-stream"},
        {"type": "image/png"},
        {"type": "application/pdf"},
        {"type": "application/octet-stream"},
        {"type": "application/json", "coded": "br"},
        {"type": "text/csv", "file": "attachment"},
    ],
)
async def test_the_rest_is_not(http: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    headers, got = await raw(http, "gzip", body="text", **parameters)
    assert (got, headers["content-length"]) == (TEXT, str(len(TEXT)))
    assert headers.get("content-encoding") == parameters.get("coded")
    assert headers["vary"] == "accept"


async def test_responses_that_fit_into_a_packet_are_not_compressed(http: httpx.AsyncClient) -> None:
    headers, got = await raw(http, "gzip", type="application/json", body="small")
    assert (len(got), "content-encoding" in headers) == (1399, False)


async def test_each_piece_of_a_stream_is_sent_at_once(http: httpx.AsyncClient) -> None:
    coder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    async with asyncio.timeout(30), http.stream("GET", "/streamed") as answer:
        assert answer.headers["content-encoding"] == "gzip"
        got = b""
        async for piece in answer.aiter_raw():
            got += coder.decompress(piece)
            if got == b"first\n":
                _HOLD.set()
    assert got == b"first\n" + LARGE + b"last\n"
    assert coder.eof


async def test_a_head_says_how_long_it_would_be(http: httpx.AsyncClient) -> None:
    parameters = {"type": "application/json", "body": "text"}
    answer = await http.head("/plain", params=parameters, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-length"] == str(len(TEXT))
