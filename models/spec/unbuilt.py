"""What the flow language has and this release does not do yet: refused by name, never ignored."""

from collections.abc import Iterator
from typing import Any

from models.spec.document import Path

_FLOW_KEYS = frozenset({"alerts"})
TASK_TYPES = frozenset({"sql"})
_TAIL = "is part of the flow language but not built yet"


def take_unbuilt(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Takes what is not built yet out of the document's data, in place, and says what it was."""
    yield from _taken(data, _FLOW_KEYS, ())
    yield from _taken_items(data, "tasks", _task)


def _taken_items(data: dict[str, Any], key: str, judge: Any) -> Iterator[tuple[Path, str]]:
    """Items that are wholly not built yet become None."""
    items = data.get(key)
    for position, item in enumerate(items) if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(items, list):
            yield from judge(items, position, item, (key, position))


def _task(
    items: list[Any], position: int, item: dict[str, Any], path: Path
) -> Iterator[tuple[Path, str]]:
    kind = item.get("type")
    if isinstance(kind, str) and kind in TASK_TYPES:
        items[position] = None
        yield (*path, "type"), f"the task type `{kind}` {_TAIL}; remove it"


def _taken(data: dict[str, Any], keys: frozenset[str], path: Path) -> Iterator[tuple[Path, str]]:
    for key in sorted(keys & data.keys()):
        del data[key]
        yield (*path, key), f"`{key}` {_TAIL}; remove it"
