"""Lists of executions."""

import strawberry

from models.filters import Filter
from models.orders import ExecutionOrder
from runner.store import listing
from schema.context import Info
from schema.types.execution import Execution
from schema.types.paging import Count, PageInfo, Paging, execution_cursor, execution_view, page_info


@strawberry.type
class ExecutionEdge:
    node: Execution
    cursor: str


@strawberry.type
class ExecutionConnection:
    where: strawberry.Private[Filter]
    edges: list[ExecutionEdge]
    nodes: list[Execution]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        scope = info.context.viewer.scope
        value, exact = await listing.count_executions(info.context.services.pool, scope, self.where)
        return Count(value=value, exact=exact)


async def read_executions(
    info: Info,
    where: Filter,
    paging: Paging,
    order: ExecutionOrder = ExecutionOrder.CREATED_DESC,
) -> ExecutionConnection:
    scope, pool = info.context.viewer.scope, info.context.services.pool
    page = await listing.executions_page(pool, scope, where, execution_view(paging, order))
    nodes = [Execution.of(row) for row in page.rows]
    cursors = [execution_cursor(order, row) for row in page.rows]
    edges = [ExecutionEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)]
    return ExecutionConnection(
        where=where, edges=edges, nodes=nodes, page_info=page_info(page, cursors)
    )
