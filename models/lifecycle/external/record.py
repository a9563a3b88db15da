"""Records reports of external runs. They may arrive in any order and repeatedly."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.events.events import (
    Event,
    ExecutionCreated,
    ExecutionMoved,
    FailureRecorded,
    OutputsSet,
    PropertiesSet,
    TaskError,
)
from models.events.record_events import GitSet
from models.labels import CORRELATION, check_labels
from models.lifecycle.actions import invalid_state
from models.lifecycle.apply.evolve import create
from models.lifecycle.commands.external import (
    ExpireHeartbeat,
    RecordEnd,
    RecordExecution,
    RecordProperties,
    RecordStart,
    RecordTaskRun,
)
from models.lifecycle.external.merge import STARTED, close_task, merge_task_run
from models.lifecycle.external.moments import checked_end, checked_start, recorded_times
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Context, Transition
from models.lifecycle.transition_builder import TransitionBuilder
from models.payloads import check_payload
from models.states import EXECUTION_MOVES, ExecutionState, FailureAction, Origin

_MAX_TASK_RUNS: Final = 10_000
_BETWEEN: Final = frozenset(
    {ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING, ExecutionState.KILLING}
)
_FAILING: Final = frozenset(
    {ExecutionState.FAILED, ExecutionState.ERROR, ExecutionState.REJECTED, ExecutionState.KILLED}
)


def record_execution(command: RecordExecution, context: Context, id: UUID) -> Transition:
    check_labels(command.labels, settable=(CORRELATION,))
    times = recorded_times(command, context.now)
    spec = command.plan.spec
    event = Event(
        execution_id=id,
        seq=1,
        at=context.now,
        origin=context.origin,
        fact=ExecutionCreated(
            flow_id=None,
            revision_id=None,
            revision=None,
            namespace=spec.namespace,
            flow_key=spec.id,
            kind=command.kind,
            name=command.name or spec.name_of(id),
            inputs=command.inputs,
            labels=command.labels,
            on_failure=FailureAction.FINISH_POSSIBLE,
            trigger=None,
            task_runs={},
            origin=Origin.EXTERNAL,
            git=command.git,
            properties=command.properties,
            heartbeat_ttl=command.heartbeat_ttl,
            created_at=times.created_at,
            afterwards=times.afterwards,
        ),
    )
    builder = TransitionBuilder(create(command.plan, event), context)
    builder.events.append(event)
    if times.started_at:
        reported_at = times.started_at if times.started_at != context.now else None
        _move(builder, ExecutionState.RUNNING, reported_at)
    return builder.close()


def record_task_run(builder: TransitionBuilder, command: RecordTaskRun) -> None:
    _require_elsewhere(builder.execution)
    if (
        command.path not in builder.execution.tasks
        and len(builder.execution.tasks) >= _MAX_TASK_RUNS
    ):
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"an execution has at most {_MAX_TASK_RUNS} task runs; record the others in another one",
            "key",
        )
    fact = merge_task_run(builder.execution, command, builder.now, builder.context.new_id)
    if fact is None:
        return
    if fact.to_state in STARTED and builder.execution.state is ExecutionState.CREATED:
        started = checked_start(builder.execution, fact.started_at, builder.now)
        _move(builder, ExecutionState.RUNNING, started)
    builder.emit(fact)


def record_properties(builder: TransitionBuilder, command: RecordProperties) -> None:
    known = builder.execution.properties
    news = {
        name: value
        for name, value in command.properties.items()
        if name not in known or known[name] != value
    }
    if news:
        check_payload({**known, **news}, "properties")
        builder.emit(PropertiesSet(None, news))
    if command.git:
        set_git(builder, command.git)


def set_git(builder: TransitionBuilder, reported: Mapping[str, Any]) -> None:
    """Merges the report into what is recorded of the code."""
    known = builder.execution.git or {}
    git = {**known, **{name: value for name, value in reported.items() if value is not None}}
    if git != known:
        builder.emit(GitSet(git))


def record_start(builder: TransitionBuilder, _: RecordStart) -> None:
    _require_elsewhere(builder.execution)
    if builder.execution.ended:
        raise _ended(builder.execution)
    if builder.execution.state is ExecutionState.CREATED:
        _move(builder, ExecutionState.RUNNING, None)


def record_end(builder: TransitionBuilder, command: RecordEnd) -> None:
    """Records the end. The same end again succeeds without a change; another one is refused."""
    _require_elsewhere(builder.execution)
    if _is_the_same_end(builder.execution, command):
        return
    if builder.execution.ended:
        raise _ended(builder.execution)
    sequence = _states_to(builder.execution.state, command.state)
    ended_at = checked_end(builder.execution, command.ended_at, builder.now)
    if command.outputs:
        builder.emit(OutputsSet(None, command.outputs))
    if command.error or (command.state in _FAILING and not builder.execution.has_failed):
        builder.emit(FailureRecorded(command.error or _without_message(command.state)))
    at = ended_at or builder.now
    for task in list(builder.execution.tasks.values()):
        if fact := close_task(task, at):
            builder.emit(fact)
    for state in sequence:
        _move(builder, state, ended_at, command.cached_from)


def cancel(builder: TransitionBuilder) -> None:
    """Cancels an execution that has not started elsewhere: a later report of its start is refused."""
    record_end(builder, RecordEnd(ExecutionState.CANCELLED, ended_at=builder.now))


def expire_heartbeat(builder: TransitionBuilder, command: ExpireHeartbeat) -> None:
    if builder.execution.ended or not builder.execution.ran_elsewhere:
        return
    error = TaskError("SILENT", f"no heartbeat for {command.ttl:g} seconds")
    record_end(builder, RecordEnd(ExecutionState.ERROR, ended_at=builder.now, error=error))


def _move(
    builder: TransitionBuilder,
    to: ExecutionState,
    reported_at: datetime | None,
    cached_from: UUID | None = None,
) -> None:
    source = cached_from if to is ExecutionState.CACHED else None
    builder.emit(ExecutionMoved(builder.execution.state, to, reported_at, cached_from=source))


def _is_the_same_end(execution: Execution, command: RecordEnd) -> bool:
    if not execution.ended or execution.state is not command.state:
        return False
    return command.cached_from in (None, execution.cached_from)


def _states_to(state: ExecutionState, end: ExecutionState) -> list[ExecutionState]:
    """Returns the shortest sequence of states to the end in the table of moves. Raises Refused if there is none."""
    sequences = [[state]]
    seen = {state}
    for sequence in sequences:
        following = EXECUTION_MOVES[sequence[-1]]
        if end in following:
            return [*sequence[1:], end]
        for between in sorted((following & _BETWEEN) - seen):
            seen.add(between)
            sequences.append([*sequence, between])
    raise Refused.because(
        ProblemCode.VALIDATION,
        f"an execution that is {state.value} cannot end {end.value}: only one that never started can",
        "state",
    )


def _without_message(state: ExecutionState) -> TaskError:
    return TaskError(state.value, "ended without an error message")


def _require_elsewhere(execution: Execution) -> None:
    if not execution.ran_elsewhere:
        sentence = (
            "Headway runs this execution itself; only those made with recordExecution take reports"
        )
        raise Refused([invalid_state(execution, sentence)])


def _ended(execution: Execution) -> Refused:
    sentence = f"it already ended {execution.state.value}, and a terminal state is final"
    return Refused([invalid_state(execution, sentence)])
