"""Events that people send to executions: validation, and the limits of the queue of those that no `wait` has taken."""

from datetime import datetime
from typing import Any, Final

from models.errors import ProblemCode, Refused
from models.inputs.values import check_event_name
from models.lifecycle.actions import RAN_ELSEWHERE, invalid_state
from models.lifecycle.commands.commands import Signal
from models.lifecycle.snapshot import Execution, TaskRun
from models.payloads import check_json, check_payload
from models.spec import WaitTask
from models.states import TaskRunState

MAX_KEPT: Final = 100
"""The most events of all names that an execution keeps."""
MAX_KEPT_DATA: Final = 4 * 1024 * 1024
"""The most bytes of data of all kept events, as JSON."""


def check_event(name: str, data: Any) -> None:
    """Raises Refused for an invalid name, or data that is too large."""
    try:
        check_event_name(name)
    except ValueError as error:
        raise Refused.because(ProblemCode.VALIDATION, f"name {error}", "name") from None
    check_payload(data, "data")


def require_not_ended(execution: Execution) -> None:
    if execution.ended:
        sentence = f"only an execution that has not ended takes events; this one is {execution.state.value}"
        raise Refused([invalid_state(execution, sentence)])
    if execution.ran_elsewhere:
        raise Refused([invalid_state(execution, RAN_ELSEWHERE)])


def require_capacity(execution: Execution, signal: Signal) -> None:
    """Raises Refused if the execution cannot keep one more event."""
    kept = [data for queue in execution.signals.values() for data in queue]
    if len(kept) >= MAX_KEPT:
        raise _full(execution, signal, f"it keeps {MAX_KEPT} events, which is the limit")
    size = sum(check_json(data, "data") for data in (*kept, signal.data))
    if size > MAX_KEPT_DATA:
        message = f"with this one it would keep more than {MAX_KEPT_DATA} bytes of events"
        raise _full(execution, signal, message)


def _full(execution: Execution, signal: Signal, message: str) -> Refused:
    same = len(execution.signals.get(signal.name, ()))
    return Refused.because(
        ProblemCode.PAYLOAD_TOO_LARGE,
        f"{message}, and no `wait` has taken them yet ({same} of them are `{signal.name}`); "
        "send this one again when waits have taken some",
        "name",
    )


def longest_waiting(execution: Execution, name: str) -> TaskRun | None:
    """Returns the wait for this event that began first; of several with the same start, the first of the document."""
    waits = [
        task
        for task in execution.tasks.values()
        if task.state is TaskRunState.RUNNING and _event_of(execution, task) == name
    ]
    return min(waits, key=_began, default=None)


def _event_of(execution: Execution, task: TaskRun) -> str | None:
    spec = execution.spec_of(task)
    return spec.event if isinstance(spec, WaitTask) else None


def _began(task: TaskRun) -> tuple[datetime, int]:
    assert task.newest
    return task.newest.started_at, task.position
