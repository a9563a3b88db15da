"""Applies events to task runs and their attempts."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from models.events.events import (
    AttemptEnded,
    AttemptStarted,
    Carried,
    ChildLinked,
    ChildStateChanged,
    ConditionEvaluated,
    ConditionRequested,
    Event,
    ProgressReported,
    TaskRunMoved,
    TaskRunRecorded,
    TaskRunsAdded,
)
from models.lifecycle.apply.changes import done_of, first_failure, merged, progress_at, with_task
from models.lifecycle.apply.external_task import recorded_task
from models.lifecycle.apply.task_runs import dict_of
from models.lifecycle.apply.tentative import discard_properties, keep_properties
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import Attempt, CompiledFlow, Execution, TaskRun
from models.lifecycle.status import ChildStanding
from models.lifecycle.task_path import parse_path
from models.states import (
    SUCCESSFUL_ENDS,
    TASK_RUN_ENDS,
    AttemptState,
    Condition,
    ExecutionState,
    TaskRunState,
)


def in_order(plan: CompiledFlow, task_runs: Mapping[str, UUID]) -> list[tuple[str, UUID]]:
    """Sorts by iteration, then in the document's order, as a stored event does not keep the order. Keys that are not in
    the document (it cannot be read) stay in their order."""
    positions = {key: position for position, key in enumerate(plan.tasks)}

    def sort_key(item: tuple[str, UUID]) -> tuple[int, int]:
        found = parse_path(item[0])
        return found.iteration or 0, positions.get(found.key, 0)

    return sorted(task_runs.items(), key=sort_key)


def new_task(path: str, id: UUID, position: int, carried: Carried | None, event: Event) -> TaskRun:
    task = TaskRun(id=id, path=path, key=parse_path(path).key, position=position)
    if carried is None:
        return task
    return copy_with(
        task,
        state=carried.state,
        outputs_from=carried.outputs_from,
        decided_on=carried.decided_on,
        ended_at=event.at,
        progress=1.0,
    )


def task_runs_added(execution: Execution, fact: TaskRunsAdded, event: Event) -> Execution:
    known = len(execution.tasks)
    added = {
        path: new_task(path, id, known + position, None, event)
        for position, (path, id) in enumerate(in_order(execution.plan, fact.task_runs))
    }
    tasks = {**dict_of(execution.tasks), **added}
    family = (*execution.families.get(fact.path, ()), *added)
    done = execution.done if execution.done is not None else done_of(execution.tasks)
    known_changes = execution.unsettled
    grown = copy_with(
        execution,
        tasks=tasks,
        families={**execution.families, fact.path: family},
        done=done,
        unsettled=None if known_changes is None else known_changes | {fact.path},
    )
    return copy_with(grown, progress=progress_at(grown, done, may_decrease=True))


def condition_requested(execution: Execution, fact: ConditionRequested, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    return with_task(execution, task, copy_with(task, condition=Condition.EVALUATING))


def condition_evaluated(execution: Execution, fact: ConditionEvaluated, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    return with_task(
        execution,
        task,
        copy_with(task, condition=Condition.HOLDS if fact.holds else Condition.FAILS),
    )


def child_linked(execution: Execution, fact: ChildLinked, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    standing = None
    if fact.child_seq is not None:
        standing = ChildStanding(ExecutionState.RUNNING, False, fact.child_seq - 1)
    return with_task(execution, task, copy_with(task, child=fact.child, standing=standing))


def child_state_changed(execution: Execution, fact: ChildStateChanged, event: Event) -> Execution:
    """While the child is held, no time counts for its task run, each foreach around it and the execution."""
    task, now = execution.tasks[fact.path], execution.clock.at(event.at)
    changed = _with_standing(task, fact.state, fact.held, fact.child_seq, now)
    return _hold_around(with_task(execution, task, changed), fact.path, event)


def _with_standing(
    task: TaskRun, state: ExecutionState, held: bool, seq: int, now: float
) -> TaskRun:
    """Applies from the clock's reading `now` on."""
    since = task.standing.since if task.standing else None
    base = task.clock_base
    if since is not None and not held:
        base += now - since
    since = (now if since is None else since) if held else None
    return copy_with(task, standing=ChildStanding(state, held, seq, since), clock_base=base)


def _hold_around(execution: Execution, path: str, event: Event) -> Execution:
    """A foreach is held while anything in it is; the execution, while any task run is."""
    now = execution.clock.at(event.at)
    around = execution.tasks[path].parent
    while around is not None:
        foreach = execution.tasks[around]
        held = any(map(_is_held, execution.children_of(foreach)))
        if held != _is_held(foreach) and not foreach.ended:
            changed = _with_standing(foreach, ExecutionState.RUNNING, held, 0, now)
            execution = with_task(execution, foreach, changed)
        around = foreach.parent
    clock = execution.clock
    if any(map(_is_held, execution.tasks.values())):
        return copy_with(execution, clock=clock.hold(event.at))
    return copy_with(execution, clock=clock.release(event.at))


def _is_held(task: TaskRun) -> bool:
    return task.standing is not None and task.standing.held


def task_run_moved(execution: Execution, fact: TaskRunMoved, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    state = fact.to_state
    ended = state in TASK_RUN_ENDS
    if task.ended and ended:  # corrected by a person
        return with_task(
            execution, task, copy_with(task, state=state, error=fact.error, cache_key=None)
        )
    changed = copy_with(
        task,
        state=state,
        ended_at=event.at if ended else None,
        progress=1.0 if state is TaskRunState.SKIPPED else task.progress,
        retry_at=None,
        error=fact.error if ended else fact.error or task.error,
    )
    if task.ended:  # runs again: earlier attempts no longer count
        changed = copy_with(
            changed,
            attempt_base=task.attempt,
            lost=0,
            handed_back=0,
            started_at=None,
            error=None,
            progress=0.0,
            message=None,
            condition=Condition.HOLDS if task.attempt else None,
            child=None,
            outputs={},
            outputs_from=None,
            outputs_id=changed_outputs(task, event),
            carried={},
            decided_on=None,
        )
        execution = with_changed_results(execution, task, event)
    return with_task(execution, task, changed)


def changed_outputs(task: TaskRun, event: Event) -> UUID | None:
    """Returns the id of its outputs after the event: if it has ended, a new one, as others may reuse those before."""
    return uuid5(task.id, str(event.seq)) if task.ended else task.outputs_id


def with_changed_results(execution: Execution, task: TaskRun, event: Event) -> Execution:
    """Gives the results of the foreach tasks around it new ids too, as its outputs change."""
    while task.parent is not None:
        task = execution.tasks[task.parent]
        if task.ended:
            changed = copy_with(task, outputs_id=changed_outputs(task, event))
            execution = with_task(execution, task, changed)
    return execution


def attempt_started(execution: Execution, fact: AttemptStarted, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    changed = copy_with(
        task,
        state=fact.to_state,
        attempt=fact.attempt,
        started_at=task.started_at or event.at,
        progress=0.0,
        message=None,
        error=None,
        retry_at=None,
        wake_at=None,
        child=None,
        standing=None,
        clock_base=execution.clock.at(event.at),
        newest=Attempt(fact.id, fact.attempt, AttemptState.RUNNING, fact.worker, None, event.at),
    )
    return with_task(execution, task, changed)


def attempt_ended(execution: Execution, fact: AttemptEnded, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    ended = fact.to_state in TASK_RUN_ENDS
    retried = fact.sets_aside and not ended
    message = None if retried else task.message
    changed = copy_with(
        task,
        state=fact.to_state,
        inputs=task.inputs if fact.inputs is None else fact.inputs,
        outputs={} if fact.sets_aside else merged(task.outputs, fact.outputs),
        error=fact.error,
        message=message if fact.message is None else fact.message,
        progress=1.0 if fact.to_state in SUCCESSFUL_ENDS else 0.0 if retried else task.progress,
        lost=task.lost + (fact.state is AttemptState.LOST),
        handed_back=task.handed_back + fact.handed_back,
        retry_at=fact.retry_at,
        wake_at=None,
        standing=None,
        ended_at=event.at if ended else None,
        newest=copy_with(task.newest, state=fact.state) if task.newest else None,
        cache_key=fact.cache_key,
        outputs_from=fact.outputs_from,
        outputs_id=None if fact.outputs_from else task.outputs_id,
    )
    resolve = discard_properties if fact.sets_aside else keep_properties
    after = with_task(resolve(execution, fact.path), task, changed)
    return _hold_around(after, fact.path, event) if _is_held(task) else after


def progress_reported(execution: Execution, fact: ProgressReported, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    changed = copy_with(
        task,
        progress=task.progress if fact.progress is None else fact.progress,
        message=task.message if fact.message is None else fact.message,
        inputs=task.inputs if fact.inputs is None else fact.inputs,
        wake_at=fact.wake_at or task.wake_at,
    )
    return with_task(execution, task, changed)


def task_run_recorded(execution: Execution, fact: TaskRunRecorded, _: Event) -> Execution:
    before = execution.tasks.get(fact.path)
    after = recorded_task(before, fact)
    tasks = {**dict_of(execution.tasks), fact.path: after}
    own = execution.failure if execution.failure and execution.failure.path is None else None
    changed = copy_with(
        execution, tasks=tasks, done=None, failure=own or first_failure(execution, tasks)
    )
    if execution.ended:
        return copy_with(changed, progress=1.0)
    may_decrease = before is None or before.attempt < after.attempt
    return copy_with(changed, progress=progress_at(changed, done_of(tasks), may_decrease))
