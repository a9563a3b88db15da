"""Events that people send to executions: what they may be, and how many one keeps that nothing has waited for yet."""

from typing import Any, Final

from models.errors import ProblemCode, Refused
from models.lifecycle.actions import invalid_state
from models.lifecycle.commands import Signal
from models.lifecycle.snapshot import Execution
from models.payloads import check_json, check_payload
from models.values import check_event_name

MAX_KEPT: Final = 100
"""Events of different names that an execution keeps."""
MAX_KEPT_DATA: Final = 4 * 1024 * 1024
"""Bytes of the data of all of these."""


def check_event(name: str, data: Any) -> None:
    """Raises Refused for what no wait could be sent."""
    try:
        check_event_name(name)
    except ValueError as error:
        raise Refused.because(ProblemCode.VALIDATION, f"name {error}", "name") from None
    check_payload(data, "data")


def require_living(execution: Execution) -> None:
    if execution.ended:
        sentence = f"only an execution that has not ended takes events; this one is {execution.state.value}"
        raise Refused([invalid_state(execution, sentence)])


def require_room(execution: Execution, signal: Signal) -> None:
    """One more to keep; of a name that is kept already it takes the place of that one."""
    others = {name: data for name, data in execution.signals.items() if name != signal.name}
    if len(others) >= MAX_KEPT:
        raise _full(f"it keeps {MAX_KEPT} events that nothing has waited for")
    size = sum(check_json(data, "data") for data in (*others.values(), signal.data))
    if size > MAX_KEPT_DATA:
        raise _full(f"with this one it would keep more than {MAX_KEPT_DATA} bytes of events")


def _full(told: str) -> Refused:
    return Refused.because(
        ProblemCode.PAYLOAD_TOO_LARGE, f"{told}; send this one when something waits for it", "name"
    )
