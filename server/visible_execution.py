"""The execution that somebody asks for, where that one may see it."""

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
from runner.store.lists.snapshot_reads import visible_row
from runner.store.pages import Row
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """`logs` is where the asker may read logs, when these are asked for."""

    id: str
    scope: Scope
    logs: Scope | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Tells what of an execution's rows may be told: see `runner/history/visibility.py`."""

    scope: Scope
    outside: Outside
    runs: Mapping[UUID, str]

    def task_run(self, row: Row) -> Row:
        return task_run_seen(self.outside, row)

    def attempt(self, row: Row) -> Row:
        return attempt_seen(self.outside, self.runs, row)

    def event(self, row: EventRow) -> EventRow:
        return event_seen(self.outside, row)

    def failure(self, failure: dict[str, Any]) -> dict[str, Any]:
        return failure_seen(self.outside, failure)


async def seen_by(connection: Connection, scope: Scope, row: Row) -> Seen:
    """A revision is read anew for whoever has a scope: exports have no plans of their own."""
    return Seen(scope, *await read_outside(connection, Plans(), scope, row))


async def visible(connection: Connection, asked: ExportRequest) -> Row:
    """Raises Refused NOT_FOUND for one that is not there, or not to be seen; FORBIDDEN when its log may not be read."""
    row = await visible_row(connection, asked.scope, untyped("exec", asked.id))
    if row is None:
        raise Refused.not_found(f"no execution {asked.id[:100]}; `headway ls` shows what there is")
    if asked.logs is not None and not asked.logs.covers(row["namespace"]):
        sentence = not_permitted(Permission.VIEW_LOGS, row["namespace"])
        raise Refused.because(ProblemCode.FORBIDDEN, sentence)
    return row
