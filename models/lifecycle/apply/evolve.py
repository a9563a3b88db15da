"""`evolve`: applies an event to an execution. Snapshots change in no other way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.access.viewer import Scope
from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalOverridden,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.events import (
    AttemptEnded,
    AttemptStarted,
    ChildLinked,
    ChildStateChanged,
    ConditionEvaluated,
    ConditionRequested,
    Event,
    ExecutionCreated,
    ExecutionMoved,
    FailureRecorded,
    KillForced,
    LabelsSet,
    OutputsSet,
    PriorityChanged,
    ProgressReported,
    PropertiesSet,
    SignalReceived,
    TaskRunMoved,
    TaskRunRecorded,
    TaskRunsAdded,
)
from models.events.record_events import Archived, GitSet, Unarchived
from models.lifecycle.apply.approval_changes import (
    approval_closed,
    approval_escalated,
    approval_requested,
    approval_voted,
)
from models.lifecycle.apply.changes import (
    done_of,
    failure_of,
    first_failure,
    merged,
    progress_at,
    with_task,
)
from models.lifecycle.apply.task_changes import (
    attempt_ended,
    attempt_started,
    changed_outputs,
    child_linked,
    child_state_changed,
    condition_evaluated,
    condition_requested,
    in_order,
    new_task,
    progress_reported,
    task_run_moved,
    task_run_recorded,
    task_runs_added,
    with_changed_results,
)
from models.lifecycle.apply.task_runs import dict_of
from models.lifecycle.apply.tentative import set_properties, try_properties
from models.lifecycle.clock import Stopwatch
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.lifecycle.status import Killing, Paused
from models.run_options import RunOptions
from models.states import EXECUTION_ENDS, ExecutionState


def create(plan: CompiledFlow, event: Event) -> Execution:
    """Creates the execution from its first event."""
    fact = event.fact
    assert isinstance(fact, ExecutionCreated)
    tasks = {
        path: new_task(path, id, position, fact.carried.get(path), event)
        for position, (path, id) in enumerate(in_order(plan, fact.task_runs))
    }
    return Execution(
        id=event.execution_id,
        plan=plan,
        name=fact.name,
        kind=fact.kind,
        state=ExecutionState.CREATED,
        seq=event.seq,
        state_seq=event.seq,
        created_by=event.origin.actor,
        created_at=fact.created_at or event.at,
        inputs=fact.inputs,
        labels=fact.labels,
        on_failure=fact.on_failure,
        options=RunOptions.of(fact),
        trigger=fact.trigger,
        tasks=tasks,
        rerun_of=fact.rerun_of,
        replay_of=fact.replay_of,
        original_id=fact.original_id,
        cached_from=fact.cached_from,
        parent=fact.parent,
        shares_slot=fact.shares_slot,
        cache_key=fact.cache_key,
        starters=fact.starters,
        scope=Scope(fact.scope),
        origin=fact.origin,
        git=fact.git,
        properties=fact.properties or {},
        recorded_at=event.at if fact.afterwards else None,
    )


def fold(plan: CompiledFlow, events: Sequence[Event]) -> Execution:
    """Builds the execution from all its events."""
    first, *rest = events
    execution = create(plan, first)
    for event in rest:
        execution = evolve(execution, event)
    return copy_with(execution, tasks=dict_of(execution.tasks))


def evolve(execution: Execution, event: Event) -> Execution:
    apply = _APPLY.get(type(event.fact))
    changed = apply(execution, event.fact, event) if apply else execution
    return copy_with(changed, seq=event.seq)


def _execution_moved(execution: Execution, fact: ExecutionMoved, event: Event) -> Execution:
    state = fact.to_state
    ended = state in EXECUTION_ENDS
    corrected = ended and execution.ended
    at = fact.told_at or event.at
    moved = copy_with(
        execution,
        state=state,
        state_seq=event.seq,
        clock=_clock(execution, fact, event),
        unsettled=execution.unsettled if {fact.from_state, state} <= _AT_WORK else None,
        started_at=execution.started_at or (at if state is ExecutionState.RUNNING else None),
        ended_at=execution.ended_at if corrected else at if ended else None,
        recorded_at=_recorded_at(execution, fact),
        cached_from=fact.cached_from or execution.cached_from,
        cache_key=None if corrected else execution.cache_key,
        progress=1.0 if ended else execution.progress,
        archived=execution.archived and ended,
        paused=Paused(event.origin.actor, event.at, fact.cascade)
        if state is ExecutionState.PAUSED
        else None,
        shares_slot=execution.shares_slot or fact.shares_slot,
        killing=Killing(event.origin.actor, event.at, cascade=fact.cascade)
        if state is ExecutionState.KILLING
        else execution.killing,
    )
    if state is ExecutionState.RESTARTED:
        return _restarted(moved, fact, event)
    if fact.from_state is ExecutionState.FAILED_FINISHING and state is ExecutionState.RUNNING:
        return copy_with(moved, failure=first_failure(moved, moved.tasks))
    return moved


def _recorded_at(execution: Execution, fact: ExecutionMoved) -> datetime | None:
    """Returns None for an execution that starts now: it was not recorded afterwards, however long it waited."""
    starts_now = fact.to_state is ExecutionState.RUNNING and fact.told_at is None
    return None if starts_now else execution.recorded_at


def _restarted(execution: Execution, fact: ExecutionMoved, event: Event) -> Execution:
    """Clears what would end the execution again: its kill, its outputs, its own failure. It stops sharing the slot of
    its parent, unless the parent restarts it."""
    return copy_with(
        execution,
        shares_slot=fact.shares_slot or (execution.shares_slot and execution.parent is None),
        killing=None,
        outputs={},
        failure=first_failure(execution, execution.tasks),
        progress=progress_at(execution, done_of(execution.tasks), may_decrease=True),
        restarted_by=(*execution.restarted_by, event.origin.actor),
    )


def _clock(execution: Execution, fact: ExecutionMoved, event: Event) -> Stopwatch:
    """The clock runs while something can run. A retry or restart gives the execution its full timeout again."""
    clock = _with_idle_time(execution, fact, event)
    if fact.to_state in _COUNTED:
        again = fact.to_state is ExecutionState.RUNNING and fact.from_state in _GETS_FULL_TIMEOUT
        return clock.with_full_timeout(event.at) if again else clock.running(event.at)
    return clock.stopped(event.at)


def _with_idle_time(execution: Execution, fact: ExecutionMoved, event: Event) -> Stopwatch:
    if fact.to_state is ExecutionState.RESTARTED:
        started, ended = execution.started_at, execution.ended_at
        return execution.clock.idle_from(ended) if started and ended else execution.clock
    if fact.to_state is ExecutionState.QUEUED:
        return execution.clock
    return execution.clock.idle_until(event.at)


_AT_WORK = frozenset({ExecutionState.RUNNING, ExecutionState.WAITING_FOR_APPROVAL})
_COUNTED = frozenset(
    {ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING, ExecutionState.KILLING}
)
_GETS_FULL_TIMEOUT = frozenset(
    {ExecutionState.FAILED_FINISHING, ExecutionState.RESTARTED, ExecutionState.QUEUED}
)


def _kill_forced(execution: Execution, _: KillForced, event: Event) -> Execution:
    killing = execution.killing or Killing(event.origin.actor, event.at)
    return copy_with(execution, killing=copy_with(killing, force=True))


def _priority_changed(execution: Execution, fact: PriorityChanged, _: Event) -> Execution:
    return copy_with(execution, options=copy_with(execution.options, priority=fact.priority))


def _signal_received(execution: Execution, fact: SignalReceived, _: Event) -> Execution:
    signals = {name: queue for name, queue in execution.signals.items() if name != fact.name}
    queue = tuple(execution.signals.get(fact.name, ()))
    if fact.path is not None:
        left = queue[1:]
    elif fact.queued:
        left = (*queue, fact.data)
    else:
        left = (fact.data,)
    return copy_with(execution, signals={**signals, fact.name: left} if left else signals)


def _outputs_set(execution: Execution, fact: OutputsSet, event: Event) -> Execution:
    if fact.path is None:
        return copy_with(execution, outputs=merged(execution.outputs, fact.outputs))
    task = execution.tasks[fact.path]
    outputs = merged(task.outputs, fact.outputs)
    changed = copy_with(task, outputs=outputs, outputs_id=changed_outputs(task, event))
    if task.ended:
        execution = with_changed_results(execution, task, event)
    return with_task(execution, task, changed)


def _properties_set(execution: Execution, fact: PropertiesSet, _: Event) -> Execution:
    if fact.path is None or fact.attempt is None:
        return set_properties(execution, fact.properties)
    return try_properties(execution, fact.path, fact.properties)


def _labels_set(execution: Execution, fact: LabelsSet, _: Event) -> Execution:
    return copy_with(execution, labels=fact.labels)


def _failure_recorded(execution: Execution, fact: FailureRecorded, _: Event) -> Execution:
    return copy_with(execution, failure=failure_of(None, fact.error), unsettled=None)


def _approval_overridden(execution: Execution, _: ApprovalOverridden, __: Event) -> Execution:
    """Clears the cache key: a result with an overridden approval must not be reused."""
    return copy_with(execution, cache_key=None)


def _archived(execution: Execution, _: Archived, __: Event) -> Execution:
    return copy_with(execution, archived=True)


def _unarchived(execution: Execution, _: Unarchived, __: Event) -> Execution:
    return copy_with(execution, archived=False)


def _git_set(execution: Execution, fact: GitSet, _: Event) -> Execution:
    return copy_with(execution, git=fact.git)


_APPLY: Mapping[type[Any], Callable[[Execution, Any, Event], Execution]] = {
    ExecutionMoved: _execution_moved,
    KillForced: _kill_forced,
    TaskRunMoved: task_run_moved,
    AttemptStarted: attempt_started,
    AttemptEnded: attempt_ended,
    ProgressReported: progress_reported,
    OutputsSet: _outputs_set,
    PropertiesSet: _properties_set,
    LabelsSet: _labels_set,
    ApprovalRequested: approval_requested,
    ApprovalVoted: approval_voted,
    ApprovalClosed: approval_closed,
    FailureRecorded: _failure_recorded,
    ApprovalEscalated: approval_escalated,
    ApprovalOverridden: _approval_overridden,
    TaskRunsAdded: task_runs_added,
    ConditionRequested: condition_requested,
    ConditionEvaluated: condition_evaluated,
    ChildLinked: child_linked,
    ChildStateChanged: child_state_changed,
    SignalReceived: _signal_received,
    PriorityChanged: _priority_changed,
    Archived: _archived,
    Unarchived: _unarchived,
    TaskRunRecorded: task_run_recorded,
    GitSet: _git_set,
}
