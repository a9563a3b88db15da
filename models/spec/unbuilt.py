"""Keys of the flow language that this release does not support yet: they are refused, never ignored."""

from collections.abc import Iterator
from typing import Any

from models.spec.document import Path

_FLOW_KEYS = frozenset({"alerts"})
_TAIL = "is part of the flow language but not built yet"


def take_unbuilt(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Removes the keys that are not built yet from the document's data, in place, and yields a message for each."""
    for key in sorted(_FLOW_KEYS & data.keys()):
        del data[key]
        yield (key,), f"`{key}` {_TAIL}; remove it"
