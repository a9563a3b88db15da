"""The query of the audit log."""

import strawberry

from schema.audit.lists import read_audit_log
from schema.context import Info
from schema.lists.filters import AuditFilter
from schema.types.audit import EventConnection
from schema.types.paging import Paging


@strawberry.type
class AuditQuery:
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
