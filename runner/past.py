"""An execution as it was: its events up to one of them, folded, as the rows that the tables held then.

`PastKey` stands for a row's key in all that is read of a past moment: whoever reads by it reads from that moment.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
)
from models.errors import ProblemCode, Refused
from models.events import AttemptEnded, AttemptStarted, Event, ExecutionMoved, Fact, TaskRunRecorded
from models.lifecycle.evolve import fold
from models.lifecycle.given import given_by_attempts
from models.lifecycle.results import results_of
from models.lifecycle.snapshot import Execution, TaskRun
from models.record_events import NoteAdded
from models.states import ApprovalState, AttemptState, TaskRunState
from runner.store import history
from runner.store.connection import Connection, Pool
from runner.store.event_log import facts_up_to
from runner.store.json import dump, dump_or_none, load
from runner.store.plans import Plans
from runner.store.removal import Held, held_outputs
from runner.store.snapshots import NEW_EXECUTION_COLUMNS
from runner.store.writes import NEW_TASK_RUN_COLUMNS

Row = dict[str, Any]


class PastKey(UUID):
    """Equal to the key that it stands for; `past` says when."""

    past: "Past"

    def __init__(self, key: UUID, past: "Past") -> None:
        super().__init__(int=key.int)
        object.__setattr__(self, "past", past)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """`rows` are by kind, and by the key that a loader of that kind is asked with."""

    execution: Execution
    at: datetime
    rows: Mapping[str, Callable[[UUID], Any]]

    @property
    def seq(self) -> int:
        return self.execution.seq


def past_of(key: UUID) -> Past | None:
    """The moment that a key belongs to; None: now."""
    return key.past if isinstance(key, PastKey) else None


def moment_of(key: UUID) -> datetime | None:
    past = past_of(key)
    return past.at if past else None


async def read_past(pool: Pool, plans: Plans, row: Any, seq: int) -> Past:
    """The execution of `row` as of its event `seq`. Raises Refused VALIDATION when it has no such event."""
    if not 1 <= seq <= row["seq"]:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"at is the seq of one of its events, 1 to {row['seq']}; got {seq}",
            "at",
        )
    async with pool.acquire() as connection:
        events = await facts_up_to(connection, row["id"], seq)
        plan = await plans.of_row(connection, row)
        execution = fold(plan, events) if events else None
        held = await _held(connection, execution)
    if execution is None or len(events) != seq:
        raise Refused.not_found("it was deleted just now")
    (metrics,) = await history.grouped(pool, history.METRICS_OF, "execution_id", [row["id"]])
    (artifacts,) = await history.grouped(pool, history.ARTIFACTS_OF, "execution_id", [row["id"]])
    at = events[-1].at
    told = {
        "metrics": [dict(one) for one in metrics if one["at"] <= at],
        "artifacts": _artifacts(artifacts, at, _attempts(execution, events)),
    }
    execution = _carrying(execution, held)
    return _past(row, execution, events, {**told, "task_runs": _task_runs(execution, held)})


async def _held(connection: Connection, execution: Execution | None) -> Mapping[UUID, Held]:
    """The outputs that other task runs hold for its own: its events only say which these are."""
    tasks = execution.tasks.values() if execution else ()
    return await held_outputs(connection, [id for task in tasks if (id := task.outputs_from)])


def _carrying(execution: Execution, held: Mapping[UUID, Held]) -> Execution:
    tasks = {
        path: replace(task, carried=source.outputs) if (source := _source(task, held)) else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


def _source(task: TaskRun, held: Mapping[UUID, Held]) -> Held | None:
    return held.get(task.outputs_from) if task.outputs_from else None


def _past(row: Any, execution: Execution, events: Sequence[Event], told: dict[str, Any]) -> Past:
    rows: dict[str, Callable[[UUID], Any]] = {}
    past = Past(execution, events[-1].at, rows)
    whole = {**row, **{name: value(execution) for name, _, value in NEW_EXECUTION_COLUMNS}}
    own = past_row(past, whole)
    rows["execution"] = lambda _: own
    rows["snapshot"] = lambda _: execution
    rows["plan"] = lambda _: execution.plan
    items = {
        path: task.inputs["items"]
        for path, task in execution.tasks.items()
        if "items" in task.inputs
    }
    rows["items"] = lambda _: items
    tables = {
        "attempts": _attempts(execution, events),
        "approvals": _approvals(execution, events),
        "votes": _votes(events),
        "moves": _moves(events),
        "task_moves": _task_moves(execution, events),
        "notes": _notes(events),
        **told,
    }
    given = given_by_attempts(_placed(execution, events))
    rows["given"] = lambda _: given
    for kind, found in tables.items():
        rows[kind] = _finder([past_row(past, one) for one in found], _KEYS.get(kind))
    rows["attempts_in"] = _finder([past_row(past, one) for one in tables["attempts"]], None)
    by_id = {row["id"]: row for row in rows["task_runs"](execution.id)}
    rows["task_run"] = by_id.get
    return past


_KEYS: Mapping[str, str] = {"attempts": "task_run_id", "votes": "approval_id"}
"""What the rows of a kind are found by, where that is not their execution."""
_BELONGS = ("id", "execution_id", "task_run_id", "approval_id")


def past_row(past: Past, row: Mapping[str, Any]) -> Row:
    """The same row, with keys of that moment."""
    keys = {name: PastKey(row[name], past) for name in _BELONGS if row.get(name) is not None}
    return {**row, **keys}


def _finder(rows: list[Row], key: str | None) -> Callable[[UUID], list[Row]]:
    if key is None:
        return lambda _: rows
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return lambda wanted: found.get(wanted, [])


def _task_runs(execution: Execution, held: Mapping[UUID, Held]) -> list[Row]:
    found = []
    for task in sorted(execution.tasks.values(), key=lambda one: (one.position, one.path)):
        source = _source(task, held)
        row = {name: value((execution, task)) for name, _, value in NEW_TASK_RUN_COLUMNS}
        results = dump(results_of(execution, task))
        source_execution = source.execution_id if source else None
        found.append({**row, "results": results, "source_execution": source_execution})
    return found


def _artifacts(uses: Sequence[Any], at: datetime, attempts: Sequence[Row]) -> list[Row]:
    """Those up to then; an attempt that ran then had not failed yet."""
    running = {
        (one["task_run_id"], one["number"])
        for one in attempts
        if one["state"] == AttemptState.RUNNING.value
    }
    return [
        {
            **one,
            "set_aside": one["set_aside"] and (one["task_run_id"], one["attempt"]) not in running,
        }
        for one in uses
        if one["created_at"] <= at
    ]


def _placed(execution: Execution, events: Sequence[Event]) -> Iterator[tuple[UUID | None, Fact]]:
    """The facts with the ids of their task runs."""
    for event in events:
        path = getattr(event.fact, "path", None)
        yield (execution.tasks[path].id if path else None), event.fact


def _recorded(execution: Execution, event: Event, fact: TaskRunRecorded) -> Row:
    """An attempt that ran elsewhere, as it was told."""
    over = fact.attempt_state is not AttemptState.RUNNING
    return {
        "id": fact.attempt_id,
        "execution_id": execution.id,
        "task_run_id": fact.id,
        "number": fact.attempt,
        "state": fact.attempt_state.value if fact.attempt_state else None,
        "worker": None,
        "lease": None,
        "lease_expires_at": None,
        "started_at": fact.attempt_started_at,
        "ended_at": (fact.ended_at or event.at) if over else None,
        "exit_code": fact.exit_code,
        "error": dump_or_none(fact.error),
        "resources": None,
    }


def _attempts(execution: Execution, events: Sequence[Event]) -> list[Row]:
    found: dict[tuple[str, int], Row] = {}
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


def _approvals(execution: Execution, events: Sequence[Event]) -> list[Row]:
    found: dict[UUID, Row] = {}
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


def _votes(events: Sequence[Event]) -> list[Row]:
    return [
        {
            "id": fact.id,
            "approval_id": fact.approval_id,
            "actor": event.ask.actor,
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


def _notes(events: Sequence[Event]) -> list[Row]:
    return [
        {
            "id": fact.id,
            "execution_id": event.execution_id,
            "seq": event.seq,
            "author": event.ask.actor,
            "text": fact.text,
            "at": event.at,
        }
        for event in events
        if isinstance(fact := event.fact, NoteAdded)
    ]


def _moves(events: Sequence[Event]) -> list[Row]:
    return [_move(event) for event in events if isinstance(event.fact, ExecutionMoved)]


def _task_moves(execution: Execution, events: Sequence[Event]) -> list[Row]:
    return [
        {**_move(event), "task_run_id": execution.tasks[path].id}
        for event in events
        if (path := getattr(event.fact, "path", None))
        and getattr(event.fact, "to_state", None) is not None
    ]


def _happened_at(event: Event) -> datetime:
    """As it was told, of what ran elsewhere."""
    match event.fact:
        case ExecutionMoved(told_at=datetime() as at):
            return at
        case TaskRunRecorded() as fact:
            running = fact.to_state is TaskRunState.RUNNING
            return fact.ended_at or (running and fact.attempt_started_at) or event.at
        case _:
            return event.at


def _move(event: Event) -> Row:
    return {
        "execution_id": event.execution_id,
        "seq": event.seq,
        "to_state": getattr(event.fact, "to_state", None),
        "at": _happened_at(event),
        "actor": event.ask.actor,
        "reason": event.ask.reason,
    }
