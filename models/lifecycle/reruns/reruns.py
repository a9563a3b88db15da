"""Putting ended task runs back: retryFailed while the execution lives, restart once it has ended, and what a person
corrects. Nothing here starts anything: what was put back waits until `advance` finds it ready."""

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
from models.lifecycle.admission import handle
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.approvals.consent import GOES_ON, allow, passed_by_change, undecided
from models.lifecycle.commands.commands import ChangeState, ChangeTaskRunState, Restart, RetryFailed
from models.lifecycle.pausing import leave_pause
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.task_path import place_of
from models.lifecycle.transition_builder import TransitionBuilder
from models.payloads import check_payload
from models.spec import ApprovalTask
from models.states import SUCCESSFUL_ENDS, ExecutionState, ReuseDecision, Section, TaskRunState

_RAN_AGAIN = frozenset({Section.ERRORS, Section.FINALLY})


def put_back_by_retry(execution: Execution) -> list[TaskRun]:
    """FAILED, ERROR and KILLED task runs, and those that were cancelled because of them."""
    return _put_back(execution, RETRIED | {TaskRunState.CANCELLED})


def put_back_by_restart(execution: Execution) -> list[TaskRun]:
    """The same and rejected approvals."""
    return _put_back(execution, RESTARTED)


def _put_back(execution: Execution, states: Set[TaskRunState]) -> list[TaskRun]:
    """Those in `states`, and the foreach tasks around them; `errors` and `finally` run again."""
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
    paths |= _asked_again(execution, paths)
    found = [task for path, task in execution.tasks.items() if path in paths and task.ended]
    first = execution.failure.path if execution.failure else None
    return sorted(
        found, key=lambda task: task.path == first
    )  # last, so that no other takes its place on the way


def _asked_again(execution: Execution, paths: Set[str]) -> set[str]:
    """The approvals before what is put back whose decision does not hold for it: with `reuse: never`, or made on what
    runs again; and what stands between, to run when they are decided again. A foreach with one in it is put back with
    that."""
    if not execution.plan.has_approvals:
        return set()
    asked = [
        task for task in execution.tasks.values() if task.approval and task.state in SUCCESSFUL_ENDS
    ]
    added: set[str] = set()
    size = -1
    while size != len(added):
        size = len(added)
        for task in asked:
            if _holds_no_more(execution, task, paths | added):
                added |= _put_back_with(execution, task, paths | added)
    return added


def _holds_no_more(execution: Execution, task: TaskRun, paths: Set[str]) -> bool:
    spec = execution.plan.tasks.get(task.key)
    if isinstance(spec, ApprovalTask) and spec.reuse is ReuseDecision.NEVER:
        return True
    return any(
        around.level + key in paths
        for around in _with_around(execution, task)
        for key in execution.plan.graph.upstream(around.key)
    )


def _put_back_with(execution: Execution, task: TaskRun, paths: Set[str]) -> set[str]:
    """Nothing where nothing of `paths` comes after it."""
    added: set[str] = set()
    inside: list[TaskRun] = []
    for around in _with_around(execution, task):
        inside.append(around)
        if between := _up_to(execution, around, paths):
            added |= between | {each.path for each in inside}
            added |= {path for each in inside[:-1] for path in _after(execution, each)}
    return added


def _with_around(execution: Execution, task: TaskRun) -> list[TaskRun]:
    return [task, *(execution.tasks[path] for path in _around(task))]


def _after(execution: Execution, task: TaskRun) -> list[str]:
    """The paths of what comes after it in its own iteration."""
    keys = execution.plan.graph.downstream(task.key)
    return [path for key in keys if (path := task.level + key) in execution.tasks]


def _up_to(execution: Execution, task: TaskRun, paths: Set[str]) -> set[str]:
    """The paths after it up to something of `paths`, and that; none where nothing of `paths` comes after it."""
    after = set(_after(execution, task))
    ends = {execution.tasks[path].key for path in after & paths}
    before = {task.level + key for end in ends for key in execution.plan.graph.upstream(end)}
    return (after & before) | (after & paths)


def retry_failed(builder: TransitionBuilder, _: RetryFailed) -> None:
    require(builder.execution, Action.RETRY_FAILED)
    if builder.execution.state is ExecutionState.PAUSED:
        leave_pause(builder, ExecutionState.FAILED_FINISHING)
    for task in list(put_back_by_retry(builder.execution)):
        builder.move_task(task, TaskRunState.CREATED)
    move(builder, ExecutionState.RUNNING)
    advance(builder)


def restart(builder: TransitionBuilder, _: Restart) -> None:
    bring_back(builder)


def bring_back(builder: TransitionBuilder, shares_slot: bool = False) -> None:
    """Raises Refused where there is nothing to run again. `shares_slot`: with the parent that asks for it."""
    require(builder.execution, Action.RESTART)
    tasks = [task.path for task in put_back_by_restart(builder.execution)]
    _come_back(builder, shares_slot)
    for path in tasks:
        builder.move_task(builder.execution.tasks[path], TaskRunState.CREATED)
    handle(builder)


def _come_back(builder: TransitionBuilder, shares_slot: bool = False) -> None:
    builder.emit(
        ExecutionMoved(builder.execution.state, ExecutionState.RESTARTED, shares_slot=shares_slot)
    )
    labels = {**builder.execution.labels, "system.restarted": "true"}
    if labels != builder.execution.labels:
        builder.emit(LabelsSet(labels))


# -- corrections ------------------------------------------------------------------------------------------------------


def change_state(builder: TransitionBuilder, command: ChangeState) -> None:
    """Only the state changes."""
    require_state(builder, command.state)
    if command.state in GOES_ON:
        allow(builder, undecided(builder.execution), command.may_override)
    if builder.execution.state is not command.state:
        builder.emit(ExecutionMoved(builder.execution.state, command.state))


def change_task_run_state(builder: TransitionBuilder, command: ChangeTaskRunState) -> None:
    """A task that was cancelled after it goes back to wait, what has ended stays; the execution goes on from there."""
    task = builder.execution.tasks[command.path]
    require_task_state(builder, task, command.state)
    if task.state is command.state and not command.outputs:
        return
    allow(builder, passed_by_change(builder.execution, command), command.may_override)
    ended = builder.execution.ended
    if ended:
        _come_back(builder)
    if task.state is not command.state:
        builder.emit(TaskRunMoved(task.path, task.state, command.state))
    if command.outputs:
        check_payload({**task.outputs, **command.outputs}, "outputs")
        builder.emit(OutputsSet(task.path, command.outputs))
    for path in _put_back_after(builder.execution, task):
        builder.move_task(builder.execution.tasks[path], TaskRunState.CREATED)
    if ended:
        _run_last_again(builder, task)
        handle(builder)
    else:
        _judge_again(builder)


def _run_last_again(builder: TransitionBuilder, changed: TaskRun) -> None:
    for task in list(builder.execution.tasks.values()):
        last = builder.execution.section_of(task) in _RAN_AGAIN
        if last and task.ended and task.path != changed.path:
            builder.move_task(task, TaskRunState.CREATED)


def _judge_again(builder: TransitionBuilder) -> None:
    execution = builder.execution
    if execution.state is ExecutionState.FAILED_FINISHING and not execution.has_failed:
        move(builder, ExecutionState.RUNNING)
    advance(builder)


def _put_back_after(execution: Execution, task: TaskRun) -> list[str]:
    """The task runs that go back to wait: what was cancelled downstream of it among its siblings, of the foreach tasks
    around it, and within foreach tasks among those; and the foreach tasks around it that had not ended well."""
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
    """The foreach tasks around a task run: how they end is for their iterations to say again."""
    paths = []
    place = place_of(task.path)
    while place.parent is not None:
        paths.append(place.parent)
        place = place_of(place.parent)
    return paths


def _is_under(execution: Execution, task: TaskRun, keys: set[str]) -> bool:
    key: str | None = task.key
    while key is not None:
        if key in keys:
            return True
        key = execution.plan.parents[key]
    return False
