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
    for event in events:
        to_state = _to_state(event)
        level = logging.INFO if to_state else logging.DEBUG
        if logger.isEnabledFor(level):
            fields = _fields(execution, event, to_state)
            logger.log(level, "%s", _sentence(fields), extra=fields)


def _to_state(event: Event) -> str | None:
    if isinstance(event.fact, ExecutionCreated):
        return ExecutionState.CREATED
    return getattr(event.fact, "to_state", None)


def _fields(execution: str, event: Event, to_state: str | None) -> dict[str, Any]:
    fact, error = event.fact, getattr(event.fact, "error", None)
    found = {
        "execution_id": typed("exec", event.execution_id),
        "execution": execution,
        "seq": event.seq,
        "event": event.type.value,
        **{name: getattr(fact, key, None) for key, name in _FIELDS.items()},
        "to_state": to_state,
        "actor": event.origin.actor,
        "reason": getattr(fact, "reason", None) or event.origin.reason,
        "error_code": error.code if isinstance(error, TaskError) else None,
        "error": error.message if isinstance(error, TaskError) else None,
    }
    return {
        name: str(v) if name.endswith("_state") else v for name, v in found.items() if v is not None
    }


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
