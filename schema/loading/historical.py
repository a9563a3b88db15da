"""Loads current and historical rows: the key of a historical execution carries its moment."""

from collections.abc import Awaitable, Callable
from typing import Any

from runner.history.point_in_time import HistoricalView, past_of


def with_history(
    name: str, load: Callable[[list[Any]], Awaitable[Any]]
) -> Callable[[list[Any]], Any]:
    """Wraps `load`: historical keys are resolved by their HistoricalView, if it has rows of this name, and all other
    keys by `load`."""

    async def loaded(keys: list[Any]) -> list[Any]:
        historical = {
            at: past.rows[name](key) for at, key in enumerate(keys) if (past := _view_of(name, key))
        }
        present = [key for at, key in enumerate(keys) if at not in historical]
        found = iter(await load(present) if present else ())
        return [
            historical[at] if at in historical else _existing_then(name, key, next(found))
            for at, key in enumerate(keys)
        ]

    return loaded


def _view_of(name: str, key: Any) -> HistoricalView | None:
    past = past_of(key)
    return past if past and name in past.rows else None


def _existing_then(name: str, key: Any, now: Any) -> Any:
    """Returns those of the current rows that existed at the moment of the key."""
    past = past_of(key)
    return past.seen[name](now) if past and name in past.seen else now


def cache_key(key: Any) -> Any:
    return key, past_of(key)
