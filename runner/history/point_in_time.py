"""An execution at a point in time: its events are replayed up to one of them and converted to the rows of that time.

In rows of a past moment, keys are `HistoricalKey`s: reading by such a key returns rows of the same moment.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar, cast
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    ExecutionMoved,
    Fact,
    TaskRunRecorded,
)
from models.events.record_events import NoteAdded
from models.lifecycle.apply.attempt_values import given_by_attempts
from models.lifecycle.results import results_of
from models.lifecycle.snapshot import Execution, TaskRun
from models.states import ApprovalState, AttemptState, TaskRunState
from runner.history.replay_cache import ReplayCache
from runner.store.execution.history import MoveRow, TaskMoveRow
from runner.store.execution.nodes import TaskRunWithResults, UseRow
from runner.store.execution.removal import Held, held_outputs
from runner.store.execution.snapshots import NEW_EXECUTION_COLUMNS
from runner.store.execution.writes import NEW_TASK_RUN_COLUMNS
from runner.store.json import dump, dump_or_none, load
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import ApprovalRow, AttemptRow, ExecutionRow, NoteRow, VoteRow

AnyRow = TypeVar("AnyRow", bound=Mapping[str, Any])
Made = TypeVar("Made")


class HistoricalKey(UUID):
    """Equal to the key of the current row; `past` is the moment."""

    past: "HistoricalView"

    def __init__(self, key: UUID, past: "HistoricalView") -> None:
        super().__init__(int=key.int)
        object.__setattr__(self, "past", past)


@dataclass(frozen=True, slots=True, eq=False)
class HistoricalView:
    """`rows` has, by kind, a function from a loader's key to the rows of that kind, which are computed at the first
    call. `seen` is for kinds without events: it selects those of the current rows that existed then."""

    execution: Execution
    at: datetime
    rows: Mapping[str, Callable[[UUID], Any]]
    seen: Mapping[str, Callable[[Sequence[UseRow]], list[UseRow]]]

    @property
    def seq(self) -> int:
        return self.execution.seq


def past_of(key: UUID) -> HistoricalView | None:
    """The moment that a key belongs to; None is now."""
    return key.past if isinstance(key, HistoricalKey) else None


def moment_of(key: UUID) -> datetime | None:
    past = past_of(key)
    return past.at if past else None


async def read_past(
    pool: Pool, plans: Plans, row: ExecutionRow, seq: int, replays: ReplayCache | None = None
) -> HistoricalView:
    """The execution of `row` as of its event `seq`. Raises Refused when it has no such event, or was deleted."""
    if not 1 <= seq <= row["seq"]:
        raise Refused.because(
            ProblemCode.VALIDATION,
            _no_such_moment(row["seq"], seq),
            "at",
        )
    async with pool.acquire() as connection:
        plan = await plans.of_row(connection, row)
        moment = await (replays or ReplayCache()).at(connection, plan, row["id"], seq)
        if moment is None:
            raise Refused.not_found("the execution was deleted just now")
        held = await _held(connection, moment.execution)
    return _past(row, _carrying(moment.execution, held), moment.events, held)


def _no_such_moment(last: int, seq: int) -> str:
    return (
        f"the execution has no event {seq}: its events are numbered 1 to {last}; "
        "choose one of them, or leave `at` out to read the execution as it is now"
    )


async def _held(connection: Connection, execution: Execution) -> Mapping[UUID, Held]:
    """The outputs of other task runs that its own reuse: its events only have their ids."""
    ids = [id for task in execution.tasks.values() if (id := task.outputs_from)]
    return await held_outputs(connection, ids) if ids else {}


def _carrying(execution: Execution, held: Mapping[UUID, Held]) -> Execution:
    if not held:
        return execution
    tasks = {
        path: replace(task, carried=source.outputs) if (source := _source(task, held)) else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


def _source(task: TaskRun, held: Mapping[UUID, Held]) -> Held | None:
    return held.get(task.outputs_from) if task.outputs_from else None


def _past(
    row: ExecutionRow, execution: Execution, events: Sequence[Event], held: Mapping[UUID, Held]
) -> HistoricalView:
    rows: dict[str, Callable[[UUID], Any]] = {}
    seen: dict[str, Callable[[Sequence[UseRow]], list[UseRow]]] = {}
    past = HistoricalView(execution, events[-1].at, rows, seen)
    whole: dict[str, Any] = {
        **row,
        **{name: value(execution) for name, _, value in NEW_EXECUTION_COLUMNS},
    }
    # The current snapshot: a client that followed from it would miss what was written between then and now.
    whole.pop("moment", None)
    own = past_row(past, whole)
    rows["execution"] = lambda _: own
    rows["snapshot"] = lambda _: execution
    rows["plan"] = lambda _: execution.plan
    rows["items"] = _lazy(lambda: _items(execution))
    rows["given"] = _lazy(lambda: given_by_attempts(_placed(execution, events)))
    tables: Mapping[str, Callable[[], Sequence[Mapping[str, Any]]]] = {
        "task_runs": lambda: _task_runs(execution, held),
        "attempts_in": lambda: _attempts(execution, events),
        "approvals": lambda: _approvals(execution, events),
        "votes": lambda: _votes(events),
        "moves": lambda: _moves(events),
        "task_moves": lambda: _task_moves(execution, events),
        "notes": lambda: _notes(events),
    }
    for kind, made in tables.items():
        rows[kind] = _lazy(partial(_past_rows, past, made))
    rows["attempts"] = _grouped(rows["attempts_in"], _task_run_of)
    rows["votes"] = _grouped(rows["votes"], _approval_of)
    rows["task_run"] = _one_by_id(rows["task_runs"])
    seen["artifacts"] = lambda now: _artifacts(past, now)
    return past


_BELONGS = ("id", "execution_id", "task_run_id", "approval_id")


def past_row(past: HistoricalView, row: AnyRow) -> AnyRow:
    """The row with keys of that moment."""
    keys = {name: HistoricalKey(row[name], past) for name in _BELONGS if row.get(name) is not None}
    return cast(AnyRow, {**row, **keys})


def _past_rows(past: HistoricalView, made: Callable[[], Sequence[AnyRow]]) -> list[AnyRow]:
    return [past_row(past, row) for row in made()]


def _lazy(make: Callable[[], Made]) -> Callable[[UUID], Made]:
    """A function that returns the same for every key; computed at its first call."""
    made = cache(make)
    return lambda _: made()


def _grouped(
    rows: Callable[[UUID], list[Made]], key_of: Callable[[Made], UUID]
) -> Callable[[UUID], list[Made]]:
    @cache
    def found() -> dict[UUID, list[Made]]:
        groups: dict[UUID, list[Made]] = {}
        for row in rows(_ANY):
            groups.setdefault(key_of(row), []).append(row)
        return groups

    return lambda wanted: found().get(wanted, [])


def _task_run_of(row: AttemptRow) -> UUID:
    return row["task_run_id"]


def _approval_of(row: VoteRow) -> UUID:
    return row["approval_id"]


def _one_by_id(
    rows: Callable[[UUID], list[TaskRunWithResults]],
) -> Callable[[UUID], TaskRunWithResults | None]:
    found = cache(lambda: {row["id"]: row for row in rows(_ANY)})
    return lambda wanted: found().get(wanted)


_ANY = UUID(int=0)


def _items(execution: Execution) -> Mapping[str, Sequence[Any]]:
    """The items of the foreach tasks."""
    tasks = execution.tasks.items()
    return {path: task.inputs["items"] for path, task in tasks if "items" in task.inputs}


def _task_runs(execution: Execution, held: Mapping[UUID, Held]) -> list[TaskRunWithResults]:
    found: list[TaskRunWithResults] = []
    for task in sorted(execution.tasks.values(), key=lambda one: (one.position, one.path)):
        source = _source(task, held)
        row = {name: value((execution, task)) for name, _, value in NEW_TASK_RUN_COLUMNS}
        results = dump(results_of(execution, task))
        source_execution = source.execution_id if source else None
        row |= {"results": results, "source_execution": source_execution}
        found.append(cast(TaskRunWithResults, row))  # its columns are those of the table
    return found


def _artifacts(past: HistoricalView, now: Sequence[UseRow]) -> list[UseRow]:
    """The uses up to then; those by an attempt that was still running are not set aside."""
    attempts: Sequence[AttemptRow] = past.rows["attempts_in"](_ANY)
    running = {
        (one["task_run_id"], one["number"])
        for one in attempts
        if one["state"] == AttemptState.RUNNING.value
    }
    there = (one for one in now if one["created_at"] <= past.at)
    found: list[UseRow] = [
        {
            **one,
            "set_aside": one["set_aside"] and (one["task_run_id"], one["attempt"]) not in running,
        }
        for one in there
    ]
    return [past_row(past, one) for one in found]


def _placed(execution: Execution, events: Sequence[Event]) -> Iterator[tuple[UUID | None, Fact]]:
    """The facts with the ids of their task runs."""
    for event in events:
        path = getattr(event.fact, "path", None)
        yield (execution.tasks[path].id if path else None), event.fact


def _recorded(execution: Execution, event: Event, fact: TaskRunRecorded) -> AttemptRow:
    """The row of a reported attempt."""
    assert fact.attempt_id and fact.attempt_state and fact.attempt_started_at
    over = fact.attempt_state is not AttemptState.RUNNING
    return {
        "id": fact.attempt_id,
        "execution_id": execution.id,
        "task_run_id": fact.id,
        "number": fact.attempt,
        "state": fact.attempt_state.value,
        "worker": None,
        "lease": None,
        "lease_expires_at": None,
        "started_at": fact.attempt_started_at,
        "ended_at": (fact.ended_at or event.at) if over else None,
        "exit_code": fact.exit_code,
        "error": dump_or_none(fact.error),
        "resources": None,
        "lines_at_end": None,
        "seen_at_end": None,
    }


def _attempts(execution: Execution, events: Sequence[Event]) -> list[AttemptRow]:
    found: dict[tuple[str, int], AttemptRow] = {}
    for event in events:
        match event.fact:
            case AttemptStarted() as fact:
                found[fact.path, fact.attempt] = {
                    "id": fact.id,
                    "execution_id": execution.id,
                    "task_run_id": execution.tasks[fact.path].id,
                    "number": fact.attempt,
                    "state": AttemptState.RUNNING.value,
                    "worker": fact.worker,
                    "lease": None,
                    "lease_expires_at": None,
                    "started_at": event.at,
                    "ended_at": None,
                    "exit_code": None,
                    "error": None,
                    "resources": None,
                    "lines_at_end": None,
                    "seen_at_end": None,
                }
            case TaskRunRecorded() as fact if fact.attempt_id:
                found[fact.path, fact.attempt] = _recorded(execution, event, fact)
            case AttemptEnded() as fact if (fact.path, fact.attempt) in found:
                found[fact.path, fact.attempt] |= {
                    "state": fact.state.value,
                    "ended_at": event.at,
                    "exit_code": fact.exit_code,
                    "error": dump_or_none(fact.error),
                    "resources": dump_or_none(fact.resources),
                }
    return sorted(found.values(), key=lambda row: row["number"])


def _approvals(execution: Execution, events: Sequence[Event]) -> list[ApprovalRow]:
    found: dict[UUID, ApprovalRow] = {}
    for event in events:
        match event.fact:
            case ApprovalRequested() as fact:
                found[fact.id] = {
                    "id": fact.id,
                    "execution_id": execution.id,
                    "task_run_id": execution.tasks[fact.path].id,
                    "attempt": fact.attempt,
                    "state": ApprovalState.PENDING.value,
                    "message": fact.message,
                    "required": fact.policy.required,
                    "users": dump(fact.policy.users),
                    "roles": dump(fact.policy.roles),
                    "comment_rule": fact.policy.comment.value,
                    "policy": dump(fact.policy),
                    "escalated": dump(()),
                    "expires_at": fact.expires_at,
                    "requested_at": event.at,
                    "decided_at": None,
                }
            case ApprovalEscalated() as fact:
                row = found[fact.approval_id]
                row |= {
                    "escalated": dump(fact.roles),
                    "roles": dump([*load(row["roles"]), *fact.roles]),
                    "expires_at": fact.expires_at,
                }
            case ApprovalClosed() as fact:
                found[fact.approval_id] |= {"state": fact.state.value, "decided_at": event.at}
    return sorted(found.values(), key=lambda row: row["id"])


def _votes(events: Sequence[Event]) -> list[VoteRow]:
    return [
        {
            "id": fact.id,
            "approval_id": fact.approval_id,
            "actor": event.origin.actor,
            "decision": fact.decision.value,
            "comment": fact.comment,
            "override": fact.override,
            "at": event.at,
            "groups": dump(fact.groups),
            "form": dump_or_none(fact.form),
            "key": fact.key,
        }
        for event in events
        if isinstance(fact := event.fact, ApprovalVoted)
    ]


def _notes(events: Sequence[Event]) -> list[NoteRow]:
    return [
        {
            "id": fact.id,
            "execution_id": event.execution_id,
            "seq": event.seq,
            "author": event.origin.actor,
            "text": fact.text,
            "at": event.at,
        }
        for event in events
        if isinstance(fact := event.fact, NoteAdded)
    ]


def _moves(events: Sequence[Event]) -> list[MoveRow]:
    return [_move(event) for event in events if isinstance(event.fact, ExecutionMoved)]


def _task_moves(execution: Execution, events: Sequence[Event]) -> list[TaskMoveRow]:
    return [
        {**_move(event), "task_run_id": execution.tasks[path].id}
        for event in events
        if (path := getattr(event.fact, "path", None))
        and getattr(event.fact, "to_state", None) is not None
    ]


def _happened_at(event: Event) -> datetime:
    """The time of the event; for external runs the reported time."""
    match event.fact:
        case ExecutionMoved(told_at=datetime() as at):
            return at
        case TaskRunRecorded() as fact:
            running = fact.to_state is TaskRunState.RUNNING
            return fact.ended_at or (running and fact.attempt_started_at) or event.at
        case _:
            return event.at


def _move(event: Event) -> MoveRow:
    to_state: Any = getattr(event.fact, "to_state", None)
    return {
        "execution_id": event.execution_id,
        "seq": event.seq,
        "to_state": to_state,
        "at": _happened_at(event),
        "actor": event.origin.actor,
        "reason": event.origin.reason,
    }
