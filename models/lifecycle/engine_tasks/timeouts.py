"""Timeouts of engine tasks and of whole executions. Time during a pause or an approval does not count: a timer that
fires too early is set again for what is left."""

from models.events.events import FailureRecorded, TaskError
from models.lifecycle.advance.advance import advance
from models.lifecycle.commands.commands import TimeOut, TimeOutExecution
from models.lifecycle.commands.outcomes import TimedOut
from models.lifecycle.ending import fail
from models.lifecycle.snapshot import TIMED_OUT, Execution, TaskRun
from models.lifecycle.stopping import begin_stopping, kill, stop
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import ExecutionState, FailureAction, OnExecutionTimeout, Section, TaskRunState

_TOLERANCE_SECONDS = 0.01
"""Seconds by which a timer may fire early."""
_RECHECK_SECONDS = 1.0
"""The fewest seconds until the next check while the execution's clock is stopped."""


def time_out(builder: TransitionBuilder, command: TimeOut) -> None:
    task = builder.execution.tasks[command.path]
    timeout = builder.execution.spec_of(task).timeout
    if task.state is not TaskRunState.RUNNING or task.attempt != command.attempt or not timeout:
        return
    left = timeout - _used(builder, task)
    if left > _TOLERANCE_SECONDS:
        if task.standing is None or not task.standing.held:  # else the end of the hold sets another
            is_stopped = builder.execution.clock.since is None
            builder.defer(command, max(left, _RECHECK_SECONDS) if is_stopped else left)
        return
    error = TaskError(TIMED_OUT, f"took longer than its timeout of {timeout:g} s")
    below = _below(builder, task)
    if task.child or any(not each.ended for each in below):
        begin_stopping(builder, task, error)
        stop(builder, below)
    else:
        fail(builder, task, TimedOut(error))
    advance(builder)


def set_task_timers(builder: TransitionBuilder, path: str) -> None:
    """Sets the timers of the task run at `path` and of each foreach around it, as their time may count again."""
    around: str | None = path
    while around is not None:
        task = builder.execution.tasks[around]
        timeout = builder.execution.spec_of(task).timeout
        held = task.standing is not None and task.standing.held
        if timeout and task.state is TaskRunState.RUNNING and not held:
            builder.defer(TimeOut(task.path, task.attempt), timeout - _used(builder, task))
        around = task.parent


def _used(builder: TransitionBuilder, task: TaskRun) -> float:
    """Returns the seconds since its start, without those in which its child was paused or waited for a person."""
    since = task.standing.since if task.standing else None
    return (builder.execution.clock.at(builder.now) if since is None else since) - task.clock_base


def _below(builder: TransitionBuilder, task: TaskRun) -> list[TaskRun]:
    start = f"{task.path}["
    return [each for each in builder.execution.tasks.values() if each.path.startswith(start)]


def time_out_execution(builder: TransitionBuilder, command: TimeOutExecution) -> None:
    """Kills the execution, or lets it fail: running attempts end as TIMED_OUT, `errors` and `finally` still run."""
    execution = builder.execution
    timeout = execution.plan.spec.timeout
    clock = execution.clock
    if timeout is None or clock.since is None or execution.state is ExecutionState.KILLING:
        return
    left = timeout - clock.counted(builder.now)
    if left > _TOLERANCE_SECONDS:
        return  # it or a child was paused meanwhile: the resume has set another timer
    if execution.failure and execution.failure.path is None:
        return
    error = TaskError(TIMED_OUT, f"did not end within its timeout of {timeout:g} s")
    builder.emit(FailureRecorded(error))
    if execution.plan.spec.on_timeout is OnExecutionTimeout.CANCEL or _cancels_all(execution):
        kill(builder)
    else:
        stop(builder, execution.in_section(Section.TASKS))
    advance(builder)


def _cancels_all(execution: Execution) -> bool:
    """Checks whether the failure cancels the other tasks; once all have ended there is nothing to cancel."""
    tasks = execution.in_section(Section.TASKS)
    return execution.on_failure is FailureAction.CANCEL_ALL and not all(
        task.ended for task in tasks
    )
