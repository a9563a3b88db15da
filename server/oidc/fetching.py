"""Asks the issuer over HTTP, with limits: it may be slow, wrong, or not the one that answers."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

_WITHIN: Final = 5.0
"""Seconds for all of an answer."""
_LARGEST: Final = 512 * 1024


class NoAnswer(Exception):
    """The issuer could not be asked, or what it said is of no use; the sentence says which."""


class TurnedDown(Exception):
    """The issuer answered with an error of OAuth."""


async def get_document(url: str) -> Mapping[str, Any]:
    """A JSON object. Redirects are not followed. Raises NoAnswer."""
    status, document = await _ask("GET", url)
    if status != 200:
        raise NoAnswer(f"{url} answered {status}")
    return document


async def post_form(
    url: str, form: Mapping[str, str], login: tuple[str, str] | None
) -> Mapping[str, Any]:
    """Returns the document that the issuer answers to a form. Raises NoAnswer, TurnedDown."""
    status, document = await _ask("POST", url, data=dict(form), auth=login)
    if status == 200:
        return document
    if 400 <= status < 500 and isinstance(document.get("error"), str):
        raise TurnedDown(error_code(document["error"]))
    raise NoAnswer(f"{url} answered {status}")


def error_code(text: str) -> str:
    """An error of OAuth as it may be shown: a word, whoever wrote it."""
    return (
        text if text.replace("_", "").isalpha() and len(text) < 50 and text.isascii() else "error"
    )


async def _ask(method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
    body = b""
    headers = {"accept": "application/json"}
    try:
        async with (
            asyncio.timeout(_WITHIN),
            httpx.AsyncClient(follow_redirects=False, timeout=_WITHIN) as client,
            client.stream(method, url, headers=headers, **more) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    raise NoAnswer(f"{url} answered more than {_LARGEST} bytes")
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise NoAnswer(f"{url} cannot be reached: {error or type(error).__name__}") from error
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        if status == 200:
            raise NoAnswer(f"{url} answered no JSON") from error
        document = {}
    if not isinstance(document, dict):
        raise NoAnswer(f"{url} answered no JSON object")
    return status, document
