"""Lists of flows."""

from models.access.viewer import Permission
from models.filters.filters import Filter
from runner.store.flows import flows as flows_store
from runner.store.pages import count
from runner.store.where import FLOWS, Arguments, compile_filter, compile_scope
from schema.context import Info
from schema.enums import FlowOrder
from schema.types.flow.flow import Flow, FlowConnection, FlowEdge
from schema.types.paging import Count, Paging, decode_cursor, encode_cursor, page_info


async def read_flows(info: Info, where: Filter, order: FlowOrder, paging: Paging) -> FlowConnection:
    pool = info.context.services.pool
    scope = info.context.viewer.scope_of(Permission.LIST_FLOWS)
    cursor = decode_cursor("flow", paging.cursor) if paging.cursor else None
    arguments = Arguments()
    page = await flows_store.flows_page(
        pool,
        scope,
        _flow_condition(where, arguments),
        arguments,
        order.value,
        paging.size,
        cursor,
        paging.backwards,
    )
    counting = Arguments()
    visible = f"{_flow_condition(where, counting)} and {compile_scope(scope, counting)}"
    value, exact = await count(pool, "flows", visible, counting)
    nodes = [Flow.of(row) for row in page.rows]
    cursors = [encode_cursor("flow", row["position"]) for row in page.rows]
    return FlowConnection(
        edges=[FlowEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=page_info(page, cursors),
        total_count=Count(value=value, exact=exact),
    )


def _flow_condition(where: Filter, arguments: Arguments) -> str:
    return f"deleted_at is null and {compile_filter(where, arguments, FLOWS)}"
