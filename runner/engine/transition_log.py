"""Logs each event of an execution as one record with its ids as fields: logger `headway.transitions`.

A change of state is INFO, or WARNING if it is a failure; everything else is DEBUG. The text has the same ids, so an
execution's life can be found by its id in either format.
"""

import logging
from collections.abc import Sequence
from typing import Any

from models.events.events import Event, ExecutionCreated, ExecutionMoved
from models.ids import typed
from models.lifecycle.snapshot import Execution
from models.states import EXECUTION_FAILURES, FAILED_ENDS, ExecutionState
from models.task_error import TaskError

logger = logging.getLogger("headway.transitions")

_FIELDS = {
    "path": "task",
    "attempt": "attempt",
    "from_state": "from_state",
    "to_state": "to_state",
    "exit_code": "exit_code",
}
"""Attributes of facts that are fields of the record, with their names there."""
_FAILED: frozenset[str] = EXECUTION_FAILURES | FAILED_ENDS
_MAX_CAUSE = 300
"""Characters of an error or a reason in the text: it stays one line, whatever people write."""


def log_events(execution: Execution, events: Sequence[Event]) -> None:
    """`events` belong to `execution`, which is their result."""
    shown = [(level, event) for event in events if logger.isEnabledFor(level := _level(event))]
    if not shown:
        return
    common = {
        "execution_id": typed("exec", execution.id),
        "execution": execution.name,
        "namespace": execution.plan.spec.namespace,
        "flow": execution.plan.spec.id,
    }
    for level, event in shown:
        fields = {**common, **_fields(event, execution)}
        # As logger.log, but without its search for the calling line, which costs half of a record.
        record = logger.makeRecord(
            logger.name, level, __file__, 0, _sentence(fields), (), None, None, fields
        )
        logger.handle(record)


def _level(event: Event) -> int:
    to_state = getattr(event.fact, "to_state", None)
    if to_state in _FAILED:
        return logging.WARNING
    return logging.INFO if to_state or type(event.fact) is ExecutionCreated else logging.DEBUG


def _fields(event: Event, execution: Execution) -> dict[str, Any]:
    fact, origin = event.fact, event.origin
    fields: dict[str, Any] = {"seq": event.seq, "event": event.type.name, "actor": origin.actor}
    for attribute, name in _FIELDS.items():
        if (value := getattr(fact, attribute, None)) is not None:
            fields[name] = value
    if type(fact) is ExecutionCreated:
        fields["to_state"] = ExecutionState.CREATED
    if reason := getattr(fact, "reason", None) or origin.reason:
        fields["reason"] = reason
    if isinstance(error := getattr(fact, "error", None), TaskError):
        fields |= {"error_code": error.code, "error": error.message}
    elif isinstance(fact, ExecutionMoved) and fact.to_state in _FAILED and execution.failure:
        failure = execution.failure
        task = f"task {failure.path}: " if failure.path else ""
        fields |= {"error_code": failure.code, "error": f"{task}{failure.message}"}
    return fields


def _sentence(fields: dict[str, Any]) -> str:
    """As `etl-4k2j (exec_01k...) task load attempt 2: RUNNING -> FAILED by worker:w1: exit code 3`."""
    task = f" task {fields['task']}" if "task" in fields else ""
    attempt = f" attempt {fields['attempt']}" if "attempt" in fields else ""
    moved = " -> ".join(fields[one] for one in ("from_state", "to_state") if one in fields)
    why = " ".join(str(fields.get("error") or fields.get("reason") or "").split())[:_MAX_CAUSE]
    code = f"exit code {fields['exit_code']}" if fields.get("exit_code") else ""
    cause = f"{why} ({code})" if why and code and code not in why else why or code
    return (
        f"{fields['execution']} ({fields['execution_id']}){task}{attempt}: {moved or fields['event']} "
        f"by {fields['actor']}{f': {cause}' if cause else ''}"
    )
