"""Keys that the flow language has and this release does not do yet: refused by name, never ignored."""

from collections.abc import Iterator
from typing import Any

from models.spec.document import Path

_FLOW_KEYS = frozenset({"alerts"})
_TAIL = "is part of the flow language but not built yet"


def take_unbuilt(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Takes what is not built yet out of the document's data, in place, and says what it was."""
    for key in sorted(_FLOW_KEYS & data.keys()):
        del data[key]
        yield (key,), f"`{key}` {_TAIL}; remove it"
