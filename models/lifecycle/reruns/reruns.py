"""Resets ended task runs: retryFailed while the execution runs, restart once it has ended, and corrections by people.
Nothing is started here: a reset task run waits until `advance` finds it ready."""

from collections.abc import Set

from models.events.events import ExecutionMoved, LabelsSet, OutputsSet, TaskRunMoved
from models.lifecycle.actions import (
    RESTARTED,
    RETRIED,
    Action,
    require,
    require_state,
    require_task_state,
)
from models.lifecycle.admission import admit_or_queue
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.approvals.consent import SUCCEEDED, allow, bypassed_by_change, undecided
from models.lifecycle.commands.commands import ChangeState, ChangeTaskRunState, Restart, RetryFailed
from models.lifecycle.pausing import leave_pause
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.task_path import parse_path
from models.lifecycle.transition_builder import TransitionBuilder
from models.payloads import check_payload
from models.spec import ApprovalTask
from models.states import SUCCESSFUL_ENDS, ExecutionState, ReuseDecision, Section, TaskRunState

_RAN_AGAIN = frozenset({Section.ERRORS, Section.FINALLY})


def reset_by_retry(execution: Execution) -> list[TaskRun]:
    """Returns the FAILED, ERROR and KILLED task runs, and those that were cancelled because of them."""
    return _to_reset(execution, RETRIED | {TaskRunState.CANCELLED})


def reset_by_restart(execution: Execution) -> list[TaskRun]:
    """Returns the same and the rejected approvals."""
    return _to_reset(execution, RESTARTED)


def _to_reset(execution: Execution, states: Set[TaskRunState]) -> list[TaskRun]:
    """Returns those in `states`, the foreach tasks around them, and those of `errors` and `finally`."""
    paths = {
        task.path
        for task in execution.tasks.values()
        if task.state in states or (task.ended and execution.section_of(task) in _RAN_AGAIN)
    }
    for path in list(paths):
        around = execution.tasks[path].parent
        while around is not None:
            paths.add(around)
            around = execution.tasks[around].parent
    paths |= _decided_again(execution, paths)
    found = [task for path, task in execution.tasks.items() if path in paths and task.ended]
    first = execution.failure.path if execution.failure else None
    return sorted(
        found, key=lambda task: task.path == first
    )  # the first failure is last, so that no other failure becomes the first meanwhile


def _decided_again(execution: Execution, paths: Set[str]) -> set[str]:
    """Returns the approvals before the reset task runs that have to be decided again: with `reuse: never`, or decided
    on what runs again. Includes the task runs between, and the foreach tasks around such an approval."""
    if not execution.plan.has_approvals:
        return set()
    approvals = [
        task for task in execution.tasks.values() if task.approval and task.state in SUCCESSFUL_ENDS
    ]
    added: set[str] = set()
    size = -1
    while size != len(added):
        size = len(added)
        for task in approvals:
            if _is_outdated(execution, task, paths | added):
                added |= _reset_with(execution, task, paths | added)
    return added


def _is_outdated(execution: Execution, task: TaskRun, paths: Set[str]) -> bool:
    spec = execution.plan.tasks.get(task.key)
    if isinstance(spec, ApprovalTask) and spec.reuse is ReuseDecision.NEVER:
        return True
    return any(
        around.level + key in paths
        for around in _with_around(execution, task)
        for key in execution.plan.graph.upstream(around.key)
    )


def _reset_with(execution: Execution, task: TaskRun, paths: Set[str]) -> set[str]:
    """Returns nothing if nothing in `paths` comes after it."""
    added: set[str] = set()
    inside: list[TaskRun] = []
    for around in _with_around(execution, task):
        inside.append(around)
        if between := _until(execution, around, paths):
            added |= between | {each.path for each in inside}
            added |= {path for each in inside[:-1] for path in _after(execution, each)}
    return added


def _with_around(execution: Execution, task: TaskRun) -> list[TaskRun]:
    return [task, *(execution.tasks[path] for path in _around(task))]


def _after(execution: Execution, task: TaskRun) -> list[str]:
    """Returns the paths downstream of the task, in its own iteration."""
    keys = execution.plan.graph.downstream(task.key)
    return [path for key in keys if (path := task.level + key) in execution.tasks]


def _until(execution: Execution, task: TaskRun, paths: Set[str]) -> set[str]:
    """Returns the paths downstream of the task, up to and including `paths`; none if no path of `paths` is."""
    after = set(_after(execution, task))
    ends = {execution.tasks[path].key for path in after & paths}
    before = {task.level + key for end in ends for key in execution.plan.graph.upstream(end)}
    return (after & before) | (after & paths)


def retry_failed(builder: TransitionBuilder, _: RetryFailed) -> None:
    require(builder.execution, Action.RETRY_FAILED)
    if builder.execution.state is ExecutionState.PAUSED:
        leave_pause(builder, ExecutionState.FAILED_FINISHING)
    for task in list(reset_by_retry(builder.execution)):
        builder.move_task(task, TaskRunState.CREATED)
    move(builder, ExecutionState.RUNNING)
    advance(builder)


def restart(builder: TransitionBuilder, _: Restart) -> None:
    restart_execution(builder)


def restart_execution(builder: TransitionBuilder, shares_slot: bool = False) -> None:
    """Raises Refused if there is nothing to run again. `shares_slot`: with the parent that restarts it."""
    require(builder.execution, Action.RESTART)
    tasks = [task.path for task in reset_by_restart(builder.execution)]
    _move_to_restarted(builder, shares_slot)
    for path in tasks:
        builder.move_task(builder.execution.tasks[path], TaskRunState.CREATED)
    admit_or_queue(builder)


def _move_to_restarted(builder: TransitionBuilder, shares_slot: bool = False) -> None:
    builder.emit(
        ExecutionMoved(builder.execution.state, ExecutionState.RESTARTED, shares_slot=shares_slot)
    )
    labels = {**builder.execution.labels, "system.restarted": "true"}
    if labels != builder.execution.labels:
        builder.emit(LabelsSet(labels))


# -- corrections ------------------------------------------------------------------------------------------------------


def change_state(builder: TransitionBuilder, command: ChangeState) -> None:
    """Changes only the state of an ended execution."""
    require_state(builder, command.state)
    if command.state in SUCCEEDED:
        allow(builder, undecided(builder.execution), command.may_override)
    if builder.execution.state is not command.state:
        builder.emit(ExecutionMoved(builder.execution.state, command.state))


def change_task_run_state(builder: TransitionBuilder, command: ChangeTaskRunState) -> None:
    """Changes the state of a task run. Cancelled tasks downstream become pending again, and the execution continues."""
    task = builder.execution.tasks[command.path]
    require_task_state(builder, task, command.state)
    if task.state is command.state and not command.outputs:
        return
    allow(builder, bypassed_by_change(builder.execution, command), command.may_override)
    ended = builder.execution.ended
    if ended:
        _move_to_restarted(builder)
    if task.state is not command.state:
        builder.emit(TaskRunMoved(task.path, task.state, command.state))
    if command.outputs:
        check_payload({**task.outputs, **command.outputs}, "outputs")
        builder.emit(OutputsSet(task.path, command.outputs))
    for path in _reset_after(builder.execution, task):
        builder.move_task(builder.execution.tasks[path], TaskRunState.CREATED)
    if ended:
        _reset_last(builder, task)
        admit_or_queue(builder)
    else:
        _advance_again(builder)


def _reset_last(builder: TransitionBuilder, changed: TaskRun) -> None:
    for task in list(builder.execution.tasks.values()):
        last = builder.execution.section_of(task) in _RAN_AGAIN
        if last and task.ended and task.path != changed.path:
            builder.move_task(task, TaskRunState.CREATED)


def _advance_again(builder: TransitionBuilder) -> None:
    execution = builder.execution
    if execution.state is ExecutionState.FAILED_FINISHING and not execution.has_failed:
        move(builder, ExecutionState.RUNNING)
    advance(builder)


def _reset_after(execution: Execution, task: TaskRun) -> list[str]:
    """Returns the task runs to reset: those cancelled downstream of it or of a foreach around it, also within foreach
    tasks among those; and the foreach tasks around it that had not succeeded."""
    keys = set(execution.plan.graph.downstream(task.key))
    around = execution.plan.parents[task.key]
    while around is not None:
        keys |= {around, *execution.plan.graph.downstream(around)}
        around = execution.plan.parents[around]
    return [
        each.path
        for each in execution.tasks.values()
        if (each.state is TaskRunState.CANCELLED and _is_under(execution, each, keys))
        or (each.path in _around(task) and each.ended and each.state not in SUCCESSFUL_ENDS)
    ]


def _around(task: TaskRun) -> list[str]:
    """Returns the foreach tasks around a task run, whose ends its iterations decide again."""
    paths = []
    path = parse_path(task.path)
    while path.parent is not None:
        paths.append(path.parent)
        path = parse_path(path.parent)
    return paths


def _is_under(execution: Execution, task: TaskRun, keys: set[str]) -> bool:
    key: str | None = task.key
    while key is not None:
        if key in keys:
            return True
        key = execution.plan.parents[key]
    return False
