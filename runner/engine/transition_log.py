"""Logs each event of an execution as one record with its ids as fields: logger `headway.transitions`.

A change of state is INFO, everything else is DEBUG. The text has the same ids, so an execution's life can be found by
its id in either format.
"""

import logging
from collections.abc import Sequence
from typing import Any

from models.events.events import Event, ExecutionCreated
from models.ids import typed
from models.states import ExecutionState
from models.task_error import TaskError

logger = logging.getLogger("headway.transitions")

_FIELDS = {
    "path": "task",
    "attempt": "attempt",
    "from_state": "from_state",
    "worker": "worker",
    "exit_code": "exit_code",
}
"""Attributes of facts that are fields of the record, with their names there."""
_MAX_CAUSE = 300
"""Characters of an error or a reason in the text: it stays one line, whatever people write."""


def log_events(execution: str, events: Sequence[Event]) -> None:
    """`execution` is the name of the execution that all the events belong to."""
    shown = [(level, event) for event in events if logger.isEnabledFor(level := _level(event))]
    if not shown:
        return
    common = {"execution_id": typed("exec", shown[0][1].execution_id), "execution": execution}
    for level, event in shown:
        fields = {**common, **_fields(event)}
        # As logger.log, but without its search for the calling line, which costs half of a record.
        record = logger.makeRecord(
            logger.name, level, __file__, 0, _sentence(fields), (), None, None, fields
        )
        logger.handle(record)


def _level(event: Event) -> int:
    return logging.DEBUG if _to_state(event.fact) is None else logging.INFO


def _to_state(fact: object) -> str | None:
    return (
        ExecutionState.CREATED
        if type(fact) is ExecutionCreated
        else getattr(fact, "to_state", None)
    )


def _fields(event: Event) -> dict[str, Any]:
    fact, origin = event.fact, event.origin
    fields: dict[str, Any] = {"seq": event.seq, "event": event.type.value, "actor": origin.actor}
    for attribute, name in _FIELDS.items():
        if (value := getattr(fact, attribute, None)) is not None:
            fields[name] = value
    if to_state := _to_state(fact):
        fields["to_state"] = to_state
    if reason := getattr(fact, "reason", None) or origin.reason:
        fields["reason"] = reason
    if isinstance(error := getattr(fact, "error", None), TaskError):
        fields |= {"error_code": error.code, "error": error.message}
    return fields


def _sentence(fields: dict[str, Any]) -> str:
    """As `etl-4k2j (exec_01k...) task load attempt 2: RUNNING -> FAILED by worker:w1: exit code 3`."""
    task = f" task {fields['task']}" if "task" in fields else ""
    attempt = f" attempt {fields['attempt']}" if "attempt" in fields else ""
    moved = " -> ".join(fields[one] for one in ("from_state", "to_state") if one in fields)
    why = " ".join(str(fields.get("error") or fields.get("reason") or "").split())
    by = fields.get("worker") or fields["actor"]
    return (
        f"{fields['execution']} ({fields['execution_id']}){task}{attempt}: {moved or fields['event']} "
        f"by {by}{f': {why[:_MAX_CAUSE]}' if why else ''}"
    )
