"""`evolve`: what one event makes of an execution. The only code that changes a snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from models.events import (
    ApprovalClosed,
    ApprovalRequested,
    ApprovalVoted,
    AttemptEnded,
    AttemptStarted,
    Event,
    ExecutionCreated,
    ExecutionMoved,
    FailureRecorded,
    KillForced,
    LabelsSet,
    OutputsSet,
    ProgressReported,
    PropertiesSet,
    TaskError,
    TaskRunMoved,
)
from models.lifecycle.snapshot import (
    Approval,
    Attempt,
    Execution,
    Failure,
    Killing,
    Paused,
    Plan,
    TaskRun,
    Vote,
)
from models.states import (
    EXECUTION_ENDS,
    FAILED_ENDS,
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
    positions = {task.id: position for position, task in enumerate(plan.spec.tasks)}
    tasks = {
        path: TaskRun(id=id, path=path, key=path, position=positions[path])
        for path, id in fact.task_runs.items()
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
    )


def evolve(execution: Execution, event: Event) -> Execution:
    apply = _APPLY.get(type(event.fact))
    changed = apply(execution, event.fact, event) if apply else execution
    return replace(changed, seq=event.seq)


def _execution_moved(execution: Execution, fact: ExecutionMoved, event: Event) -> Execution:
    state = fact.to_state
    ended = state in EXECUTION_ENDS
    return replace(
        execution,
        state=state,
        state_seq=event.seq,
        started_at=execution.started_at or (event.at if state is ExecutionState.RUNNING else None),
        ended_at=event.at if ended else None,
        progress=1.0 if ended else execution.progress,
        paused=Paused(event.ask.actor, event.at) if state is ExecutionState.PAUSED else None,
        killing=Killing(event.ask.actor, event.at)
        if state is ExecutionState.KILLING
        else execution.killing,
    )


def _kill_forced(execution: Execution, _: KillForced, event: Event) -> Execution:
    killing = execution.killing or Killing(event.ask.actor, event.at)
    return replace(execution, killing=replace(killing, force=True))


def _task_run_moved(execution: Execution, fact: TaskRunMoved, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    state = fact.to_state
    changed = replace(
        task,
        state=state,
        ended_at=event.at if state in TASK_RUN_ENDS else None,
        progress=1.0 if state is TaskRunState.SKIPPED else task.progress,
        retry_at=None,
    )
    if task.ended:  # put back: earlier attempts no longer count
        changed = replace(
            changed, attempt_base=task.attempt, lost=0, error=None, progress=0.0, message=None
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
        progress=1.0 if fact.to_state is TaskRunState.SUCCESS else task.progress,
        lost=task.lost + (fact.state is AttemptState.LOST),
        retry_at=fact.retry_at,
        wake_at=None,
        ended_at=event.at if ended else None,
        newest=replace(task.newest, state=fact.state) if task.newest else None,
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
        required=fact.required,
        users=fact.users,
        roles=fact.roles,
        comment_rule=fact.comment_rule,
        requested_at=event.at,
    )
    return _with_task(execution, task, replace(task, state=fact.to_state, approval=approval))


def _approval_voted(execution: Execution, fact: ApprovalVoted, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    vote = Vote(fact.id, event.ask.actor, fact.decision, fact.comment, event.at, fact.override)
    approval = replace(task.approval, votes=(*task.approval.votes, vote))
    return _with_task(execution, task, replace(task, approval=approval))


def _approval_closed(execution: Execution, fact: ApprovalClosed, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    approval = replace(task.approval, state=fact.state, decided_at=event.at)
    return _with_task(execution, task, replace(task, approval=approval))


def _failure_recorded(execution: Execution, fact: FailureRecorded, _: Event) -> Execution:
    return replace(execution, failure=_failure(None, fact.error))


def _failure(task: TaskRun | None, error: TaskError | None) -> Failure:
    shown = error or TaskError("FAILED", "failed without saying why")
    if task is None:
        return Failure(None, None, shown.code, shown.message)
    return Failure(task.path, task.attempt, shown.code, shown.message)


def _with_task(execution: Execution, before: TaskRun, after: TaskRun) -> Execution:
    tasks = {**execution.tasks, after.path: after}
    failure = execution.failure
    if after.state in FAILED_ENDS and failure is None:
        failure = _failure(after, after.error)
    elif before.ended and not after.ended:
        failure = _first_failure(tasks)
    return replace(
        execution,
        tasks=tasks,
        failure=failure,
        progress=_progress(execution, tasks, put_back=before.ended and not after.ended),
    )


def _first_failure(tasks: Mapping[str, TaskRun]) -> Failure | None:
    failed = [task for task in tasks.values() if task.state in FAILED_ENDS and task.ended_at]
    first = min(failed, key=lambda task: (task.ended_at, task.position), default=None)
    return _failure(first, first.error) if first else None


def _progress(execution: Execution, tasks: Mapping[str, TaskRun], put_back: bool) -> float:
    done = sum(1.0 if task.ended else task.progress for task in tasks.values())
    now = min(round(done / len(tasks), 4), 0.9999)
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
}
