"""Lists of executions."""

import strawberry

from models.filters.filters import EVERYTHING, Filter
from models.orders import ExecutionOrder, Order
from runner.store.flows.flow_runs import FlowPage
from runner.store.lists import listing
from runner.store.lists.orders import ListedRow
from runner.store.pages import Page
from schema.context import Info
from schema.loading.batches import count_of_flow, runs_of_flow
from schema.types.execution.execution import Execution
from schema.types.paging import Count, PageInfo, Paging, execution_cursor, execution_view, page_info


@strawberry.type
class ExecutionEdge:
    node: Execution
    cursor: str


@strawberry.type
class ExecutionConnection:
    where: strawberry.Private[Filter]
    order: strawberry.Private[Order]
    page: strawberry.Private[Page[ListedRow]]
    nodes: list[Execution]
    flow: strawberry.Private[tuple[str, str] | None] = None
    """Namespace and key of the flow, for a list of all executions of one flow."""

    @strawberry.field
    def edges(self) -> list[ExecutionEdge]:
        cursors = [execution_cursor(self.order, row) for row in self.page.rows]
        return [ExecutionEdge(node=n, cursor=c) for n, c in zip(self.nodes, cursors, strict=True)]

    @strawberry.field
    def page_info(self) -> PageInfo:
        ends = [*self.page.rows[:1], *self.page.rows[-1:]]
        return page_info(self.page, [execution_cursor(self.order, row) for row in ends])

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        if self.flow:
            value, exact = await count_of_flow(info, *self.flow)
            return Count(value=value, exact=exact)
        scope = info.context.viewer.scope
        value, exact = await listing.count_executions(info.context.services.pool, scope, self.where)
        return Count(value=value, exact=exact)


async def read_executions(
    info: Info, where: Filter, paging: Paging, order: Order = ExecutionOrder.CREATED_DESC
) -> ExecutionConnection:
    scope, pool = info.context.viewer.scope, info.context.services.pool
    page = await listing.executions_page(pool, scope, where, execution_view(paging, order))
    nodes = [Execution.of(row) for row in page.rows]
    return ExecutionConnection(where=where, order=order, page=page, nodes=nodes)


async def executions_of_flow(
    info: Info, namespace: str, key: str, paging: Paging
) -> ExecutionConnection:
    """Returns the executions of a flow, newest first. Calls for several flows are batched into one statement."""
    place = execution_view(paging, ExecutionOrder.CREATED_DESC).place
    cursor = place.id if place else None
    wanted = FlowPage(namespace, key, paging.size, cursor, paging.backwards)
    page = await runs_of_flow(info, wanted)
    nodes = [Execution.of(row) for row in page.rows]
    return ExecutionConnection(
        where=EVERYTHING,
        order=ExecutionOrder.CREATED_DESC,
        page=page,
        nodes=nodes,
        flow=(namespace, key),
    )
