"""`http`: one request, with a few more tries while the other side cannot answer."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import httpx

from models.json_text import read_json_of_others
from models.logs import LogLevel
from models.spec import HttpTask
from runner.attempt import Attempt
from runner.executors.executor import Outcome

logger = logging.getLogger("headway.http")

MAX_BODY = 1024 * 1024
_PAUSES = (0.2, 1.0)
"""Seconds before the second and the third try."""
_SERVER_ERROR = 500
_CONNECT_TIMEOUT = 10.0


class HttpExecutor:
    """Without a `timeout` of the task an answer may take for ever."""

    light: ClassVar[bool] = False

    async def run(self, attempt: Attempt) -> Outcome:
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

    async def _ask(self, attempt: Attempt, spec: HttpTask, settings: Mapping[str, Any]) -> Outcome:
        for pause in (*_PAUSES, None):
            last = pause is None
            try:
                answer, body = await _send(settings)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    return Outcome.failed("HTTP_UNREACHABLE", _sentence(settings, error))
                failed = str(error)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
                return Outcome.failed("HTTP_ERROR", _sentence(settings, error))
            else:
                if last or answer.status_code < _SERVER_ERROR or spec.accepts(answer.status_code):
                    return _judge(spec, settings, answer, body)
                failed = f"status {answer.status_code}"
            await attempt.page.note(f"{failed}; tries again in {pause} s", LogLevel.WARN)
            await asyncio.sleep(pause or 0)
        raise AssertionError("the last try returns")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes long enough to do it once."""
    return httpx.create_ssl_context()


async def _send(settings: Mapping[str, Any]) -> tuple[httpx.Response, bytes]:
    """The answer and as much of its body as is kept, and a byte more."""
    timeout = httpx.Timeout(None, connect=_CONNECT_TIMEOUT)
    content = settings["body"]
    async with (
        httpx.AsyncClient(timeout=timeout, follow_redirects=True, verify=_tls()) as client,
        client.stream(
            settings["method"],
            str(settings["url"]),
            headers={name: str(value) for name, value in settings["headers"].items()},
            params=settings["params"] or None,
            content=None if content is None else str(content),
            json=settings["json"],
        ) as answer,
    ):
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_BODY:
                break
    return answer, body


def _judge(
    spec: HttpTask, settings: Mapping[str, Any], answer: httpx.Response, body: bytes
) -> Outcome:
    if len(body) > MAX_BODY:
        return Outcome.failed(
            "PAYLOAD_TOO_LARGE",
            f"{settings['method']} {settings['url']}: the body holds more than {MAX_BODY} bytes",
            status=answer.status_code,
        )
    outputs = {
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "body": _value(answer, body),
    }
    if spec.accepts(answer.status_code):
        return Outcome(outputs=outputs)
    expected = ", ".join(spec.expect_status)
    return Outcome.failed(
        "HTTP_STATUS",
        f"{settings['method']} {settings['url']} answered {answer.status_code}; expected {expected}",
        **outputs,
    )


def _value(answer: httpx.Response, body: bytes) -> Any:
    if "json" in answer.headers.get("content-type", ""):
        try:
            return read_json_of_others(body)
        except ValueError:
            logger.debug("a body that calls itself JSON is none")
    return body.decode(answer.charset_encoding or "utf-8", "replace")


def _sentence(settings: Mapping[str, Any], error: Exception) -> str:
    return f"{settings['method']} {settings['url']}: {error or type(error).__name__}"
