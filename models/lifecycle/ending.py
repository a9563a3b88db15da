"""Ends attempts: with success, with a failure that may be retried, or stopped."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.events.events import AttemptEnded
from models.lifecycle.apply.changes import with_exit_code
from models.lifecycle.commands.outcomes import (
    AttemptOutcome,
    Failed,
    FromCache,
    HandedBack,
    Succeeded,
    TimedOut,
)
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.summaries import message_after_wait
from models.lifecycle.transition_builder import TransitionBuilder
from models.retry import delay_before, may_retry
from models.spec import ForeachTask, TaskSpec
from models.states import SUCCESSFUL_ENDS, AttemptState, TaskRunState

_SUCCESSES = SUCCESSFUL_ENDS - {TaskRunState.WARNING}


def fail(
    builder: TransitionBuilder,
    task: TaskRun,
    outcome: Failed | TimedOut,
    to_state: TaskRunState = TaskRunState.FAILED,
) -> None:
    """Ends the attempt as failed and retries it if allowed. A foreach is not retried, as its tasks are."""
    spec: TaskSpec = builder.execution.spec_of(task)
    used = task.attempt - task.attempt_base - task.lost
    again = not isinstance(spec, ForeachTask) and may_retry(spec.retry, outcome.state, used)
    if again and not builder.execution.has_timed_out:
        assert spec.retry
        seconds = delay_before(spec.retry, used, builder.context.random)
        retry_at = builder.now + timedelta(seconds=seconds)
        end_attempt(builder, task, outcome, TaskRunState.RETRYING, retry_at=retry_at)
        return
    if spec.allow_failure:
        to_state = TaskRunState.WARNING
    end_attempt(builder, task, outcome, to_state)


def end_attempt(
    builder: TransitionBuilder,
    task: TaskRun,
    outcome: AttemptOutcome,
    to_state: TaskRunState,
    outputs: Mapping[str, Any] | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    exit_code: int | None = None,
    resources: Mapping[str, Any] | None = None,
    retry_at: datetime | None = None,
    reason: str | None = None,
    message: str | None = None,
) -> None:
    """Emits the only event that ends an attempt. Without a `message` that of a wait is kept.

    A success has an end of the task run after which other tasks start; nothing else may, except with `allow_failure`.
    """
    succeeded = outcome.state is AttemptState.SUCCESS
    fits = to_state in SUCCESSFUL_ENDS if succeeded else to_state not in _SUCCESSES
    assert fits, f"{outcome} cannot end a task run in {to_state}"
    builder.emit(
        AttemptEnded(
            path=task.path,
            attempt=task.attempt,
            state=outcome.state,
            from_state=task.state,
            to_state=to_state,
            inputs=inputs,
            outputs=outputs,
            error=with_exit_code(outcome.error, exit_code),
            exit_code=exit_code,
            resources=resources,
            retry_at=retry_at,
            reason=outcome.reason if isinstance(outcome, HandedBack) else reason,
            cache_key=outcome.cache_key if isinstance(outcome, Succeeded) else None,
            outputs_from=outcome.reused.outputs_from if isinstance(outcome, FromCache) else None,
            message=message or message_after_wait(builder.execution, task),
            handed_back=isinstance(outcome, HandedBack),
        )
    )
    if isinstance(outcome, FromCache):
        builder.set_reused_outputs(task.path, outcome.reused.outputs)


def error_end(spec: TaskSpec) -> TaskRunState:
    """Returns the state of a task run with a wrong expression or settings: ERROR, or WARNING with `allow_failure`."""
    return TaskRunState.WARNING if spec.allow_failure else TaskRunState.ERROR
