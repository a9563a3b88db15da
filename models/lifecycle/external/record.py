"""Records what is told of an execution that ran elsewhere: in any order, and as often as one likes."""

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
    FallSilent,
    RecordEnd,
    RecordExecution,
    RecordProperties,
    RecordStart,
    RecordTaskRun,
)
from models.lifecycle.external.merge import STARTED, close_task, retell_task
from models.lifecycle.external.moments import beginning_of, told_end, told_start
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
    begun = beginning_of(command, context.now)
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
            created_at=begun.created_at,
            afterwards=begun.afterwards,
        ),
    )
    builder = TransitionBuilder(create(command.plan, event), context)
    builder.events.append(event)
    if begun.started_at:
        told_at = begun.started_at if begun.started_at != context.now else None
        _move(builder, ExecutionState.RUNNING, told_at)
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
    fact = retell_task(builder.execution, command, builder.now, builder.context.new_id)
    if fact is None:
        return
    if fact.to_state in STARTED and builder.execution.state is ExecutionState.CREATED:
        started = told_start(builder.execution, fact.started_at, builder.now)
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


def set_git(builder: TransitionBuilder, told: Mapping[str, Any]) -> None:
    """Merged into what is known of the code."""
    known = builder.execution.git or {}
    git = {**known, **{name: value for name, value in told.items() if value is not None}}
    if git != known:
        builder.emit(GitSet(git))


def record_start(builder: TransitionBuilder, _: RecordStart) -> None:
    _require_elsewhere(builder.execution)
    if builder.execution.ended:
        raise _ended(builder.execution)
    if builder.execution.state is ExecutionState.CREATED:
        _move(builder, ExecutionState.RUNNING, None)


def record_end(builder: TransitionBuilder, command: RecordEnd) -> None:
    """The same end told again is a success that changes nothing; another one is refused."""
    _require_elsewhere(builder.execution)
    if _is_the_same_end(builder.execution, command):
        return
    if builder.execution.ended:
        raise _ended(builder.execution)
    way = _way(builder.execution.state, command.state)
    ended_at = told_end(builder.execution, command.ended_at, builder.now)
    if command.outputs:
        builder.emit(OutputsSet(None, command.outputs))
    if command.error or (command.state in _FAILING and not builder.execution.has_failed):
        builder.emit(FailureRecorded(command.error or _unsaid(command.state)))
    at = ended_at or builder.now
    for task in list(builder.execution.tasks.values()):
        if fact := close_task(task, at):
            builder.emit(fact)
    for state in way:
        _move(builder, state, ended_at, command.cached_from)


def cancel(builder: TransitionBuilder) -> None:
    """An execution that has not started elsewhere shall not: whoever would start it there is refused."""
    record_end(builder, RecordEnd(ExecutionState.CANCELLED, ended_at=builder.now))


def fall_silent(builder: TransitionBuilder, command: FallSilent) -> None:
    if builder.execution.ended or not builder.execution.ran_elsewhere:
        return
    error = TaskError("SILENT", f"no heartbeat came for {command.ttl:g} seconds")
    record_end(builder, RecordEnd(ExecutionState.ERROR, ended_at=builder.now, error=error))


def _move(
    builder: TransitionBuilder,
    to: ExecutionState,
    told_at: datetime | None,
    cached_from: UUID | None = None,
) -> None:
    source = cached_from if to is ExecutionState.CACHED else None
    builder.emit(ExecutionMoved(builder.execution.state, to, told_at, cached_from=source))


def _is_the_same_end(execution: Execution, command: RecordEnd) -> bool:
    if not execution.ended or execution.state is not command.state:
        return False
    return command.cached_from in (None, execution.cached_from)


def _way(state: ExecutionState, end: ExecutionState) -> list[ExecutionState]:
    """The shortest way there that the table of moves has."""
    ways = [[state]]
    seen = {state}
    for way in ways:
        following = EXECUTION_MOVES[way[-1]]
        if end in following:
            return [*way[1:], end]
        for between in sorted((following & _BETWEEN) - seen):
            seen.add(between)
            ways.append([*way, between])
    raise Refused.because(
        ProblemCode.VALIDATION,
        f"an execution that is {state.value} cannot end {end.value}: only one that never started can",
        "state",
    )


def _unsaid(state: ExecutionState) -> TaskError:
    return TaskError(state.value, "ended so, without saying why")


def _require_elsewhere(execution: Execution) -> None:
    if not execution.ran_elsewhere:
        sentence = (
            "Headway runs this execution and knows this itself; record one with recordExecution"
        )
        raise Refused([invalid_state(execution, sentence)])


def _ended(execution: Execution) -> Refused:
    sentence = f"it ended {execution.state.value} already, and an end is not taken back"
    return Refused([invalid_state(execution, sentence)])
