"""Compiles revisions to plans and caches them by id: a revision never changes."""

import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import TypedDict
from uuid import UUID

from models.errors import Fault, ProblemCode, Refused
from models.lifecycle.snapshot import CompiledFlow
from models.spec import parse_flow
from runner.service.event_loop import Checkpoint
from runner.store.coalescer import Coalescer
from runner.store.flow_lookup import Named, ToLaunchRow, find_to_launch
from runner.store.postgres.connection import Connection

logger = logging.getLogger("headway.engine")

_KEPT = 500
_LONGEST_REASON = 1000
_REVISIONS = """
select r.id, r.flow_id, r.number, r.source, f.namespace, f.key from revisions r join flows f on f.id = r.flow_id
where r.id = any($1::uuid[])
"""


class RowWithPlan(TypedDict):
    """The columns of an execution that say which plan it has."""

    revision_id: UUID | None
    namespace: str
    flow_key: str


class _RevisionRow(TypedDict):
    id: UUID
    flow_id: UUID
    number: int
    source: str
    namespace: str
    key: str


class Plans:
    """A bounded cache, one for each process. `launches` finds revisions by name, and reads the database each time."""

    def __init__(self) -> None:
        self.launches: Coalescer[Named, ToLaunchRow] = Coalescer(find_to_launch)
        self._plans: OrderedDict[UUID, CompiledFlow] = OrderedDict()

    async def of(self, connection: Connection, revision_id: UUID) -> CompiledFlow:
        """The plan of a revision; raises Refused when this process cannot read it, Fault when it is deleted."""
        plan = await self._of(connection, revision_id)
        return readable(plan)

    async def of_row(self, connection: Connection, row: RowWithPlan) -> CompiledFlow:
        """The plan for a row of executions. An external run has no revision; other plans may be `unreadable`."""
        return (await self.of_rows(connection, [row]))[0]

    async def of_rows(
        self, connection: Connection, rows: Sequence[RowWithPlan]
    ) -> list[CompiledFlow]:
        """As `of_row`, for many rows, with one statement at most."""
        ids = {row["revision_id"] for row in rows if row["revision_id"]}
        found = await self.by_id(connection, ids)
        return [
            found[row["revision_id"]]
            if row["revision_id"]
            else CompiledFlow.external(row["namespace"], row["flow_key"])
            for row in rows
        ]

    async def by_id(
        self, connection: Connection, ids: Collection[UUID]
    ) -> dict[UUID, CompiledFlow]:
        """The plans of revisions, also `unreadable` ones; raises Fault when one is deleted."""
        found = {id: plan for id in ids if (plan := self._plans.get(id))}
        if missing := [id for id in ids if id not in found]:
            found |= await self._read(connection, missing)
        for id in ids:
            if id in self._plans:
                self._plans.move_to_end(id)
        return found

    async def _of(self, connection: Connection, revision_id: UUID) -> CompiledFlow:
        return (await self.by_id(connection, [revision_id]))[revision_id]

    def kept(self, revision_id: UUID) -> CompiledFlow | None:
        return self._plans.get(revision_id)

    def keep(self, plan: CompiledFlow) -> None:
        assert plan.revision_id
        self._plans[plan.revision_id] = plan
        while len(self._plans) > _KEPT:
            self._plans.popitem(last=False)

    async def _read(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CompiledFlow]:
        read: list[_RevisionRow] = await connection.fetch(_REVISIONS, ids)
        rows = {row["id"]: row for row in read}
        pace, found = Checkpoint(), {}
        for id in ids:
            if id not in rows:
                raise Fault(f"revision {id} has been deleted")
            found[id] = plan = _plan_of(rows[id])
            if not plan.unreadable:
                self.keep(plan)
            await pace.keep()
        return found


def _plan_of(row: _RevisionRow) -> CompiledFlow:
    try:
        spec = parse_flow(row["source"], saved=True)
        return CompiledFlow.of(row["flow_id"], row["id"], row["number"], spec)
    except Exception as error:  # an installed task type may raise anything
        logger.error("revision %s cannot be read", row["id"], exc_info=error)
        return _unread(row, row["id"], error)


def readable(plan: CompiledFlow) -> CompiledFlow:
    """Returns the plan; raises Refused when this process cannot read it."""
    if plan.unreadable:
        raise Refused.because(ProblemCode.INVALID_STATE, plan.unreadable, "revision")
    return plan


def _unread(row: _RevisionRow, revision_id: UUID, error: Exception) -> CompiledFlow:
    reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    name = f"revision {row['number']} of {row['namespace']}/{row['key']}"
    why = f"{name} cannot be read by this version of Headway: {reason[:_LONGEST_REASON]}"
    return CompiledFlow.unread(
        row["flow_id"], revision_id, row["number"], row["namespace"], row["key"], why
    )
