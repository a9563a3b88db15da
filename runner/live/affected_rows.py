"""Finds the rows that an event changed besides its execution: task runs, and rows of other kinds."""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

from models.events.event_types import EventType
from models.lifecycle.task_path import parse_path
from runner.store.execution import execution_changes as store
from runner.store.execution.event_log import EventRow
from runner.store.postgres.connection import Pool

_APPROVAL: Final = frozenset(
    {
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVAL_VOTED,
        EventType.APPROVAL_CLOSED,
        EventType.APPROVAL_REMINDED,
        EventType.APPROVAL_ESCALATED,
    }
)
_ADDING: Final = frozenset({EventType.EXECUTION_CREATED, EventType.TASK_RUNS_ADDED})
_OUTPUTS: Final = frozenset({EventType.OUTPUTS_SET, EventType.TASK_RUN_STATE_CHANGED})
"""Events that also change the results of the enclosing foreach tasks."""


ChangedRow: TypeAlias = Mapping[str, Any] | EventRow | UUID
"""A row of any kind, with the columns of that kind; an event; or the id of a row that no longer counts."""


@dataclass(slots=True)
class Touched:
    """Rows that one event changed. `others` are tuples of a field's name, an id and the row. `named_before` are ids of
    rows by field name: rows that were recorded before their task run."""

    runs: list[UUID] = field(default_factory=list)
    others: list[tuple[str, UUID, ChangedRow]] = field(default_factory=list)
    named_before: dict[str, list[UUID]] = field(default_factory=dict)


async def touched_by(
    pool: Pool, id: UUID, events: Sequence[EventRow], kinds: Container[str]
) -> Mapping[int, Touched]:
    """The changed rows by the seq of the event; only of the kinds in `kinds`."""
    found = {event.seq: Touched() for event in events}
    for name, add in _ADDED.items():
        if name in kinds:
            await add(pool, id, events, found)
    return found


async def _add_task_runs(
    pool: Pool, id: UUID, events: Sequence[EventRow], found: Mapping[int, Touched]
) -> None:
    around = await _foreach_ids(pool, id, events)
    added = await _added(pool, id, events)
    for event in events:
        if event.task_run_id:
            found[event.seq].runs.append(event.task_run_id)
            found[event.seq].runs += [around[path] for path in _around(event) if path in around]
        found[event.seq].runs += added.get(event.seq, ())


async def _added(pool: Pool, id: UUID, events: Sequence[EventRow]) -> Mapping[int, Sequence[UUID]]:
    found: dict[int, list[UUID]] = {}
    seqs = [event.seq for event in events if event.type in _ADDING]
    for seq, run in await store.added_by(pool, id, seqs) if seqs else ():
        found.setdefault(seq, []).append(run)
    return found


def _around(event: EventRow) -> list[str]:
    """The paths of the enclosing foreach tasks whose results change with the event's task run."""
    paths: list[str] = []
    path = event.path if event.type in _OUTPUTS else None
    while path and (path := parse_path(path).parent):
        paths.append(path)
    return paths


async def _foreach_ids(pool: Pool, id: UUID, events: Sequence[EventRow]) -> Mapping[str, UUID]:
    paths = {path for event in events for path in _around(event)}
    return await store.ids_by_path(pool, id, list(paths)) if paths else {}


async def _add_approvals(
    pool: Pool, _: UUID, events: Sequence[EventRow], found: Mapping[int, Touched]
) -> None:
    voted = {event.task_run_id: event.seq for event in events if event.type in _APPROVAL}
    rows = await store.approvals_of(pool, [run for run in voted if run]) if voted else ()
    for row in rows:
        found[voted[row["task_run_id"]]].others.append(("approvals", row["id"], row))


async def _add_notes(
    pool: Pool, id: UUID, events: Sequence[EventRow], found: Mapping[int, Touched]
) -> None:
    written = [event.seq for event in events if event.type == EventType.NOTE_ADDED]
    for row in await store.notes_of(pool, id, written) if written else ():
        found[row["seq"]].others.append(("notes", row["id"], row))


async def _add_named_before(
    name: str, pool: Pool, id: UUID, events: Sequence[EventRow], found: Mapping[int, Touched]
) -> None:
    """Adds rows that were recorded before their task run was reported: from then on they belong to it."""
    new = {
        event.path: event.seq
        for event in events
        if event.type == EventType.TASK_RUN_RECORDED and event.from_state is None
    }
    paths = [path for path in new if path]
    for path, one in await store.ids_of_paths(pool, name, id, paths) if paths else ():
        found[new[path]].named_before.setdefault(name, []).append(one)


async def _add_set_aside(
    pool: Pool, id: UUID, events: Sequence[EventRow], found: Mapping[int, Touched]
) -> None:
    """Adds artifact uses of attempts that did not succeed: they no longer count for the execution."""
    ended = [event.seq for event in events if event.type == EventType.ATTEMPT_ENDED]
    for seq, use in await store.set_aside(pool, id, ended) if ended else ():
        found[seq].others.append(("gone_artifacts", use, use))


_ADDED: Final[Mapping[str, Callable[..., Awaitable[None]]]] = {
    "task_runs": _add_task_runs,
    "approvals": _add_approvals,
    "notes": _add_notes,
    "gone_artifacts": _add_set_aside,
    "metrics": partial(_add_named_before, "metrics"),
    "artifacts": partial(_add_named_before, "artifacts"),
}
"""The function that adds each kind of rows."""
