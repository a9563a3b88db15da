"""Revisions made ready to run, kept by id: a revision never changes."""

from collections import OrderedDict
from typing import Any
from uuid import UUID

from models.errors import Fault, Refused
from models.lifecycle.snapshot import Plan
from models.spec import parse_flow
from runner.store.connection import Connection

_KEPT = 500


class Plans:
    """A bounded cache, one a process."""

    def __init__(self) -> None:
        self._plans: OrderedDict[UUID, Plan] = OrderedDict()

    async def of(self, connection: Connection, revision_id: UUID) -> Plan:
        """The plan of a revision; Fault when it is gone or this version cannot read it."""
        plan = self._plans.get(revision_id)
        if plan is None:
            plan = await self._read(connection, revision_id)
            self.keep(plan)
        self._plans.move_to_end(revision_id)
        return plan

    async def of_row(self, connection: Connection, row: Any) -> Plan:
        """Of a row of executions: one that ran elsewhere has no revision."""
        if row["revision_id"] is None:
            return Plan.external(row["namespace"], row["flow_key"])
        return await self.of(connection, row["revision_id"])

    def kept(self, revision_id: UUID) -> Plan | None:
        return self._plans.get(revision_id)

    def keep(self, plan: Plan) -> None:
        assert plan.revision_id
        self._plans[plan.revision_id] = plan
        while len(self._plans) > _KEPT:
            self._plans.popitem(last=False)

    async def _read(self, connection: Connection, revision_id: UUID) -> Plan:
        row = await connection.fetchrow(
            "select flow_id, number, source from revisions where id = $1", revision_id
        )
        if row is None:
            raise Fault(f"revision {revision_id} is gone")
        try:
            spec = parse_flow(row["source"])
        except Refused as refused:
            raise Fault(f"revision {revision_id} cannot be read: {refused}") from refused
        return Plan.of(row["flow_id"], revision_id, row["number"], spec)
