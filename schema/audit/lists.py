"""The audit log as a list."""

from models.access.viewer import Permission
from runner.store import audit
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.lists.filters import AuditFilter
from schema.types.audit import AuditEvent, EventConnection, EventEdge
from schema.types.paging import Paging, id_cursor, page_info


async def read_audit_log(info: Info, where: AuditFilter | None, paging: Paging) -> EventConnection:
    needs_somewhere(info, Permission.READ_AUDIT)
    scope = info.context.viewer.scope_of(Permission.READ_AUDIT)
    wanted = where.to_wanted() if where else audit.AuditCriteria()
    window = paging.window("aud")
    page = await audit.entries_page(info.context.services.pool, scope, wanted, window)
    nodes = [AuditEvent.of(row) for row in page.rows]
    cursors = [id_cursor("aud", row["id"]) for row in page.rows]
    return EventConnection(
        wanted=wanted,
        edges=[EventEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=page_info(page, cursors),
    )
