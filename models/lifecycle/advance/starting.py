"""Giving a task run its next attempt."""

from models.events.events import AttemptStarted
from models.lifecycle.commands.commands import Evaluate, TimeOut
from models.lifecycle.snapshot import Execution, TaskRun, is_engine_task
from models.lifecycle.steps import Decision
from models.spec import ApprovalTask
from models.states import ExecutionState, Section, TaskRunState


def start(steps: Decision, task: TaskRun) -> None:
    """In its queue, or at once where the engine carries it. A foreach put back goes on with the items that it has."""
    spec = steps.execution.spec_of(task)
    if not is_engine_task(spec):
        steps.move_task(task, TaskRunState.QUEUED)
        return
    number = task.attempt + 1
    before = steps.execution.tasks[task.path].state
    steps.record(AttemptStarted(task.path, number, steps.context.new_id(), None, before))
    if not _has_its_items(steps.execution, task):
        steps.promise(Evaluate(task.path, number))
    if spec.timeout and not isinstance(spec, ApprovalTask):
        steps.promise(TimeOut(task.path, number), spec.timeout)


def _has_its_items(execution: Execution, task: TaskRun) -> bool:
    return task.path in execution.families


_RUNS = frozenset({ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING})


def takes_starts(execution: Execution, task: TaskRun) -> bool:
    """Whether an attempt may begin now. While the execution is being killed, only `finally` starts."""
    if execution.state is ExecutionState.KILLING:
        return execution.section_of(task) is Section.FINALLY
    return execution.state in _RUNS
