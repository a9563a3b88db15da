"""The stream of an execution's changes: cursors, and estimated sizes that split changes into messages."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

from graphql import (
    GraphQLResolveInfo,
    SelectionSetNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from models.errors import ProblemCode, Refused
from runner.live.followed_execution import Part, StreamPosition, Weight, follow
from runner.store.execution.execution_changes import KINDS, NO_ID, is_moment
from schema.context import Info
from schema.loading.selection import fields_below
from schema.types.paging import decode_cursor, encode_cursor

_KIND: Final = "execution.place"
_LEAF: Final = 34
"""Estimated characters of a scalar field in a response: name, value and punctuation."""
_LISTED: Final = 2
"""Estimated length of a list within a row."""
_LONG: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "task_runs": {"inputs": frozenset({"inputs"}), "results": frozenset({"outputs"})},
    "events": {"data": frozenset({"data"})},
    "children": {
        name: frozenset({name, "columns"})
        for name in ("inputs", "outputs", "properties", "trigger", "failure", "git")
    },
}
"""Columns with long texts -> the fields that need them, by kind of row."""
_NEVER_SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "task_runs": frozenset({"outputs", "standing"}),
    "children": frozenset({"tentative", "clock", "signals", "paused", "killing"}),
}
_ROWS: Final[Mapping[str, str]] = {
    "taskRuns": "task_runs",
    "goneArtifactIds": "gone_artifacts",
    **{name: name for name in ("approvals", "notes", "events", *KINDS)},
}
"""Field of ExecutionChange -> kind of row in the store."""
_LARGEST: Final = 2**63 - 1
Raw: TypeAlias = GraphQLResolveInfo[Any]


def cursor_of(id: UUID, place: StreamPosition) -> str:
    last = place.last.hex if place.kind else ""
    parts = (place.seq, place.within, place.moment, place.until or "", place.kind, last)
    return encode_cursor(_KIND, "/".join((id.hex, *map(str, parts))))


def place_of(id: UUID, cursor: str) -> StreamPosition:
    """Raises Refused for an invalid cursor, or one of another execution."""
    parts = decode_cursor(_KIND, cursor).split("/")
    try:
        own, seq, within, moment, until, kind, last = parts
        place = StreamPosition(
            int(seq), moment, int(within), until or None, kind, UUID(last) if kind else NO_ID
        )
    except ValueError as error:
        raise _foreign(cursor) from error
    numbers_fit = 0 <= place.seq <= _LARGEST and 0 <= place.within <= _LARGEST
    moments_fit = is_moment(moment) and (not until or is_moment(until))
    if own != id.hex or (kind and kind not in KINDS) or not numbers_fit or not moments_fit:
        raise _foreign(cursor)
    return place


def _foreign(cursor: str) -> Refused:
    sentence = (
        f"cursor {cursor[:60]!r} does not belong to this execution; pass one from its `cursor`"
    )
    return Refused.because(ProblemCode.VALIDATION, sentence, "after")


async def changes_of(info: Info, id: UUID, after: str | None) -> AsyncGenerator[Part, None]:
    place = place_of(id, after) if after else None
    services = info.context.services
    async for part in follow(services.pool, services.feed, id, place, weights_of(info)):
        yield part


def weights_of(info: Info) -> Mapping[str, Weight]:
    """Returns the estimated size of each selected kind of row, by its name in the store."""
    raw = info._raw_info
    message = raw.schema.type_map["ExecutionChange"]
    selected: dict[str, tuple[Any, list[SelectionSetNode | None]]] = {}
    whole = [node.selection_set for node in raw.field_nodes]
    for field, kind, below in fields_below(raw, message, whole):
        if name := _ROWS.get(field):
            selected.setdefault(name, (kind, []))[1].extend(below)
    return {name: _weight(raw, name, kind, below) for name, (kind, below) in selected.items()}


def _weight(raw: Raw, name: str, kind: Any, selected: Sequence[SelectionSetNode | None]) -> Weight:
    names = {field for field, _, _ in fields_below(raw, get_named_type(kind), selected)}
    long: Mapping[str, frozenset[str]] = _LONG.get(name, {})
    unselected = {column for column, needing in long.items() if not needing & names}
    row, attempt = _sizes(raw, kind, selected)
    if name != "task_runs":
        row, attempt = row + _LISTED * attempt, 0
    return Weight(row, attempt, _NEVER_SHOWN.get(name, frozenset()) | unselected)


def _sizes(raw: Raw, kind: Any, selected: Sequence[SelectionSetNode | None]) -> tuple[int, int]:
    """Estimates the characters of an object without its lists, and the sum of one element of each of its lists."""
    own = listed = 0
    for _, type, below in fields_below(raw, get_named_type(kind), selected):
        row, inner = _sizes(raw, type, below) if any(below) else (_LEAF, 0)
        size = row + _LISTED * inner
        if is_list_type(type.of_type if is_non_null_type(type) else type):
            listed += size
        else:
            own += size
    return own or _LEAF, listed
