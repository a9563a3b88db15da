"""The outcome of an attempt by its state, for tests that care about no more."""

from models.lifecycle.commands.outcomes import (
    AttemptOutcome,
    Failed,
    Killed,
    Lost,
    Succeeded,
    TimedOut,
)
from models.states import AttemptState
from models.task_error import TaskError

FAILURE = TaskError("EXIT_CODE", "exit code 1")


def outcome_of(
    end: AttemptState | AttemptOutcome, error: TaskError | None = None
) -> AttemptOutcome:
    if not isinstance(end, AttemptState):
        return end
    match end:
        case AttemptState.SUCCESS:
            return Succeeded()
        case AttemptState.FAILED:
            return Failed(error or FAILURE)
        case AttemptState.TIMED_OUT:
            return TimedOut(error or FAILURE)
        case AttemptState.KILLED:
            return Killed(error)
        case AttemptState.LOST:
            return Lost(error)
        case AttemptState.RUNNING:
            raise AssertionError("RUNNING is no end")
