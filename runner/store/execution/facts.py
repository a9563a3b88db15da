"""Converts event rows back to the domain's facts: for checking invariants and for reading the past."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from pydantic import TypeAdapter

from models.events.events import TYPES, CommandOrigin, Event
from models.lifecycle.apply.attempt_values import VALUE_FACTS, Given, given_by_attempts
from models.states import Channel
from runner.store.json import load
from runner.store.postgres.connection import Executes
from runner.store.rows import StoredEventRow

_READ: Mapping[str, TypeAdapter[Any]] = {
    type.value: TypeAdapter(fact) for fact, type in TYPES.items()
}


def event_of(row: StoredEventRow) -> Event:
    """Converts a row of the events table."""
    return Event(
        execution_id=row["execution_id"],
        seq=row["seq"],
        at=row["at"],
        origin=CommandOrigin(row["actor"], Channel(row["channel"]), row["reason"]),
        fact=_READ[row["type"]].validate_python(load(row["data"])),
        caused_by=row["caused_by"],
    )


_GIVEN = """
select execution_id, task_run_id, type, data from events
where execution_id = any($1::uuid[]) and task_run_id is not null and type = any($2::text[])
  and ($3::uuid[] is null or task_run_id = any($3))
order by execution_id, seq
"""


class _GivenRow(TypedDict):
    execution_id: UUID
    task_run_id: UUID
    type: str
    data: str


_VALUE_TYPES = [TYPES[fact].value for fact in VALUE_FACTS]


async def given_of(
    pool: Executes, execution_ids: Sequence[UUID], task_run_ids: Sequence[UUID] | None = None
) -> Mapping[UUID, Mapping[tuple[UUID, int], Given]]:
    """Returns, by execution, the values that each attempt reported according to its events; of these task runs, or of
    all."""
    found: dict[UUID, list[tuple[UUID, Any]]] = {id: [] for id in execution_ids}
    rows: list[_GivenRow] = await pool.fetch(
        _GIVEN, list(execution_ids), _VALUE_TYPES, task_run_ids
    )
    for row in rows:
        fact = _READ[row["type"]].validate_python(load(row["data"]))
        found[row["execution_id"]].append((row["task_run_id"], fact))
    return {id: given_by_attempts(facts) for id, facts in found.items()}
