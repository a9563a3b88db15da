"""Requests documents from the issuer over HTTP with limits, because it may be slow, wrong or impersonated."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

_TIMEOUT: Final = 5.0
"""Seconds for a complete response."""
_MAX_BYTES: Final = 512 * 1024


class NoAnswer(Exception):
    """The issuer could not be reached, or its response is unusable; the message says which."""


class TurnedDown(Exception):
    """The issuer returned an OAuth error."""


async def get_document(url: str) -> Mapping[str, Any]:
    """Returns a JSON object. Does not follow redirects. Raises NoAnswer."""
    status, document = await _request("GET", url)
    if status != 200:
        raise NoAnswer(f"{url} returned {status}")
    return document


async def post_form(
    url: str, form: Mapping[str, str], login: tuple[str, str] | None
) -> Mapping[str, Any]:
    """Posts a form and returns the issuer's JSON response. Raises NoAnswer, TurnedDown."""
    status, document = await _request("POST", url, data=dict(form), auth=login)
    if status == 200:
        return document
    if 400 <= status < 500 and isinstance(document.get("error"), str):
        raise TurnedDown(error_code(document["error"]))
    raise NoAnswer(f"{url} returned {status}")


def error_code(text: str) -> str:
    """Returns an OAuth error code if it is safe to show, else `error`."""
    return (
        text if text.replace("_", "").isalpha() and len(text) < 50 and text.isascii() else "error"
    )


async def _request(method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
    body = b""
    headers = {"accept": "application/json"}
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(follow_redirects=False, timeout=_TIMEOUT) as client,
            client.stream(method, url, headers=headers, **more) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise NoAnswer(f"{url} returned more than {_MAX_BYTES} bytes")
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise NoAnswer(f"{url} cannot be reached: {error or type(error).__name__}") from error
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        if status == 200:
            raise NoAnswer(f"{url} did not return JSON") from error
        document = {}
    if not isinstance(document, dict):
        raise NoAnswer(f"{url} did not return a JSON object")
    return status, document
