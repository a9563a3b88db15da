"""`http`: one request, with a few more tries while the other side cannot answer."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, ClassVar

import httpx

from models.access.hosts import HostRules
from models.json_text import read_apart, spelled_out
from models.logs import LogLevel
from models.payloads import MAX_PAYLOAD, NotTaken, TooLarge, measured
from models.spec import HttpTask
from runner.attempt.attempt import AttemptContext
from runner.executors.executor import Outcome
from runner.executors.guarded_http import GuardedTransport
from runner.isolation.host_guard import HostRefused

logger = logging.getLogger("headway.http")

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a body that are read; as outputs it has the limit of all outputs, however it was escaped."""
_ESCAPED = len("\\u0061")
_READER = ThreadPoolExecutor(1, "http-body")
"""The event loop goes on meanwhile, and the values of one body are in memory at a time."""
_PAUSES = (0.2, 1.0)
"""Seconds before the second and the third try."""
_SERVER_ERROR = 500
_CONNECT_TIMEOUT = 10.0
_MOST_REDIRECTS = 20
_PACKED_TOO_WELL = frozenset({"br", "zstd"})
_MENDED = "holds what is no text (half a character, NUL); U+FFFD stands there"


class HttpExecutor:
    """Without a `timeout` of the task an answer may take for ever."""

    light: ClassVar[bool] = False

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec_as(HttpTask)
        settings = await attempt.render(
            {
                "method": spec.method,
                "url": spec.url,
                "headers": spec.headers,
                "params": spec.params,
                "json": spec.json_body,
                "body": spec.body,
            }
        )
        return await attempt.stop.cancels(self._ask(attempt, spec, settings))

    async def _ask(
        self, attempt: AttemptContext, spec: HttpTask, settings: Mapping[str, Any]
    ) -> Outcome:
        for pause in (*_PAUSES, None):
            last = pause is None
            try:
                answer, body = await _send(settings, attempt.surroundings.hosts)
            except HostRefused as refused:
                return Outcome.failed(refused.code, _sentence(settings, refused))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    return Outcome.failed("HTTP_UNREACHABLE", _sentence(settings, error))
                failed = str(error)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
                return Outcome.failed("HTTP_ERROR", _sentence(settings, error))
            else:
                if last or answer.status_code < _SERVER_ERROR or spec.accepts(answer.status_code):
                    return await _judge(attempt, settings, answer, body)
                failed = f"status {answer.status_code}"
            await attempt.page.note(f"{failed}; tries again in {pause} s", LogLevel.WARN)
            await asyncio.sleep(pause or 0)
        raise AssertionError("the last try returns")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes long enough to do it once."""
    return httpx.create_ssl_context()


async def _send(settings: Mapping[str, Any], hosts: HostRules) -> tuple[httpx.Response, bytes]:
    """The answer and as much of its body as is kept, and a byte more."""
    timeout = httpx.Timeout(None, connect=_CONNECT_TIMEOUT)
    content = settings["body"]
    guarded = GuardedTransport(hosts, _tls()) if hosts.exist else None
    async with httpx.AsyncClient(timeout=timeout, verify=_tls(), transport=guarded) as client:
        request = client.build_request(
            settings["method"],
            str(settings["url"]),
            headers={name: str(value) for name, value in settings["headers"].items()},
            params=settings["params"] or None,
            content=None if content is None else str(content),
            json=settings["json"],
        )
        async with _answered(client, request) as answer:
            return answer, await _body(answer)


@asynccontextmanager
async def _answered(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    """The one at the end of all redirects, whose bodies are not read: they may be without end."""
    for _ in range(_MOST_REDIRECTS):
        answer = await client.send(request, stream=True)
        try:
            if answer.next_request is None:
                yield answer
                return
            request = answer.next_request
        finally:
            await answer.aclose()
    raise httpx.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects", request=request)


async def _body(answer: httpx.Response) -> bytes:
    """Of what is packed twice, or so well, some bytes are more than all memory."""
    packed = answer.headers.get("content-encoding", "").strip().lower()
    if "," in packed or packed in _PACKED_TOO_WELL:
        async for chunk in answer.aiter_raw():
            if chunk and answer.status_code < _SERVER_ERROR:
                raise httpx.DecodingError(f"a body of content-encoding {packed} is not read")
            break
        return b""
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return bytes(body)


async def _judge(
    attempt: AttemptContext, settings: Mapping[str, Any], answer: httpx.Response, body: bytes
) -> Outcome:
    """A body that cannot be an output fails the attempt, and the rest of the answer is still there."""
    asked = f"{settings['method']} {settings['url']}"
    outputs = {"status": answer.status_code, "headers": dict(answer.headers)}
    whole = {**outputs, "body": await _value(attempt, answer, body)}
    try:
        if len(body) > MAX_BODY:
            raise TooLarge(
                f"output.body holds more than {MAX_BODY} bytes, which is all that is read"
            )
        measured(whole, "output")
        outputs = whole
    except NotTaken as error:
        await attempt.reports.refuse(error.code, f"{asked}: {error}")
    spec = attempt.spec_as(HttpTask)
    if spec.accepts(answer.status_code):
        return Outcome(outputs=outputs)
    expected = ", ".join(spec.expect_status)
    return Outcome.failed(
        "HTTP_STATUS", f"{asked} answered {answer.status_code}; expected {expected}", **outputs
    )


async def _value(attempt: AttemptContext, answer: httpx.Response, body: bytes) -> Any:
    if "json" in answer.headers.get("content-type", "") and _may_be_kept(body):
        try:
            value, mended = await asyncio.get_running_loop().run_in_executor(_READER, _read, body)
        except ValueError:
            logger.debug("a body that calls itself JSON is none")
        else:
            if mended:
                await attempt.page.note(f"the body {_MENDED}", LogLevel.WARN)
            return value
    try:
        return body.decode(answer.charset_encoding or "utf-8", "replace")
    except LookupError:  # a charset that nobody knows
        return body.decode("utf-8", "replace")


def _may_be_kept(body: bytes) -> bool:
    """As JSON: values take more than ten times the memory of their text. Whatever is more than this without its blanks
    is more than an output may hold, too, if all of it is escaped."""
    return len(body.translate(None, b" \t\r\n")) <= MAX_PAYLOAD * _ESCAPED


def _read(body: bytes) -> tuple[Any, bool]:
    """Raises ValueError."""
    value, mended = read_apart(body)
    return spelled_out(value), mended


def _sentence(settings: Mapping[str, Any], error: Exception) -> str:
    return f"{settings['method']} {settings['url']}: {error or type(error).__name__}"
