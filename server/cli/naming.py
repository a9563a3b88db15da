"""Resolves executions by their id, a unique beginning of it, or their name."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from server.cli import queries
from server.cli.api import Api, CommandFailed, fail

_WHOLE = re.compile(r"(?:exec|appr)_[0-9a-z]{26}")
_BEGINNING = re.compile(r"(?:exec_)?[0-9a-hjkmnp-tv-z]{4,26}", re.IGNORECASE)
_TOO_SHORT = re.compile(r"exec_[0-9a-hjkmnp-tv-z]{0,3}", re.IGNORECASE)
_SHOWN = 5


def named(given: str | None) -> str | None:
    """Returns the id of the execution that an option or argument names."""
    return None if given is None else _resolved([given])[0]


def each_named(given: Sequence[str] | None) -> list[str] | None:
    """Returns the ids of several executions. Unknown ones are passed on: the server reports them and handles the
    others."""
    return None if given is None else _resolved(given)


def _resolved(given: Sequence[str]) -> list[str]:
    try:
        return asyncio.run(_ids(given))
    except CommandFailed as error:
        raise fail(error) from error


async def _ids(given: Sequence[str]) -> list[str]:
    found = {text: text for text in given if _WHOLE.fullmatch(text)}
    for text in given:
        if text not in found:
            found[text] = await _id_of(Api.find(), text) or text
            if found[text] == text and len(given) == 1:
                raise CommandFailed(f"no execution {text}; `headway ls` lists executions")
    return [found[text] for text in given]


async def _id_of(api: Api, text: str) -> str | None:
    """Returns None for an unknown execution. Raises CommandFailed for an ambiguous one."""
    if _TOO_SHORT.fullmatch(text):
        raise CommandFailed(
            f"{text} is too short for an id; write at least four characters after exec_"
        )
    begins = bool(_BEGINNING.fullmatch(text))
    variables = {"text": text, "search": f"id:{text}*" if begins else "", "begins": begins}
    answer = await api.post(queries.NAMED, **variables)
    nodes = [node for part in answer.values() for node in part["nodes"]]
    candidates: dict[str, dict[str, Any]] = {node["id"]: node for node in nodes}
    if len(candidates) > 1:
        raise CommandFailed(_ambiguous(text, list(candidates.values())))
    return next(iter(candidates), None)


def _ambiguous(text: str, candidates: Sequence[dict[str, Any]]) -> str:
    lines = [f"{one['id']}  {one['name']}  {one['state']}" for one in candidates[:_SHOWN]]
    more = ["and more"] if len(candidates) > _SHOWN else []
    return "\n".join((f"{text} matches several executions; use one of these ids:", *lines, *more))
