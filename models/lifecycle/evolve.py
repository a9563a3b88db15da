"""`evolve`: what one event makes of an execution. The only code that changes a snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from models.events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
    AttemptEnded,
    AttemptStarted,
    Carried,
    ChildLinked,
    ConditionAsked,
    ConditionJudged,
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
    TaskError,
    TaskRunMoved,
    TaskRunRecorded,
    TaskRunsAdded,
)
from models.lifecycle.recorded import recorded_task
from models.lifecycle.snapshot import (
    Approval,
    Attempt,
    Clock,
    Execution,
    Failure,
    Killing,
    Paused,
    Plan,
    TaskRun,
    Vote,
    families_of,
    place_of,
)
from models.record_events import Archived, GitSet, Unarchived
from models.states import (
    EXECUTION_ENDS,
    FAILED_ENDS,
    GOOD_ENDS,
    TASK_RUN_ENDS,
    ApprovalState,
    AttemptState,
    ExecutionState,
    TaskRunState,
)


def create(plan: Plan, event: Event) -> Execution:
    """The execution that its first event describes."""
    fact = event.fact
    assert isinstance(fact, ExecutionCreated)
    tasks = {
        path: _new_task(path, id, position, fact.carried.get(path), event)
        for position, (path, id) in enumerate(_in_order(plan, fact.task_runs))
    }
    return Execution(
        id=event.execution_id,
        plan=plan,
        name=fact.name,
        kind=fact.kind,
        state=ExecutionState.CREATED,
        seq=event.seq,
        state_seq=event.seq,
        created_by=event.ask.actor,
        created_at=event.at,
        inputs=fact.inputs,
        labels=fact.labels,
        on_failure=fact.on_failure,
        priority=fact.priority,
        disabled_tasks=fact.disabled_tasks,
        trigger=fact.trigger,
        tasks=tasks,
        rerun_of=fact.rerun_of,
        replay_of=fact.replay_of,
        original_id=fact.original_id,
        cached_from=fact.cached_from,
        parent=fact.parent,
        shares_slot=fact.shares_slot,
        no_cache=fact.no_cache,
        cache_key=fact.cache_key,
        scheduled_at=fact.scheduled_at,
        origin=fact.origin,
        git=fact.git,
        properties=fact.properties or {},
    )


def _in_order(plan: Plan, task_runs: Mapping[str, UUID]) -> list[tuple[str, UUID]]:
    """By iteration, then as the document has them: an event that was stored says nothing of the order."""
    positions = {key: position for position, key in enumerate(plan.tasks)}

    def place(item: tuple[str, UUID]) -> tuple[int, int]:
        found = place_of(item[0])
        return found.iteration or 0, positions[found.key]

    return sorted(task_runs.items(), key=place)


def _new_task(path: str, id: UUID, position: int, carried: Carried | None, event: Event) -> TaskRun:
    task = TaskRun(id=id, path=path, key=place_of(path).key, position=position)
    if carried is None:
        return task
    return replace(
        task,
        state=carried.state,
        outputs_from=carried.outputs_from,
        ended_at=event.at,
        progress=1.0,
    )


def fold(plan: Plan, events: Sequence[Event]) -> Execution:
    """The execution as its events, from the first on, tell it."""
    first, *rest = events
    execution = create(plan, first)
    for event in rest:
        execution = evolve(execution, event)
    return execution


def evolve(execution: Execution, event: Event) -> Execution:
    apply = _APPLY.get(type(event.fact))
    changed = apply(execution, event.fact, event) if apply else execution
    return replace(changed, seq=event.seq)


def _execution_moved(execution: Execution, fact: ExecutionMoved, event: Event) -> Execution:
    state = fact.to_state
    ended = state in EXECUTION_ENDS
    corrected = ended and execution.ended
    at = fact.told_at or event.at
    moved = replace(
        execution,
        state=state,
        state_seq=event.seq,
        clock=_clock(execution, fact, event),
        started_at=execution.started_at or (at if state is ExecutionState.RUNNING else None),
        ended_at=execution.ended_at if corrected else at if ended else None,
        progress=1.0 if ended else execution.progress,
        archived=execution.archived and ended,
        paused=Paused(event.ask.actor, event.at) if state is ExecutionState.PAUSED else None,
        killing=Killing(event.ask.actor, event.at)
        if state is ExecutionState.KILLING
        else execution.killing,
    )
    if state is ExecutionState.RESTARTED:
        return _restarted(moved, event)
    if fact.from_state is ExecutionState.FAILED_FINISHING and state is ExecutionState.RUNNING:
        return replace(moved, failure=_first_failure(moved, moved.tasks))
    return moved


def _restarted(execution: Execution, event: Event) -> Execution:
    """Of an ended execution nothing remains that would end it again: its kill, its outputs, its own failure."""
    return replace(
        execution,
        killing=None,
        outputs={},
        failure=_first_failure(execution, execution.tasks),
        progress=_progress(execution, done_of(execution.tasks), put_back=True),
        restarted_by=(*execution.restarted_by, event.ask.actor),
    )


def _clock(execution: Execution, fact: ExecutionMoved, event: Event) -> Clock:
    """It goes while something can run. Put back after a failure or an end, an execution has its whole time again."""
    if fact.to_state in _COUNTED:
        anew = fact.to_state is ExecutionState.RUNNING and fact.from_state in _ANEW
        return (Clock() if anew else execution.clock).going(event.at)
    return execution.clock.stopped(event.at)


_COUNTED = frozenset({ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING})
_ANEW = frozenset(
    {ExecutionState.FAILED_FINISHING, ExecutionState.RESTARTED, ExecutionState.QUEUED}
)


def _kill_forced(execution: Execution, _: KillForced, event: Event) -> Execution:
    killing = execution.killing or Killing(event.ask.actor, event.at)
    return replace(execution, killing=replace(killing, force=True))


def _priority_changed(execution: Execution, fact: PriorityChanged, _: Event) -> Execution:
    return replace(execution, priority=fact.priority)


def _signal_received(execution: Execution, fact: SignalReceived, _: Event) -> Execution:
    others = {name: data for name, data in execution.signals.items() if name != fact.name}
    if fact.path is not None:
        return replace(execution, signals=others)
    return replace(execution, signals={**others, fact.name: fact.data})


def _task_runs_added(execution: Execution, fact: TaskRunsAdded, event: Event) -> Execution:
    known = len(execution.tasks)
    added = {
        path: _new_task(path, id, known + position, None, event)
        for position, (path, id) in enumerate(_in_order(execution.plan, fact.task_runs))
    }
    tasks = {**execution.tasks, **added}
    grown = replace(execution, tasks=tasks, families=families_of(tasks), done=None)
    return replace(grown, progress=_progress(grown, done_of(tasks), put_back=True))


def _condition_asked(execution: Execution, fact: ConditionAsked, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    return _with_task(execution, task, replace(task, condition="ASKED"))


def _condition_judged(execution: Execution, fact: ConditionJudged, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    return _with_task(execution, task, replace(task, condition="HOLDS" if fact.holds else "FAILS"))


def _child_linked(execution: Execution, fact: ChildLinked, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    return _with_task(execution, task, replace(task, child=fact.child))


def _task_run_moved(execution: Execution, fact: TaskRunMoved, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    state = fact.to_state
    ended = state in TASK_RUN_ENDS
    if task.ended and ended:  # corrected by a person
        return _with_task(execution, task, replace(task, state=state, error=fact.error))
    changed = replace(
        task,
        state=state,
        ended_at=event.at if ended else None,
        progress=1.0 if state is TaskRunState.SKIPPED else task.progress,
        retry_at=None,
        error=fact.error if ended else task.error,
    )
    if task.ended:  # put back: earlier attempts no longer count
        changed = replace(
            changed,
            attempt_base=task.attempt,
            lost=0,
            error=None,
            progress=0.0,
            message=None,
            condition="HOLDS" if task.attempt else None,
            child=None,
            outputs={},
            outputs_from=None,
            carried={},
        )
    return _with_task(execution, task, changed)


def _attempt_started(execution: Execution, fact: AttemptStarted, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    changed = replace(
        task,
        state=fact.to_state,
        attempt=fact.attempt,
        started_at=task.started_at or event.at,
        progress=0.0,
        message=None,
        error=None,
        retry_at=None,
        wake_at=None,
        clock_base=execution.clock.at(event.at),
        newest=Attempt(fact.id, fact.attempt, AttemptState.RUNNING, fact.worker, None, event.at),
    )
    return _with_task(execution, task, changed)


def _attempt_ended(execution: Execution, fact: AttemptEnded, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    ended = fact.to_state in TASK_RUN_ENDS
    changed = replace(
        task,
        state=fact.to_state,
        inputs=task.inputs if fact.inputs is None else fact.inputs,
        outputs=_merged(task.outputs, fact.outputs),
        error=fact.error,
        progress=1.0 if fact.to_state in GOOD_ENDS else task.progress,
        lost=task.lost + (fact.state is AttemptState.LOST),
        retry_at=fact.retry_at,
        wake_at=None,
        ended_at=event.at if ended else None,
        newest=replace(task.newest, state=fact.state) if task.newest else None,
        cache_key=fact.cache_key,
        outputs_from=fact.outputs_from,
    )
    return _with_task(execution, task, changed)


def _progress_reported(execution: Execution, fact: ProgressReported, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    changed = replace(
        task,
        progress=task.progress if fact.progress is None else fact.progress,
        message=task.message if fact.message is None else fact.message,
        inputs=task.inputs if fact.inputs is None else fact.inputs,
        wake_at=fact.wake_at or task.wake_at,
    )
    return _with_task(execution, task, changed)


def _outputs_set(execution: Execution, fact: OutputsSet, _: Event) -> Execution:
    if fact.path is None:
        return replace(execution, outputs=_merged(execution.outputs, fact.outputs))
    task = execution.tasks[fact.path]
    return _with_task(execution, task, replace(task, outputs=_merged(task.outputs, fact.outputs)))


def _properties_set(execution: Execution, fact: PropertiesSet, _: Event) -> Execution:
    return replace(execution, properties=_merged(execution.properties, fact.properties))


def _labels_set(execution: Execution, fact: LabelsSet, _: Event) -> Execution:
    return replace(execution, labels=fact.labels)


def _approval_requested(execution: Execution, fact: ApprovalRequested, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    approval = Approval(
        id=fact.id,
        attempt=fact.attempt,
        state=ApprovalState.PENDING,
        message=fact.message,
        policy=fact.policy,
        requested_at=event.at,
        expires_at=fact.expires_at,
    )
    return _with_task(execution, task, replace(task, state=fact.to_state, approval=approval))


def _approval_voted(execution: Execution, fact: ApprovalVoted, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    vote = Vote(
        fact.id,
        event.ask.actor,
        fact.decision,
        fact.comment,
        event.at,
        fact.override,
        fact.groups,
        fact.form,
        fact.key,
    )
    approval = replace(task.approval, votes=(*task.approval.votes, vote))
    return _with_task(execution, task, replace(task, approval=approval))


def _approval_closed(execution: Execution, fact: ApprovalClosed, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    approval = replace(task.approval, state=fact.state, decided_at=event.at)
    return _with_task(execution, task, replace(task, approval=approval))


def _approval_escalated(execution: Execution, fact: ApprovalEscalated, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    approval = replace(task.approval, escalated=fact.roles, expires_at=fact.expires_at)
    return _with_task(execution, task, replace(task, approval=approval))


def _failure_recorded(execution: Execution, fact: FailureRecorded, _: Event) -> Execution:
    return replace(execution, failure=_failure(None, fact.error))


def _archived(execution: Execution, _: Archived, __: Event) -> Execution:
    return replace(execution, archived=True)


def _unarchived(execution: Execution, _: Unarchived, __: Event) -> Execution:
    return replace(execution, archived=False)


def _git_set(execution: Execution, fact: GitSet, _: Event) -> Execution:
    return replace(execution, git=fact.git)


def _task_run_recorded(execution: Execution, fact: TaskRunRecorded, _: Event) -> Execution:
    before = execution.tasks.get(fact.path)
    after = recorded_task(before, fact)
    tasks = {**execution.tasks, fact.path: after}
    own = execution.failure if execution.failure and execution.failure.path is None else None
    told = replace(
        execution, tasks=tasks, done=None, failure=own or _first_failure(execution, tasks)
    )
    if execution.ended:
        return replace(told, progress=1.0)
    put_back = before is None or before.attempt < after.attempt
    return replace(told, progress=_progress(told, done_of(tasks), put_back))


def _failure(task: TaskRun | None, error: TaskError | None) -> Failure:
    shown = error or TaskError("FAILED", "failed without saying why")
    if task is None:
        return Failure(None, None, shown.code, shown.message)
    return Failure(task.path, task.attempt, shown.code, shown.message)


def _with_task(execution: Execution, before: TaskRun, after: TaskRun) -> Execution:
    tasks = {**execution.tasks, after.path: after}
    known = execution.done if execution.done is not None else done_of(execution.tasks)
    done = known - _weight(before) + _weight(after)
    return replace(
        execution,
        tasks=tasks,
        done=done,
        failure=_failure_after(execution, before, after, tasks),
        progress=_progress(execution, done, put_back=before.ended and not after.ended),
    )


def _failure_after(
    execution: Execution, before: TaskRun, after: TaskRun, tasks: Mapping[str, TaskRun]
) -> Failure | None:
    failure = execution.failure
    if before.ended and before.state is not after.state:
        if failure and failure.path is None and not execution.ended:
            return failure
        return _first_failure(execution, tasks)
    if failure is None and after.state in FAILED_ENDS and not execution.failure_is_allowed(after):
        return _failure(after, after.error)
    return failure


def _first_failure(execution: Execution, tasks: Mapping[str, TaskRun]) -> Failure | None:
    failed = [
        task
        for task in tasks.values()
        if task.state in FAILED_ENDS and not execution.failure_is_allowed(task)
    ]
    first = min(failed, key=lambda task: (task.ended_at, task.position), default=None)
    return _failure(first, first.error) if first else None


_WHOLE = 1_000_000


def done_of(tasks: Mapping[str, TaskRun]) -> int:
    """What of the task runs is done, in millionths of one."""
    return sum(map(_weight, tasks.values()))


def _weight(task: TaskRun) -> int:
    return _WHOLE if task.ended else int(task.progress * _WHOLE)


def _progress(execution: Execution, done: int, put_back: bool) -> float:
    now = min(round(done / len(execution.tasks) / _WHOLE, 4), 0.9999)
    return now if put_back else max(execution.progress, now)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {**old, **new} if new else old


_APPLY: Mapping[type[Any], Callable[[Execution, Any, Event], Execution]] = {
    ExecutionMoved: _execution_moved,
    KillForced: _kill_forced,
    TaskRunMoved: _task_run_moved,
    AttemptStarted: _attempt_started,
    AttemptEnded: _attempt_ended,
    ProgressReported: _progress_reported,
    OutputsSet: _outputs_set,
    PropertiesSet: _properties_set,
    LabelsSet: _labels_set,
    ApprovalRequested: _approval_requested,
    ApprovalVoted: _approval_voted,
    ApprovalClosed: _approval_closed,
    FailureRecorded: _failure_recorded,
    ApprovalEscalated: _approval_escalated,
    TaskRunsAdded: _task_runs_added,
    ConditionAsked: _condition_asked,
    ConditionJudged: _condition_judged,
    ChildLinked: _child_linked,
    SignalReceived: _signal_received,
    PriorityChanged: _priority_changed,
    Archived: _archived,
    Unarchived: _unarchived,
    TaskRunRecorded: _task_run_recorded,
    GitSet: _git_set,
}
