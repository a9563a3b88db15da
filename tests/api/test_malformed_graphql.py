"""Invalid input for the GraphQL transports: bodies, media types, parameters, frames and messages in every order.

Each request is answered or closed with a reason, none is a server error, and the next client is served.
"""

import asyncio
import json
import random
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import product
from typing import Any, Final

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.api.servers import Served

PATHS: Final = ("/graphql", "/graphql/stream")
METHODS: Final = (
    "POST",
    "GET",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "QUERY",
    "post",
    "x",
)
KINDS: Final = (
    None, "", "application/json", "application/json; charset=utf-8", "application/json;charset=utf-16",
    "application/json;;;", "application/graphql", "application/graphql-response+json", "text/plain", "text/html",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=", "application/octet-stream", "*/*", "json", "a" * 4000,
    "application/json, application/json", "APPLICATION/JSON",
)  # fmt: skip
ACCEPTED: Final = (
    None, "", "*/*", "application/json", "application/graphql-response+json", "text/event-stream", "text/html",
    "image/png", "application/json;q=0", "application/json;q=nan", "*/*;q=-1", ";;;", "," * 500, "text/*",
    "multipart/mixed",
)  # fmt: skip
ENCODINGS: Final = (None, "identity", "gzip", "br", "deflate", "zstd", "gzip, gzip", "\x7f", "")
GOOD: Final = b'{"query":"{ viewer { version } }"}'
VALUES: Final = (
    "null", "true", "1", "-0", "1e400", "NaN", "Infinity", '""', '"x"', "[]", "{}", "[[[]]]", '{"a":{"b":[1,{"c":1}]}}',
    '"\\ud800"', '"\\u0000"', '"' + "x" * 20_000 + '"', "9" * 400, "[" * 600 + "]" * 600,
)  # fmt: skip
PARAMETERS: Final = ("query", "operationName", "variables", "extensions", "documentId")
FORM: Final = (
    b"--x\r\nContent-Disposition: form-data; name=operations\r\n\r\n" + GOOD + b"\r\n--x--"
)
BODIES: Final = (
    b"", b" ", b"\xef\xbb\xbf" + GOOD, b"\xff\xfe", b"\x00", GOOD[:-1], GOOD + GOOD, b"{" * 5000, b"[" + GOOD + b"]",
    GOOD.replace(b"viewer", b"view\xffer"), GOOD.replace(b"viewer", b"\xed\xa0\x80"), GOOD.decode().encode("utf-16"),
    b"query={ viewer { version } }", FORM, b"{ viewer { version } }", b"'{}'", b"\x1f\x8b\x08\x00", GOOD[:-1] + b",}",
    GOOD[:-1] + b',"query":1}', GOOD[:-1] + b',"__proto__":{}}', GOOD[:-1] + b"/**/}",
    GOOD.replace(b"{ v", b"\\u007b v"),
)  # fmt: skip
WORDS: Final = (
    "query", "{", "}", "(", ")", "viewer", "executions", "first", ":", "1", "$x", "@skip", "...", "on", "!", '"',
    '"' * 3, "#", "\\", "\u2028", "__schema", "-", "1.", "&", "|", "\ufeff", "nodes", "id",
)  # fmt: skip


@pytest.fixture
def quiet(served: Served) -> Iterator[Served]:
    """Checks afterwards that the log has no exception."""
    log = served.data_dir / "serve.log"
    before = log.stat().st_size
    yield served
    said = log.read_bytes()[before:].decode()
    assert "Traceback" not in said and "ERROR" not in said, said[:3000]


class GraphqlSender:
    """Sends some requests at a time, and collects responses that are not allowed."""

    def __init__(self, served: Served, http: httpx.AsyncClient) -> None:
        self._http, self._turns = http, asyncio.Semaphore(6)
        self._token = {"authorization": f"Bearer {served.token}"}
        self.bad: list[str] = []
        self.statuses: dict[int, int] = {}

    async def send(
        self, method: str, path: str, headers: Mapping[str, str | None], body: bytes | None = None
    ) -> None:
        given = {name: value for name, value in headers.items() if value is not None}
        async with self._turns:
            response = await self._http.request(
                method, path, headers=self._token | given, content=body
            )
        status = response.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if not self._is_fine(method, response):
            self.bad.append(
                f"{method} {path[:200]} {given} {body and body[:100]!r}: {status} {response.text[:300]}"
            )

    @staticmethod
    def _is_fine(method: str, response: httpx.Response) -> bool:
        if response.status_code >= 500:
            return False
        if response.status_code < 400 or method == "HEAD":
            return True
        if not response.headers.get("content-type", "").startswith("application/"):
            return response.status_code == 400 and not response.content.startswith(b"{")
        (error, *_) = response.json()["errors"]
        return bool(error["message"]) and bool(error["extensions"]["code"])


@pytest.fixture
async def sender(quiet: Served) -> AsyncIterator[GraphqlSender]:
    async with httpx.AsyncClient(base_url=quiet.url, timeout=30) as http:
        sender = GraphqlSender(quiet, http)
        yield sender
        assert not sender.bad, "\n".join(sender.bad[:20])
        after = await http.post(
            "/graphql", headers=sender._token, json={"query": "{ viewer { version } }"}
        )
        assert after.json()["data"]["viewer"]["version"]


async def test_methods_media_types_and_encodings(sender: GraphqlSender) -> None:
    head = {"content-type": "application/json"}
    async with asyncio.TaskGroup() as tasks:
        for path, method in product(PATHS, METHODS):
            for kind in KINDS if method in ("POST", "GET") else KINDS[:3]:
                tasks.create_task(sender.send(method, path, {"content-type": kind}, GOOD))
        for path, accept in product(PATHS, ACCEPTED):
            tasks.create_task(sender.send("POST", path, {**head, "accept": accept}, GOOD))
        for path, encoding in product(PATHS, ENCODINGS):
            tasks.create_task(
                sender.send("POST", path, {**head, "content-encoding": encoding}, GOOD)
            )
    assert {200, 400, 405, 406, 415} <= sender.statuses.keys()


async def test_bodies(sender: GraphqlSender) -> None:
    head = {"content-type": "application/json"}
    async with asyncio.TaskGroup() as tasks:
        for path, body in product(PATHS, BODIES):
            tasks.create_task(sender.send("POST", path, head, body))
        for path, name, value in product(PATHS, PARAMETERS, VALUES):
            for begins in ("{", '{"query":"{ viewer { version } }",'):
                text = f'{begins}"{name}":{value}}}'
                tasks.create_task(sender.send("POST", path, head, text.encode()))
    assert sender.statuses.keys() <= {200, 400}


async def test_parameters_of_addresses(sender: GraphqlSender) -> None:
    async with asyncio.TaskGroup() as tasks:
        for path, name, value in product(PATHS, PARAMETERS, VALUES):
            for query in ({name: value}, {"query": "{ viewer { version } }", name: value}):
                address = f"{path}?{httpx.QueryParams(query)}"
                tasks.create_task(sender.send("GET", address, {"accept": "*/*"}))


async def test_documents_of_random_words(sender: GraphqlSender) -> None:
    chance = random.Random(11)
    head = {"content-type": "application/json"}
    async with asyncio.TaskGroup() as tasks:
        for number in range(400):
            text = " ".join(chance.choices(WORDS, k=chance.randint(1, 30)))
            body = json.dumps({"query": f"{{ {text} }}" if number % 2 else text}).encode()
            tasks.create_task(sender.send("POST", PATHS[number % 2], head, body))


CLOSES: Final = frozenset({1002, 1003, 1007, 1009, 4400, 4401, 4406, 4408, 4409, 4429})
PROTOCOL: Final = Subprotocol("graphql-transport-ws")


def frame(
    opcode: int,
    body: bytes = b"",
    *,
    first: int = 0x80,
    masked: bool = True,
    length: bytes | None = None,
) -> bytes:
    """Returns a frame as in RFC 6455, or a malformed one. `first` holds the bits next to the opcode, `length` the
    length that the frame claims."""
    mask = 0x80 if masked else 0
    if length is None:
        size = len(body)
        length = (
            bytes([mask | size]) if size < 126 else bytes([mask | 126]) + struct.pack("!H", size)
        )
    key = b"\0\0\0\0" if masked else b""
    return bytes([first | opcode]) + length + key + body


INIT: Final = b'{"type":"ping"}'
FRAMES: Final = {
    "not masked": frame(1, INIT, masked=False),
    "reserved bit 1": frame(1, INIT, first=0xC0),
    "reserved bits": frame(1, INIT, first=0xF0),
    **{f"opcode {code}": frame(code, INIT) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a continuation of nothing": frame(0, INIT),
    "text within text": frame(1, b'{"ty', first=0) + frame(1, INIT),
    "a ping in parts": frame(9, b"x", first=0),
    "a ping too long": frame(9, b"x" * 126),
    "a close of one byte": frame(8, b"\x03"),
    "a close with a reserved code": frame(8, struct.pack("!H", 1005)),
    "a close with code 0": frame(8, struct.pack("!H", 0)),
    "a close with bad UTF-8": frame(8, struct.pack("!H", 1000) + b"\xff\xfe"),
    "bad UTF-8": frame(1, b'"\xff\xfe"'),
    "a surrogate": frame(1, b'"\xed\xa0\x80"'),
    "bad UTF-8 in parts": frame(1, b"\xe2\x82", first=0) + frame(0, b"\xff"),
    "bytes": frame(2, INIT),
    "empty text": frame(1, b""),
    "a length of 2^63": frame(1, b"", length=b"\xff" + b"\xff" * 8),
    "a length of 2^40": frame(1, b"", length=b"\xff" + struct.pack("!Q", 2**40)),
    "a length in too many bytes": frame(1, INIT, length=b"\xff" + struct.pack("!Q", len(INIT))),
    "many empty parts": frame(1, b"", first=0) + frame(0, b"", first=0) * 2000,
    "no frame": b"GET / HTTP/1.1\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
async def test_frames(quiet: Served, name: str) -> None:
    """Sends a frame on an unauthenticated socket: it is closed with a code, or receives a pong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", quiet.port)
    writer.write(
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{quiet.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    writer.write(FRAMES[name])
    async with asyncio.timeout(30):
        head = await reader.readexactly(2)
        body = await reader.readexactly(head[1] & 0x7F)
    writer.close()
    if head[0] & 0x0F == 8:
        assert struct.unpack("!H", body[:2])[0] in CLOSES | {1000, 1005}, body
    else:
        assert body == b'{"type":"pong"}'
    await is_served(quiet)


@asynccontextmanager
async def socket(served: Served) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{served.port}/graphql"
    async with connect(address, subprotocols=[PROTOCOL], compression=None) as connection:
        yield connection


async def is_served(served: Served) -> None:
    async with socket(served) as connection:
        await connection.send(
            json.dumps({"type": "connection_init", "payload": {"token": served.token}})
        )
        assert json.loads(await connection.recv()) == {"type": "connection_ack"}


def messages(chance: random.Random, token: str) -> Iterator[str]:
    """Returns some messages of a conversation: valid ones in a wrong order, and sometimes an invalid one."""
    for _ in range(chance.randint(2, 12)):
        kind = chance.choice(
            [
                "connection_init",
                "subscribe",
                "subscribe",
                "complete",
                "ping",
                "pong",
                "next",
                "nonsense",
                "",
            ]
        )
        message: dict[str, Any] = {"type": kind}
        if chance.random() < 0.8:
            message["id"] = chance.choice(["1", "2", "3", "", "x" * 257, 1, None, "\u0130", [], {}])
        if chance.random() < 0.8:
            message["payload"] = chance.choice(
                [
                    {"query": "{ viewer { version } }"},
                    {"query": "subscription { approvals { reset } }"},
                    {
                        "query": 'mutation { cancelExecution(input: {id: "exec_0"}) { problems { code } } }'
                    },
                    {"query": "{"},
                    {"query": 1},
                    {"documentId": "x"},
                    {"token": token},
                    {"token": "wrong"},
                    {},
                    None,
                    [],
                    "x",
                    {
                        "query": "{ viewer { version } }",
                        "variables": {"a": [[[]]]},
                        "extensions": {"persistedQuery": []},
                    },
                ]
            )
        text = json.dumps(message)
        yield text if chance.random() < 0.95 else text[: chance.randint(0, len(text))]


@pytest.mark.parametrize("seed", range(12))
async def test_conversations_in_any_order(quiet: Served, seed: int) -> None:
    """Every socket stays open and answers a ping, or is closed with a code of the protocol and a reason."""
    chance = random.Random(seed)
    for begins in (False, True) * 5:
        async with socket(quiet) as connection:
            try:
                if begins:
                    opening = {"type": "connection_init", "payload": {"token": quiet.token}}
                    await connection.send(json.dumps(opening))
                for text in messages(chance, quiet.token):
                    await connection.send(text)
                await connection.send('{"type":"ping","payload":{"last":true}}')
                async with asyncio.timeout(30):
                    while json.loads(await connection.recv()) != {
                        "type": "pong",
                        "payload": {"last": True},
                    }:
                        continue
            except ConnectionClosed:
                assert connection.close_code in CLOSES, connection.close_code
                assert connection.close_reason
    await is_served(quiet)
