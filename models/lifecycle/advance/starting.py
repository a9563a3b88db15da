"""Starts the next attempt of a task run."""

from models.events.events import AttemptStarted
from models.lifecycle.commands.commands import Evaluate, TimeOut
from models.lifecycle.snapshot import Execution, TaskRun, is_engine_task
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import ApprovalTask
from models.states import ExecutionState, Section, TaskRunState


def start(builder: TransitionBuilder, task: TaskRun) -> None:
    """Queues the task run, or starts an engine task at once. A foreach that runs again keeps the items that it has."""
    spec = builder.execution.spec_of(task)
    if not is_engine_task(spec):
        builder.move_task(task, TaskRunState.QUEUED)
        return
    number = task.attempt + 1
    before = builder.execution.tasks[task.path].state
    builder.emit(AttemptStarted(task.path, number, builder.context.new_id(), None, before))
    if not _has_its_items(builder.execution, task):
        builder.defer(Evaluate(task.path, number))
    if spec.timeout and not isinstance(spec, ApprovalTask):
        builder.defer(TimeOut(task.path, number), spec.timeout)


def _has_its_items(execution: Execution, task: TaskRun) -> bool:
    return task.path in execution.families


_RUNS = frozenset({ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING})


def may_start_attempt(execution: Execution, task: TaskRun) -> bool:
    """Checks whether an attempt may start now. While the execution is being killed, only `finally` starts."""
    if execution.state is ExecutionState.KILLING:
        return execution.section_of(task) is Section.FINALLY
    return execution.state in _RUNS
