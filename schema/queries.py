"""The roots of reading."""

import strawberry

from models.errors import Refused
from models.ids import untyped
from models.orders import ExecutionOrder
from models.spec import flow_json_schema
from models.viewer import Permission
from runner.store import workers
from runner.store.flows import flows
from schema.access.roots import AccessQuery
from schema.approval.lists import read_approvals, read_flows
from schema.artifact.queries import TracingQuery
from schema.bulk.bulk import bulk_of
from schema.comparison.queries import MeasuringQuery
from schema.context import Info
from schema.doors import needs_somewhere
from schema.enums import FlowOrder
from schema.execution.records import execution_at, read_audit_log
from schema.expression.queries import DebugQuery
from schema.lists.bounds import MOST_CHILDREN, MOST_ROWS, up_to
from schema.lists.filters import (
    ApprovalFilter,
    AuditFilter,
    ExecutionFilter,
    FlowFilter,
    filter_from,
    flow_filter_from,
)
from schema.lists.orders import ValueOrder, order_from
from schema.nodes import find_nodes
from schema.scalars import JSON
from schema.schedule.inputs import ScheduleFilter
from schema.schedule.schedules import read_schedules
from schema.search.searches import SearchQuery
from schema.secret.secrets import read_secrets
from schema.types.approval import ApprovalConnection
from schema.types.audit import EventConnection
from schema.types.bulk import Bulk
from schema.types.execution.execution import Execution
from schema.types.execution.executions import ExecutionConnection, read_executions
from schema.types.flow.flow import Flow, FlowConnection, Namespace
from schema.types.flow.schedule import ScheduleConnection
from schema.types.flow.secret import Secret
from schema.types.node import Node
from schema.types.paging import Paging
from schema.types.problems import Problem, problem_of
from schema.types.viewer import Viewer, Worker


@strawberry.type
class Query(AccessQuery, TracingQuery, SearchQuery, MeasuringQuery, DebugQuery):
    @strawberry.field
    def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.viewer, info.context.services.version)

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        return (await find_nodes(info, [id]))[0]

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        return await find_nodes(info, ids)

    @up_to(MOST_CHILDREN)
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
    async def execution(
        self, info: Info, id: strawberry.ID, at: int | None = None
    ) -> Execution | None:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        try:
            key = untyped("exec", id)
        except Refused:
            return None
        if at is not None:
            return await execution_at(info, key, at)
        return Execution.maybe(await info.context.loaders.execution.load(key))

    @strawberry.field
    async def executions(
        self,
        info: Info,
        where: ExecutionFilter | None = None,
        search: str | None = None,
        order_by: ExecutionOrder | None = None,
        order_by_value: ValueOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> ExecutionConnection:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        paging = Paging.of(first, after, last, before)
        order = order_from(order_by, order_by_value)
        return await read_executions(info, filter_from(where, search), paging, order)

    @strawberry.field
    async def approvals(
        self,
        info: Info,
        where: ApprovalFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> ApprovalConnection:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return await read_approvals(info, where, Paging.of(first, after, last, before))

    @strawberry.field
    async def audit_log(
        self,
        info: Info,
        where: AuditFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> EventConnection:
        return await read_audit_log(info, where, Paging.of(first, after, last, before))

    @strawberry.field
    async def schedules(
        self,
        info: Info,
        where: ScheduleFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> ScheduleConnection:
        needs_somewhere(info, Permission.LIST_FLOWS)
        return await read_schedules(info, where, Paging.of(first, after, last, before))

    @strawberry.field
    async def bulk(self, info: Info, id: strawberry.ID) -> Bulk | None:
        return await bulk_of(info, id)

    @up_to(MOST_ROWS)
    async def workers(self, info: Info) -> list[Worker]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return [Worker.of(row) for row in await workers.all_workers(info.context.services.pool)]

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

    @up_to(MOST_ROWS)
    async def secrets(self, info: Info, namespace: str | None = None) -> list[Secret]:
        return await read_secrets(info, namespace)
