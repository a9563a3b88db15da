"""Ends attempts of engine tasks: with success, with a failure that may be retried, or stopped."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.events.events import AttemptEnded, TaskError
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.summaries import message_after_wait
from models.lifecycle.transition_builder import TransitionBuilder
from models.retry import delay_before, may_retry
from models.spec import ForeachTask, TaskSpec
from models.states import AttemptState, TaskRunState


def fail(
    builder: TransitionBuilder,
    task: TaskRun,
    end: AttemptState,
    error: TaskError,
    to_state: TaskRunState = TaskRunState.FAILED,
) -> None:
    """Ends the attempt as failed and retries it if allowed. A foreach is not retried, as its tasks are."""
    spec: TaskSpec = builder.execution.spec_of(task)
    used = task.attempt - task.attempt_base - task.lost
    again = not isinstance(spec, ForeachTask) and may_retry(spec.retry, end, used)
    if again and not builder.execution.has_timed_out:
        assert spec.retry
        seconds = delay_before(spec.retry, used, builder.context.random)
        retry_at = builder.now + timedelta(seconds=seconds)
        builder.emit(
            AttemptEnded(
                task.path,
                task.attempt,
                end,
                task.state,
                TaskRunState.RETRYING,
                error=error,
                retry_at=retry_at,
                message=message_after_wait(builder.execution, task),
            )
        )
        return
    if spec.allow_failure:
        to_state = TaskRunState.WARNING
    end_attempt(builder, task, end, to_state, error=error)


def end_attempt(
    builder: TransitionBuilder,
    task: TaskRun,
    state: AttemptState,
    to_state: TaskRunState,
    outputs: Mapping[str, Any] | None = None,
    error: TaskError | None = None,
) -> None:
    builder.emit(
        AttemptEnded(
            task.path,
            task.attempt,
            state,
            task.state,
            to_state,
            outputs=outputs,
            error=error,
            message=message_after_wait(builder.execution, task),
        )
    )


def error_end(spec: TaskSpec) -> TaskRunState:
    """Returns the state for an expression that cannot be evaluated or invalid settings: ERROR, or with
    `allow_failure` WARNING."""
    return TaskRunState.WARNING if spec.allow_failure else TaskRunState.ERROR
