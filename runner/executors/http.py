"""The task type `http`: sends one request, and retries it a few times on connection and server errors."""

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
"""Bytes of a body that are read at most. As an output, the parsed body has the limit of all outputs as well."""
_ESCAPED = len("\\u0061")
_READER = ThreadPoolExecutor(1, "http-body")
"""Parses bodies outside the event loop. One thread, so that the values of only one body are in memory."""
_PAUSES = (0.2, 1.0)
"""Seconds before the second and the third try."""
_SERVER_ERROR = 500
_CONNECT_TIMEOUT = 10.0
_MOST_REDIRECTS = 20
_PACKED_TOO_WELL = frozenset({"br", "zstd"})
_REPLACED_CHARACTERS = (
    "invalid text (half of a surrogate pair, NUL) in the body was replaced by U+FFFD"
)


class HttpExecutor:
    """Waits for a response without a limit unless the task has a `timeout`."""

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
        return await attempt.cancellation.cancels(self._request(attempt, spec, settings))

    async def _request(
        self, attempt: AttemptContext, spec: HttpTask, settings: Mapping[str, Any]
    ) -> Outcome:
        for pause in (*_PAUSES, None):
            last = pause is None
            try:
                response, body = await _send(settings, attempt.services.hosts)
            except HostRefused as refused:
                return Outcome.failed(refused.code, _sentence(settings, refused))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    return Outcome.failed("HTTP_UNREACHABLE", _sentence(settings, error))
                failed = str(error)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
                return Outcome.failed("HTTP_ERROR", _sentence(settings, error))
            else:
                status = response.status_code
                if last or status < _SERVER_ERROR or spec.accepts(status):
                    return await _outcome(attempt, settings, response, body)
                failed = f"status {status}"
            await attempt.log.note(f"{failed}; retrying in {pause} s", LogLevel.WARN)
            await asyncio.sleep(pause or 0)
        raise AssertionError("the last try returns")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Cached, because reading all certificates takes long."""
    return httpx.create_ssl_context()


async def _send(settings: Mapping[str, Any], hosts: HostRules) -> tuple[httpx.Response, bytes]:
    """Returns the response and its body, of which little more than MAX_BODY bytes are read."""
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
        async with _follow_redirects(client, request) as response:
            return response, await _body(response)


@asynccontextmanager
async def _follow_redirects(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    """Yields the response after all redirects. The bodies of redirects are not read: they may be endless."""
    for _ in range(_MOST_REDIRECTS):
        response = await client.send(request, stream=True)
        try:
            if response.next_request is None:
                yield response
                return
            request = response.next_request
        finally:
            await response.aclose()
    raise httpx.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects", request=request)


async def _body(response: httpx.Response) -> bytes:
    """Refuses content encodings by which a few bytes may decompress to more than all memory."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    if "," in packed or packed in _PACKED_TOO_WELL:
        async for chunk in response.aiter_raw():
            if chunk and response.status_code < _SERVER_ERROR:
                raise httpx.DecodingError(f"a body of content-encoding {packed} is not read")
            break
        return b""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return bytes(body)


async def _outcome(
    attempt: AttemptContext, settings: Mapping[str, Any], response: httpx.Response, body: bytes
) -> Outcome:
    """A body that cannot be an output fails the attempt; status and headers become outputs all the same."""
    request = f"{settings['method']} {settings['url']}"
    outputs = {"status": response.status_code, "headers": dict(response.headers)}
    whole = {**outputs, "body": await _value(attempt, response, body)}
    try:
        if len(body) > MAX_BODY:
            raise TooLarge(
                f"output.body holds more than {MAX_BODY} bytes, which is all that is read"
            )
        measured(whole, "output")
        outputs = whole
    except NotTaken as error:
        await attempt.reporter.refuse(error.code, f"{request}: {error}")
    spec = attempt.spec_as(HttpTask)
    if spec.accepts(response.status_code):
        return Outcome(outputs=outputs)
    expected = ", ".join(spec.expect_status)
    sentence = f"{request} answered {response.status_code}; expected {expected}"
    return Outcome.failed("HTTP_STATUS", sentence, **outputs)


async def _value(attempt: AttemptContext, response: httpx.Response, body: bytes) -> Any:
    if "json" in response.headers.get("content-type", "") and _may_be_stored(body):
        try:
            value, replaced = await asyncio.get_running_loop().run_in_executor(_READER, _read, body)
        except ValueError:
            logger.debug("a body with the content type of JSON is not valid JSON")
        else:
            if replaced:
                await attempt.log.note(_REPLACED_CHARACTERS, LogLevel.WARN)
            return value
    try:
        return body.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:  # an unknown charset
        return body.decode("utf-8", "replace")


def _may_be_stored(body: bytes) -> bool:
    """Checks if the body is worth parsing: values take more than ten times the memory of their text. A body above this
    limit (without blanks) exceeds the limit of outputs even if every character in it is escaped."""
    return len(body.translate(None, b" \t\r\n")) <= MAX_PAYLOAD * _ESCAPED


def _read(body: bytes) -> tuple[Any, bool]:
    """Raises ValueError."""
    value, replaced = read_apart(body)
    return spelled_out(value), replaced


def _sentence(settings: Mapping[str, Any], error: Exception) -> str:
    return f"{settings['method']} {settings['url']}: {error or type(error).__name__}"
