"""The Query type."""

import strawberry

from schema.access.roots import AccessQuery
from schema.approval.queries import ApprovalQuery
from schema.artifact.queries import TracingQuery
from schema.audit.queries import AuditQuery
from schema.bulk.queries import BulkQuery
from schema.comparison.queries import MeasuringQuery
from schema.context import Info
from schema.execution.queries import ExecutionQuery
from schema.expression.queries import DebugQuery
from schema.flow.queries import FlowQuery
from schema.nodes import find_nodes
from schema.schedule.queries import ScheduleQuery
from schema.search.searches import SearchQuery
from schema.secret.queries import SecretQuery
from schema.types.node import Node
from schema.types.viewer import Viewer


@strawberry.type
class Query(
    AccessQuery,
    ExecutionQuery,
    FlowQuery,
    ApprovalQuery,
    AuditQuery,
    ScheduleQuery,
    BulkQuery,
    SecretQuery,
    TracingQuery,
    SearchQuery,
    MeasuringQuery,
    DebugQuery,
):
    @strawberry.field
    def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.viewer, info.context.services.version)

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        return (await find_nodes(info, [id]))[0]

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        return await find_nodes(info, ids)
