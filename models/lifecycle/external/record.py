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
from models.lifecycle.steps import Decision
from models.lifecycle.transition import Context, Transition
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
        ask=context.ask,
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
            priority=0,
            disabled_tasks=(),
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
    steps = Decision(create(command.plan, event), context)
    steps.events.append(event)
    if begun.started_at:
        told_at = begun.started_at if begun.started_at != context.now else None
        _move(steps, ExecutionState.RUNNING, told_at)
    return steps.close()


def record_task_run(steps: Decision, command: RecordTaskRun) -> None:
    _require_elsewhere(steps.execution)
    if command.path not in steps.execution.tasks and len(steps.execution.tasks) >= _MAX_TASK_RUNS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"an execution has at most {_MAX_TASK_RUNS} task runs; record the others in another one",
            "key",
        )
    fact = retell_task(steps.execution, command, steps.now, steps.context.new_id)
    if fact is None:
        return
    if fact.to_state in STARTED and steps.execution.state is ExecutionState.CREATED:
        started = told_start(steps.execution, fact.started_at, steps.now)
        _move(steps, ExecutionState.RUNNING, started)
    steps.record(fact)


def record_properties(steps: Decision, command: RecordProperties) -> None:
    known = steps.execution.properties
    news = {
        name: value
        for name, value in command.properties.items()
        if name not in known or known[name] != value
    }
    if news:
        check_payload({**known, **news}, "properties")
        steps.record(PropertiesSet(None, news))
    if command.git:
        set_git(steps, command.git)


def set_git(steps: Decision, told: Mapping[str, Any]) -> None:
    """Merged into what is known of the code."""
    known = steps.execution.git or {}
    git = {**known, **{name: value for name, value in told.items() if value is not None}}
    if git != known:
        steps.record(GitSet(git))


def record_start(steps: Decision, _: RecordStart) -> None:
    _require_elsewhere(steps.execution)
    if steps.execution.ended:
        raise _ended(steps.execution)
    if steps.execution.state is ExecutionState.CREATED:
        _move(steps, ExecutionState.RUNNING, None)


def record_end(steps: Decision, command: RecordEnd) -> None:
    """The same end told again is a success that changes nothing; another one is refused."""
    _require_elsewhere(steps.execution)
    if _is_the_same_end(steps.execution, command):
        return
    if steps.execution.ended:
        raise _ended(steps.execution)
    way = _way(steps.execution.state, command.state)
    ended_at = told_end(steps.execution, command.ended_at, steps.now)
    if command.outputs:
        steps.record(OutputsSet(None, command.outputs))
    if command.error or (command.state in _FAILING and not steps.execution.has_failed):
        steps.record(FailureRecorded(command.error or _unsaid(command.state)))
    at = ended_at or steps.now
    for task in list(steps.execution.tasks.values()):
        if fact := close_task(task, at):
            steps.record(fact)
    for state in way:
        _move(steps, state, ended_at, command.cached_from)


def cancel(steps: Decision) -> None:
    """An execution that has not started elsewhere shall not: whoever would start it there is refused."""
    record_end(steps, RecordEnd(ExecutionState.CANCELLED, ended_at=steps.now))


def fall_silent(steps: Decision, command: FallSilent) -> None:
    if steps.execution.ended or not steps.execution.ran_elsewhere:
        return
    error = TaskError("SILENT", f"no heartbeat came for {command.ttl:g} seconds")
    record_end(steps, RecordEnd(ExecutionState.ERROR, ended_at=steps.now, error=error))


def _move(
    steps: Decision, to: ExecutionState, told_at: datetime | None, cached_from: UUID | None = None
) -> None:
    source = cached_from if to is ExecutionState.CACHED else None
    steps.record(ExecutionMoved(steps.execution.state, to, told_at, cached_from=source))


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
