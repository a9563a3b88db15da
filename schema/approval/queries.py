"""The query of approval requests."""

import strawberry

from models.access.viewer import Permission
from schema.access_checks import needs_somewhere
from schema.approval.lists import read_approvals
from schema.context import Info
from schema.lists.filters import ApprovalFilter
from schema.types.approval import ApprovalConnection
from schema.types.paging import Paging


@strawberry.type
class ApprovalQuery:
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
