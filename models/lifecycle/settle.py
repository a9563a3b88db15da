"""What follows by itself once something has changed: failures act, tasks start, the execution ends.

`settle` is called after every change and finds, from the snapshot alone, everything that is due.
"""

from models.events import ApprovalClosed, AttemptEnded, AttemptStarted, ExecutionMoved, KillForced
from models.lifecycle.commands import Evaluate, KillDeadline
from models.lifecycle.snapshot import Execution, TaskRun, is_engine_task
from models.lifecycle.steps import Steps
from models.lifecycle.votes import close_decided
from models.states import (
    GOOD_ENDS,
    ApprovalState,
    AttemptState,
    ExecutionState,
    FailureAction,
    TaskRunState,
)

LEASE = 10.0
"""Seconds that a worker's right to an attempt lasts without a heartbeat."""
HEARTBEAT = 3.0
"""Seconds between two heartbeats of a worker."""
FENCE_AFTER = 2 * HEARTBEAT
"""Seconds after a kill's grace until attempts that have not ended are fenced."""


def move(steps: Steps, to: ExecutionState) -> None:
    """Setting the state it is in is no event."""
    if steps.execution.state is not to:
        steps.record(ExecutionMoved(steps.execution.state, to))


def settle(steps: Steps) -> None:
    state = steps.execution.state
    if steps.execution.ended:
        return
    if state is ExecutionState.KILLING:
        _end_when_killed(steps)
    elif _kills(steps.execution):
        kill(steps)
    elif state is not ExecutionState.PAUSED:
        _go_on(steps)


def _go_on(steps: Steps) -> None:
    close_decided(steps)
    if steps.execution.has_failed:
        if _kills(steps.execution):
            kill(steps)
            return
        move(steps, ExecutionState.FAILED_FINISHING)
        _cancel_what_failure_forbids(steps)
    _start_ready(steps)
    if all(task.ended for task in steps.execution.tasks.values()):
        _conclude(steps)
    elif not steps.execution.has_failed:
        move(steps, _standing(steps.execution))


def _kills(execution: Execution) -> bool:
    """A task's failure under CANCEL_ALL; the execution's own failure, as an output's, has nothing left to kill."""
    return execution.on_failure is FailureAction.CANCEL_ALL and bool(execution.failed_tasks())


def _standing(execution: Execution) -> ExecutionState:
    """RUNNING, or WAITING_FOR_APPROVAL when only a person can move it."""
    alive = {task.state for task in execution.tasks.values() if not task.ended}
    only_people = TaskRunState.WAITING_FOR_APPROVAL in alive and alive <= {
        TaskRunState.WAITING_FOR_APPROVAL,
        TaskRunState.CREATED,
    }
    return ExecutionState.WAITING_FOR_APPROVAL if only_people else ExecutionState.RUNNING


def _cancel_what_failure_forbids(steps: Steps) -> None:
    execution = steps.execution
    everything = execution.on_failure is FailureAction.FINISH_RUNNING
    failed = {task.key for task in execution.failed_tasks()}
    for task in execution.tasks.values():
        if task.state is TaskRunState.CREATED and (
            everything or failed & execution.plan.graph.upstream(task.key)
        ):
            steps.move_task(task, TaskRunState.CANCELLED)


def _start_ready(steps: Steps) -> None:
    for task in list(steps.execution.tasks.values()):
        if task.state is TaskRunState.CREATED and _is_ready(steps.execution, task):
            start(steps, task)


def _is_ready(execution: Execution, task: TaskRun) -> bool:
    needs = execution.plan.graph.needs(task.key)
    return all(execution.tasks[key].state in GOOD_ENDS for key in needs)


def start(steps: Steps, task: TaskRun) -> None:
    """Give a task run its next attempt: in its queue, or at once where the engine carries it."""
    if not is_engine_task(steps.execution.spec_of(task)):
        steps.move_task(task, TaskRunState.QUEUED)
        return
    number = task.attempt + 1
    if task.ended:
        steps.move_task(task, TaskRunState.CREATED)
    steps.record(
        AttemptStarted(
            task.path,
            number,
            steps.context.new_id(),
            None,
            steps.execution.tasks[task.path].state,
        )
    )
    steps.promise(Evaluate(task.path, number))


def _conclude(steps: Steps) -> None:
    """End it, or have its outputs evaluated first: `Conclude` comes back here with them."""
    execution = steps.execution
    end = _end_of(execution)
    owes_outputs = end in (ExecutionState.SUCCESS, ExecutionState.WARNING)
    if owes_outputs and execution.plan.spec.outputs and not execution.outputs:
        move(steps, ExecutionState.RUNNING)
        steps.promise(Evaluate(None, None))
    else:
        move(steps, end)


def _end_of(execution: Execution) -> ExecutionState:
    states = {task.state for task in execution.tasks.values()}
    for task_state, end in (
        (TaskRunState.REJECTED, ExecutionState.REJECTED),
        (TaskRunState.FAILED, ExecutionState.FAILED),
        (TaskRunState.ERROR, ExecutionState.ERROR),
    ):
        if task_state in states:
            return end
    if execution.has_failed:
        return ExecutionState.ERROR
    return ExecutionState.WARNING if TaskRunState.WARNING in states else ExecutionState.SUCCESS


# -- stopping ---------------------------------------------------------------------------------------------------------


def kill(steps: Steps, force: bool = False) -> None:
    """KILLING; what no worker owns ends at once, the rest has its grace and then its deadline."""
    move(steps, ExecutionState.KILLING)
    if force:
        steps.record(KillForced())
    for task in list(steps.execution.tasks.values()):
        if not task.ended:
            _stop(steps, task)
    _end_when_killed(steps)
    if not steps.execution.ended:
        steps.promise(KillDeadline(), FENCE_AFTER + (0 if force else _grace(steps.execution)))


def _stop(steps: Steps, task: TaskRun) -> None:
    if task.lease is not None:
        steps.move_task(task, TaskRunState.KILLING)
    elif task.state in (TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL):
        if task.approval and task.approval.state is ApprovalState.PENDING:
            steps.record(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
        end_killed(steps, task, AttemptState.KILLED)
    else:
        steps.move_task(task, TaskRunState.KILLED if task.attempt else TaskRunState.CANCELLED)


def end_killed(steps: Steps, task: TaskRun, end: AttemptState, reason: str | None = None) -> None:
    steps.record(
        AttemptEnded(task.path, task.attempt, end, task.state, TaskRunState.KILLED, reason=reason)
    )


def _end_when_killed(steps: Steps) -> None:
    if all(task.ended for task in steps.execution.tasks.values()):
        move(steps, ExecutionState.KILLED)


def _grace(execution: Execution) -> float:
    """The longest grace of what is being killed, in seconds."""
    return max(
        (
            execution.spec_of(task).kill_grace
            for task in execution.tasks.values()
            if task.state is TaskRunState.KILLING
        ),
        default=0.0,
    )
