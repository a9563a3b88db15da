"""Finds a requested execution if the viewer may see it, and hides the fields they may not see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.access.viewer import Permission, Scope, not_permitted
from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.lifecycle.visibility.outside import Outside
from runner.history.visibility import (
    attempt_seen,
    event_seen,
    failure_seen,
    read_outside,
    task_run_seen,
)
from runner.store.execution.event_log import EventRow
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.lists.snapshot_reads import visible_row
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection
from runner.store.rows import AttemptRow, ExecutionRow


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """`logs` is the scope in which the viewer may read logs; None if no logs are requested."""

    id: str
    scope: Scope
    logs: Scope | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Hides what a viewer may not see in the rows of an execution: see `runner/history/visibility.py`."""

    scope: Scope
    outside: Outside
    runs: Mapping[UUID, str]

    def task_run(self, row: TaskRunWithResults) -> TaskRunWithResults:
        seen: TaskRunWithResults = task_run_seen(self.outside, row)
        return seen

    def attempt(self, row: AttemptRow) -> AttemptRow:
        seen: AttemptRow = attempt_seen(self.outside, self.runs, row)
        return seen

    def event(self, row: EventRow) -> EventRow:
        return event_seen(self.outside, row)

    def failure(self, failure: dict[str, Any]) -> dict[str, Any]:
        return failure_seen(self.outside, failure)


async def seen_by(connection: Connection, scope: Scope, row: ExecutionRow) -> Seen:
    """Reads the execution's revision for a restricted scope: exports have no cache of plans."""
    return Seen(scope, *await read_outside(connection, Plans(), scope, row))


async def visible(connection: Connection, request: ExportRequest) -> ExecutionRow:
    """Raises Refused: NOT_FOUND if it does not exist or may not be seen, FORBIDDEN if its log may not be read."""
    row = await visible_row(connection, request.scope, untyped("exec", request.id))
    if row is None:
        raise Refused.not_found(f"no execution {request.id[:100]}; `headway ls` lists executions")
    if request.logs is not None and not request.logs.covers(row["namespace"]):
        sentence = not_permitted(Permission.VIEW_LOGS, row["namespace"])
        raise Refused.because(ProblemCode.FORBIDDEN, sentence)
    return row
