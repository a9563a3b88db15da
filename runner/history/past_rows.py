"""Makes the rows of an execution as they were after an event, from the replayed execution and its events."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

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
from models.lifecycle.results import results_of
from models.lifecycle.snapshot import Execution, TaskRun
from models.states import ApprovalState, AttemptState, TaskRunState
from runner.store.execution.history import MoveRow, TaskMoveRow
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.execution.removal import Held
from runner.store.execution.writes import NEW_TASK_RUN_COLUMNS
from runner.store.json import dump, dump_or_none, load
from runner.store.rows import ApprovalRow, AttemptRow, NoteRow, VoteRow


def source_of(task: TaskRun, held: Mapping[UUID, Held]) -> Held | None:
    return held.get(task.outputs_from) if task.outputs_from else None


def items_of(execution: Execution) -> Mapping[str, Sequence[Any]]:
    """The items of the foreach tasks."""
    tasks = execution.tasks.items()
    return {path: task.inputs["items"] for path, task in tasks if "items" in task.inputs}


def task_runs_of(execution: Execution, held: Mapping[UUID, Held]) -> list[TaskRunWithResults]:
    found: list[TaskRunWithResults] = []
    for task in sorted(execution.tasks.values(), key=lambda one: (one.position, one.path)):
        source = source_of(task, held)
        row = {name: value((execution, task)) for name, _, value in NEW_TASK_RUN_COLUMNS}
        results = dump(results_of(execution, task))
        source_execution = source.execution_id if source else None
        row |= {"results": results, "source_execution": source_execution}
        found.append(cast(TaskRunWithResults, row))  # its columns are those of the table
    return found


def placed_facts(
    execution: Execution, events: Sequence[Event]
) -> Iterator[tuple[UUID | None, Fact]]:
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


def attempts_of(execution: Execution, events: Sequence[Event]) -> list[AttemptRow]:
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


def approvals_of(execution: Execution, events: Sequence[Event]) -> list[ApprovalRow]:
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


def votes_of(events: Sequence[Event]) -> list[VoteRow]:
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


def notes_of(events: Sequence[Event]) -> list[NoteRow]:
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


def moves_of(events: Sequence[Event]) -> list[MoveRow]:
    return [_move(event) for event in events if isinstance(event.fact, ExecutionMoved)]


def task_moves_of(execution: Execution, events: Sequence[Event]) -> list[TaskMoveRow]:
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
