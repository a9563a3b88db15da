"""Removes from rows the values that came from flows outside of the viewer's scope."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypedDict, TypeVar, cast
from uuid import UUID

from models.access.viewer import Scope
from models.events.event_types import EventType
from models.lifecycle.visibility.outside import NOTHING, Outside, outside_of
from runner.store.execution.event_log import EventRow
from runner.store.execution.task_runs import task_runs_of
from runner.store.json import dump, load
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, Executes
from runner.store.rows import AttemptRow, ExecutionRow
from runner.store.scopes import scope_of


class _OfNamespace(TypedDict):
    namespace: str


TaskRun = TypeVar("TaskRun", bound=Mapping[str, Any])
"""The row of a task run, which may lack columns."""
Owned = TypeVar("Owned", bound=_OfNamespace)
_EMPTY: Final = "{}"
_OF_CHILD: Final = frozenset({EventType.CHILD_LINKED.value, EventType.CHILD_STATE_CHANGED.value})
_PLACE: Final = ("path", "attempt")


async def read_outside(
    connection: Connection, plans: Plans, scope: Scope, row: ExecutionRow
) -> tuple[Outside, Mapping[UUID, str]]:
    """The parts of an execution that are outside of the scope, and the paths of the task runs that started executions
    outside, by their ids."""
    if scope.namespaces is None:
        return NOTHING, {}
    found = outside_of(await plans.of_row(connection, row), scope, scope_of(row["scope"]))
    return found, (await runs_outside(connection, {row["id"]: found}))[row["id"]]


async def runs_outside(
    pool: Executes, outside: Mapping[UUID, Outside]
) -> dict[UUID, dict[UUID, str]]:
    """Finds the task runs that started executions outside of the scope: by execution, their paths by their ids."""
    ids = [id for id, found in outside.items() if found]
    runs: dict[UUID, dict[UUID, str]] = {id: {} for id in outside}
    for row in await task_runs_of(pool, ids) if ids else ():
        if outside[row["execution_id"]].has(row["path"]):
            runs[row["execution_id"]][row["id"]] = row["path"]
    return runs


def task_run_seen(outside: Outside, row: TaskRun) -> TaskRun:
    """The row of a task run without values from outside; it may lack columns."""
    path = row["path"]
    if not outside.holds(path):
        return row
    seen: dict[str, Any] = dict(row)
    if seen.get("results") is not None:
        seen["results"] = dump(outside.results(path, load(seen["results"])))
    if outside.has(path):
        nothing = {"outputs": _EMPTY, "message": None, "child_id": None, "standing": None}
        seen |= {name: value for name, value in nothing.items() if name in seen}
        seen |= _error_seen(outside, path, seen.get("error"))
    return cast(TaskRun, seen)


def attempt_seen(outside: Outside, runs: Mapping[UUID, str], row: AttemptRow) -> AttemptRow:
    """`runs` are the paths of task runs that started executions outside of the scope."""
    path = runs.get(row["task_run_id"])
    return row if path is None else {**row, **_error_seen(outside, path, row["error"])}


def seen_uses(scope: Scope, rows: Iterable[Owned]) -> list[Owned]:
    """Filters artifact uses by scope: an artifact may belong to another namespace than the execution."""
    return [row for row in rows if scope.covers(row["namespace"])]


def event_seen(outside: Outside, row: EventRow) -> EventRow:
    if row.path is None or not outside.has(row.path):
        return row
    data = load(row.data)
    if row.type in _OF_CHILD:
        data = {name: data[name] for name in _PLACE if name in data}
    else:
        data |= {name: {} for name in ("outputs",) if data.get(name)}
        data |= {name: None for name in ("message",) if data.get(name)}
        if data.get("error"):
            data["error"] = outside.error(row.path, data["error"])
    return replace(row, data=dump(data))


def failure_seen(outside: Outside, failure: dict[str, Any]) -> dict[str, Any]:
    path = failure["path"]
    return dict(outside.error(path, failure)) if path else failure


class _ErrorSeen(TypedDict, total=False):
    error: str


def _error_seen(outside: Outside, path: str, text: str | None) -> _ErrorSeen:
    error = load(text)
    return {"error": dump(outside.error(path, error))} if error else {}
