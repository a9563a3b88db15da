"""How an attempt that the engine carries ends: well, failed and perhaps retried, or stopped."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.events.events import AttemptEnded, TaskError
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.steps import Decision
from models.lifecycle.summaries import waited
from models.retry import delay_before, may_retry
from models.spec import ForeachTask, TaskSpec
from models.states import AttemptState, TaskRunState


def fail(
    steps: Decision,
    task: TaskRun,
    end: AttemptState,
    error: TaskError,
    to_state: TaskRunState = TaskRunState.FAILED,
) -> None:
    """Retried like any other failure, except a foreach: its tasks are what is tried again."""
    spec: TaskSpec = steps.execution.spec_of(task)
    used = task.attempt - task.attempt_base - task.lost
    again = not isinstance(spec, ForeachTask) and may_retry(spec.retry, end, used)
    if again and not steps.execution.has_timed_out:
        assert spec.retry
        seconds = delay_before(spec.retry, used, steps.context.random)
        retry_at = steps.now + timedelta(seconds=seconds)
        steps.record(
            AttemptEnded(
                task.path,
                task.attempt,
                end,
                task.state,
                TaskRunState.RETRYING,
                error=error,
                retry_at=retry_at,
                message=waited(steps.execution, task),
            )
        )
        return
    if spec.allow_failure:
        to_state = TaskRunState.WARNING
    end_attempt(steps, task, end, to_state, error=error)


def end_attempt(
    steps: Decision,
    task: TaskRun,
    state: AttemptState,
    to_state: TaskRunState,
    outputs: Mapping[str, Any] | None = None,
    error: TaskError | None = None,
) -> None:
    steps.record(
        AttemptEnded(
            task.path,
            task.attempt,
            state,
            task.state,
            to_state,
            outputs=outputs,
            error=error,
            message=waited(steps.execution, task),
        )
    )


def error_end(spec: TaskSpec) -> TaskRunState:
    """ERROR, of an expression that cannot be evaluated or settings that will not do; allowed as any failure may be."""
    return TaskRunState.WARNING if spec.allow_failure else TaskRunState.ERROR
