"""Loads by keys of now and of the past: each moment answers for its own."""

from collections.abc import Awaitable, Callable
from typing import Any

from runner.history.point_in_time import HistoricalView, past_of


def timely(name: str, load: Callable[[list[Any]], Awaitable[Any]]) -> Callable[[list[Any]], Any]:
    """Keys of a past moment are answered by it, where it knows of such rows, and all others by the tables."""

    async def loaded(keys: list[Any]) -> list[Any]:
        told = {
            at: past.rows[name](key) for at, key in enumerate(keys) if (past := _tells(name, key))
        }
        present = [key for at, key in enumerate(keys) if at not in told]
        found = iter(await load(present) if present else ())
        return [
            told[at] if at in told else _seen(name, key, next(found)) for at, key in enumerate(keys)
        ]

    return loaded


def _tells(name: str, key: Any) -> HistoricalView | None:
    past = past_of(key)
    return past if past and name in past.rows else None


def _seen(name: str, key: Any, now: Any) -> Any:
    """Those of the present rows that existed at the moment of the key."""
    past = past_of(key)
    return past.seen[name](now) if past and name in past.seen else now


def cache_key(key: Any) -> Any:
    return key, past_of(key)
