"""Revisions made ready to run, kept by id: a revision never changes."""

import logging
from collections import OrderedDict
from typing import Any
from uuid import UUID

from models.errors import Fault, ProblemCode, Refused
from models.lifecycle.snapshot import Plan
from models.spec import parse_flow
from runner.store.connection import Connection
from runner.store.gathering import Gathered
from runner.store.launches import Named, find_to_launch

logger = logging.getLogger("headway.engine")

_KEPT = 500
_LONGEST_REASON = 1000
_REVISION = """
select r.flow_id, r.number, r.source, f.namespace, f.key from revisions r join flows f on f.id = r.flow_id
where r.id = $1
"""


class Plans:
    """A bounded cache, one a process. `launches` tells which of them a caller names, and is asked each time."""

    def __init__(self) -> None:
        self.launches: Gathered[Named, Any] = Gathered(find_to_launch)
        self._plans: OrderedDict[UUID, Plan] = OrderedDict()

    async def of(self, connection: Connection, revision_id: UUID) -> Plan:
        """The plan of a revision; Refused when this process cannot read it, Fault when it is gone."""
        plan = await self._of(connection, revision_id)
        if plan.unreadable:
            raise Refused.because(ProblemCode.INVALID_STATE, plan.unreadable, "revision")
        return plan

    async def of_row(self, connection: Connection, row: Any) -> Plan:
        """Of a row of executions: one that ran elsewhere has no revision, and that of another may be `unreadable`."""
        if row["revision_id"] is None:
            return Plan.external(row["namespace"], row["flow_key"])
        return await self._of(connection, row["revision_id"])

    async def _of(self, connection: Connection, revision_id: UUID) -> Plan:
        plan = self._plans.get(revision_id)
        if plan is None:
            plan = await self._read(connection, revision_id)
            if plan.unreadable:
                return plan
            self.keep(plan)
        self._plans.move_to_end(revision_id)
        return plan

    def kept(self, revision_id: UUID) -> Plan | None:
        return self._plans.get(revision_id)

    def keep(self, plan: Plan) -> None:
        assert plan.revision_id
        self._plans[plan.revision_id] = plan
        while len(self._plans) > _KEPT:
            self._plans.popitem(last=False)

    async def _read(self, connection: Connection, revision_id: UUID) -> Plan:
        row = await connection.fetchrow(_REVISION, revision_id)
        if row is None:
            raise Fault(f"revision {revision_id} is gone")
        try:
            spec = parse_flow(row["source"], saved=True)
            return Plan.of(row["flow_id"], revision_id, row["number"], spec)
        except Exception as error:  # also what an installed task type raises
            logger.error("revision %s cannot be read", revision_id, exc_info=error)
            return _unread(row, revision_id, error)


def _unread(row: Any, revision_id: UUID, error: Exception) -> Plan:
    reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    name = f"revision {row['number']} of {row['namespace']}/{row['key']}"
    why = f"{name} cannot be read by this Headway: {reason[:_LONGEST_REASON]}"
    return Plan.unread(
        row["flow_id"], revision_id, row["number"], row["namespace"], row["key"], why
    )
