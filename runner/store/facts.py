"""Events read back as the domain's facts: for the oracle and for looking into the past."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from models.events import TYPES, Ask, Event
from models.states import Channel
from runner.store.json import load

_READ: Mapping[str, TypeAdapter[Any]] = {
    type.value: TypeAdapter(fact) for fact, type in TYPES.items()
}


def event_of(row: Any) -> Event:
    """The event of a row of the events table."""
    return Event(
        execution_id=row["execution_id"],
        seq=row["seq"],
        at=row["at"],
        ask=Ask(row["actor"], Channel(row["channel"]), row["reason"]),
        fact=_READ[row["type"]].validate_python(load(row["data"])),
        caused_by=row["caused_by"],
    )
