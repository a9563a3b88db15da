"""The queries of flows."""

import strawberry

from models.access.viewer import Permission
from models.errors import Refused
from models.spec import flow_json_schema
from runner.store.flows import flows
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.enums import FlowOrder
from schema.flow.lists import read_flows
from schema.lists.bounds import MAX_CHILDREN, up_to
from schema.lists.filters import FlowFilter, flow_filter_from
from schema.scalars import JSON
from schema.types.flow.flow import Flow, FlowConnection, Namespace
from schema.types.paging import Paging
from schema.types.problems import Problem, problem_of


@strawberry.type
class FlowQuery:
    @up_to(MAX_CHILDREN)
    async def namespaces(self, info: Info) -> list[Namespace]:
        viewer = info.context.viewer
        listed, seen = viewer.scope_of(Permission.LIST_FLOWS), viewer.scope
        if listed.namespaces == () and seen.namespaces == ():
            needs_somewhere(info, Permission.LIST_FLOWS)
        rows = await flows.namespaces(info.context.services.pool, listed, seen)
        return [Namespace(name=row["namespace"], flow_count=row["flows"]) for row in rows]

    @strawberry.field
    async def flow(self, info: Info, namespace: str, key: str) -> Flow | None:
        needs_somewhere(info, Permission.LIST_FLOWS)
        scope = info.context.viewer.scope_of(Permission.LIST_FLOWS)
        row = await flows.find_flow(info.context.services.pool, scope, namespace, key)
        return Flow.of(row) if row else None

    @strawberry.field
    async def flows(
        self,
        info: Info,
        where: FlowFilter | None = None,
        search: str | None = None,
        order_by: FlowOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> FlowConnection:
        needs_somewhere(info, Permission.LIST_FLOWS)
        paging = Paging.of(first, after, last, before)
        return await read_flows(
            info, flow_filter_from(where, search), order_by or FlowOrder.NAME_ASC, paging
        )

    @strawberry.field
    async def validate_flow(self, info: Info, source: str) -> list[Problem]:
        needs_somewhere(info, Permission.LIST_FLOWS)
        try:
            await info.context.services.flow_reader.read(source, info.context.viewer.actor)
        except Refused as refused:
            return [problem_of(problem) for problem in refused.problems]
        return []

    @strawberry.field
    def flow_schema(self, info: Info) -> JSON:
        needs_somewhere(info, Permission.LIST_FLOWS)
        return JSON(flow_json_schema())
