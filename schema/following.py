"""Following an execution by cursor: what one is, how much an answer comes to, what is told."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from strawberry.types.nodes import FragmentSpread, InlineFragment, SelectedField, Selection
from strawberry.utils.str_converters import to_snake_case

from models.errors import ProblemCode, Refused
from runner.following import Part, Place, Weights, follow
from runner.store.execution_changes import KINDS, NO_ID
from schema.context import Info
from schema.types.paging import decode_cursor, encode_cursor

_KIND: Final = "execution.place"
_LEAF: Final = 40
"""Characters of a field in an answer, about: its name, its value and what stands between."""
_LISTED: Final = 3
"""How many of a list within a row, about."""
_LONG: Final[Mapping[str, Mapping[str, str]]] = {
    "task_runs": {"inputs": "inputs", "outputs": "results"},
    "events": {"data": "data"},
    "children": {name: name for name in ("inputs", "outputs", "properties", "trigger", "failure")},
}
"""Columns with long texts, by the field that shows them."""
_NEVER_SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "task_runs": frozenset({"outputs", "standing"}),
    "children": frozenset({"tentative", "clock", "signals", "paused", "killing", "git"}),
}
_TOLD: Final = frozenset({"task_runs", "approvals", "notes", "events", "gone_artifacts", *KINDS})


def cursor_of(id: UUID, place: Place) -> str:
    last = place.last.hex if place.kind else ""
    parts = (place.seq, place.within, place.moment, place.until or "", place.kind, last)
    return encode_cursor(_KIND, "/".join((id.hex, *map(str, parts))))


def place_of(id: UUID, cursor: str) -> Place:
    """Raises Refused for what is no cursor, or one of another execution."""
    told = decode_cursor(_KIND, cursor).split("/")
    try:
        own, seq, within, moment, until, kind, last = told
        place = Place(
            int(seq), moment, int(within), until or None, kind, UUID(last) if kind else NO_ID
        )
    except ValueError as error:
        raise _foreign(cursor) from error
    if own != id.hex or (kind and kind not in KINDS):
        raise _foreign(cursor)
    return place


def _foreign(cursor: str) -> Refused:
    sentence = f"this cursor is not of this execution: {cursor[:60]!r}; pass one that it gave"
    return Refused.because(ProblemCode.VALIDATION, sentence, "after")


async def changes_of(info: Info, id: UUID, after: str | None) -> AsyncGenerator[Part, None]:
    place = place_of(id, after) if after else None
    services = info.context.services
    async for part in follow(services.pool, services.feed, id, place, weights_of(info)):
        yield part


def weights_of(info: Info) -> Weights:
    """Only what is asked of a message is read."""
    asked = {to_snake_case(one.name): one for one in _fields(info.selected_fields[0].selections)}
    if "gone_artifact_ids" in asked:
        asked["gone_artifacts"] = asked.pop("gone_artifact_ids")
    told = {name: asked[name] for name in asked.keys() & _TOLD}
    return Weights(
        {name: _size(field) for name, field in told.items()},
        {name: _left_out(name, field) for name, field in told.items()},
    )


def _fields(selections: Iterable[Selection]) -> Iterable[SelectedField]:
    for one in selections:
        if isinstance(one, SelectedField):
            yield one
        elif isinstance(one, FragmentSpread | InlineFragment):
            yield from _fields(one.selections)


def _size(field: SelectedField) -> float:
    """About how many characters a row comes to."""
    return (
        sum(_LISTED * _size(one) if one.selections else _LEAF for one in _fields(field.selections))
        or _LEAF
    )


def _left_out(name: str, field: SelectedField) -> frozenset[str]:
    asked = {one.name for one in _fields(field.selections)}
    long: Mapping[str, Any] = _LONG.get(name, {})
    unasked = {column for shown, column in long.items() if shown not in asked}
    return _NEVER_SHOWN.get(name, frozenset()) | unasked
