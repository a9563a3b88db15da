"""Lists of approval requests."""

from runner.store import approvals as approvals_store
from schema.approval.inbox import wish_of
from schema.context import Info
from schema.lists.filters import ApprovalFilter
from schema.types.approval import Approval, ApprovalConnection, ApprovalEdge
from schema.types.paging import Count, Paging, id_cursor, page_info


async def read_approvals(
    info: Info, where: ApprovalFilter | None, paging: Paging
) -> ApprovalConnection:
    pool, wish = info.context.services.pool, wish_of(info, where)
    page = await approvals_store.approvals_page(pool, wish, paging.window("appr"))
    value, exact = await approvals_store.count_approvals(pool, wish)
    nodes = [Approval.of(row) for row in page.rows]
    cursors = [id_cursor("appr", row["id"]) for row in page.rows]
    return ApprovalConnection(
        edges=[ApprovalEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=page_info(page, cursors),
        total_count=Count(value=value, exact=exact),
    )
