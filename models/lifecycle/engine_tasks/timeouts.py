"""Timeouts of what the engine carries, and of whole executions. Time that is paused, or that waits for people, does not
count: a timer that comes too early is set anew for what is left."""

from models.events.events import FailureRecorded, TaskError
from models.lifecycle.advance.advance import advance
from models.lifecycle.commands.commands import TimeOut, TimeOutExecution
from models.lifecycle.commands.outcomes import TimedOut
from models.lifecycle.ending import fail
from models.lifecycle.snapshot import TIMED_OUT, Execution, TaskRun
from models.lifecycle.stopping import begin_stopping, kill, stop
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import (
    ExecutionState,
    FailureAction,
    OnExecutionTimeout,
    Section,
    TaskRunState,
)

_CLOSE_ENOUGH = 0.01
"""Seconds by which a timer may come early."""
_LOOK_AGAIN = 1.0
"""Seconds until a timer looks again whose clock stands still."""


def time_out(builder: TransitionBuilder, command: TimeOut) -> None:
    task = builder.execution.tasks[command.path]
    timeout = builder.execution.spec_of(task).timeout
    if task.state is not TaskRunState.RUNNING or task.attempt != command.attempt or not timeout:
        return
    left = timeout - _used(builder, task)
    if left > _CLOSE_ENOUGH:
        if task.standing is None or not task.standing.held:  # else going on sets another
            stands = builder.execution.clock.since is None
            builder.promise(command, max(left, _LOOK_AGAIN) if stands else left)
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
    """Of the task run at `path`, and of each foreach around it: their time may count again."""
    around: str | None = path
    while around is not None:
        task = builder.execution.tasks[around]
        timeout = builder.execution.spec_of(task).timeout
        held = task.standing is not None and task.standing.held
        if timeout and task.state is TaskRunState.RUNNING and not held:
            builder.promise(TimeOut(task.path, task.attempt), timeout - _used(builder, task))
        around = task.parent


def _used(builder: TransitionBuilder, task: TaskRun) -> float:
    """Seconds of its time, without those in which its child was paused or waited for a person."""
    since = task.standing.since if task.standing else None
    return (builder.execution.clock.at(builder.now) if since is None else since) - task.clock_base


def _below(builder: TransitionBuilder, task: TaskRun) -> list[TaskRun]:
    start = f"{task.path}["
    return [each for each in builder.execution.tasks.values() if each.path.startswith(start)]


def time_out_execution(builder: TransitionBuilder, command: TimeOutExecution) -> None:
    """The execution is killed, or fails: what runs is ended as TIMED_OUT, `errors` and `finally` still run."""
    execution = builder.execution
    timeout = execution.plan.spec.timeout
    clock = execution.clock
    if timeout is None or clock.since is None or execution.state is ExecutionState.KILLING:
        return
    left = timeout - clock.counted(builder.now)
    if left > _CLOSE_ENOUGH:
        return  # since then it was paused, or a child was: going on has set a timer of its own
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
    """Its failure kills at once, as that of a task would; once all tasks have ended there is nothing to cancel."""
    tasks = execution.in_section(Section.TASKS)
    return execution.on_failure is FailureAction.CANCEL_ALL and not all(
        task.ended for task in tasks
    )
