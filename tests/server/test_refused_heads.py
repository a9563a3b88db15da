"""Request heads that are too large, or not HTTP: answered with the reason, before authentication."""

import pytest

from server.http.connections import ConnectionLimits
from tests.server.test_connections import GET, HEAD, QUICK, UPGRADE, served

LARGE = {
    "an address": b"GET /body?" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
    "a header": GET[:-2] + b"x: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": GET[:-2] + b"x: aaaaaaaa\r\n" * 10_000 + b"\r\n",
    "a head without end": GET[:-2] + b"x: " + b"a" * 100_000,
    "a head after a body": HEAD + b"a" * 100_000 + GET[:-2] + b"x: " + b"a" * 100_000,
}


@pytest.mark.parametrize("kind", LARGE)
async def test_a_head_that_is_too_large_is_refused(kind: str) -> None:
    async with served(ConnectionLimits()) as house:
        visitor = await house.visit(LARGE[kind])
        answer = await visitor.rest()
        assert b"HTTP/1.1 431 " in answer and b'"HEADERS_TOO_LARGE"' in answer


@pytest.mark.parametrize(
    "head",
    [
        HEAD[:-2] + b"x: " + b"a" * 65_600 + b"\r\n\r\n",
        b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        UPGRADE[:-2] + b"x: " + b"a" * 65_600 + b"\r\n\r\n",
    ],
    ids=["headers", "a path", "an upgrade"],
)
async def test_a_head_that_is_a_little_too_large_is_refused(head: bytes) -> None:
    async with served(ConnectionLimits()) as house:
        for before in (b"", GET):
            visitor = await house.visit(before)
            if before:
                assert (await visitor.answer())[0] == 200
            visitor.writer.write(head)
            answer = await visitor.rest()
            assert b"HTTP/1.1 431 " in answer and b'"HEADERS_TOO_LARGE"' in answer


NO_HTTP = {
    "a header without a colon": (
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        "not a valid HTTP/1.1 request: ",
    ),
    "a length that is none": (
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        "not a valid HTTP/1.1 request: ",
    ),
    "TLS": (bytes.fromhex("160301020001000005fc0303"), "uses http, not https"),
    "a letter": (b"\x00", "not a valid HTTP/1.1 request: "),
}


@pytest.mark.parametrize("kind", NO_HTTP)
async def test_a_request_other_than_http_is_answered_with_the_error(kind: str) -> None:
    request, words = NO_HTTP[kind]
    async with served(ConnectionLimits()) as house:
        visitor = await house.visit(request)
        status, answer = await visitor.answer()
        (error,) = answer["errors"]
        assert (status, error["extensions"]["code"]) == (400, "BAD_REQUEST")
        assert words in error["message"]


async def test_a_head_of_sixty_thousand_bytes_and_a_large_body_are_taken() -> None:
    large = HEAD[:-2] + b"x: " + b"a" * 60_000 + b"\r\n\r\n" + b"a" * 100_000
    async with served(ConnectionLimits()) as house:
        visitor = await house.visit(large + large)
        assert [await visitor.answer() for _ in range(2)] == [(200, {"size": 100_000})] * 2


async def test_a_client_that_continues_after_a_refusal_is_closed() -> None:
    async with served(QUICK) as house:
        visitor = await house.visit(LARGE["a head without end"])
        assert b"431" in await visitor.rest()
        await house.until_open(0)
