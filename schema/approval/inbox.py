"""The inbox of approval requests as a subscription."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final, Self

import strawberry

from models.access.viewer import Permission
from models.filters.inbox import Person, Wish
from models.ids import typed, untyped
from runner.live.inboxes import InboxUpdate
from schema.context import Info
from schema.lists.filters import ApprovalFilter
from schema.types.approval import Approval
from schema.types.paging import Count

_COALESCE: Final = 0.25
"""Minimum seconds between two messages of one inbox."""


@strawberry.type
class ApprovalChange:
    reset: bool
    changed: list[Approval]
    gone: list[strawberry.ID]
    total_count: Count

    @classmethod
    def of(cls, update: InboxUpdate, reset: bool) -> Self:
        return cls(
            reset=reset,
            changed=[Approval.of(request.row) for request in update.changed],
            gone=[strawberry.ID(typed("appr", id)) for id in update.gone],
            total_count=Count(value=update.total[0], exact=update.total[1]),
        )


def wish_of(info: Info, where: ApprovalFilter | None) -> Wish:
    viewer, mine = info.context.viewer, bool(where and where.mine)
    decides = viewer.scope.within(viewer.scope_of(Permission.APPROVE))
    return Wish(
        decides if mine else viewer.scope,
        frozenset(state.value for state in where.state) if where and where.state else None,
        untyped("exec", where.execution_id) if where and where.execution_id else None,
        Person.of(viewer) if mine else None,
    )


async def watch_approvals(
    info: Info, where: ApprovalFilter | None
) -> AsyncGenerator[ApprovalChange, None]:
    """Yields all requests of the inbox, then the changes."""
    with info.context.services.changes.inboxes.open(wish_of(info, where)) as inbox:
        seen: tuple[int, bool] | None = None
        while True:
            update = await inbox.next()
            if update or update.total != seen:
                info.context.refresh()
                yield ApprovalChange.of(update, reset=seen is None)
                seen = update.total
                await asyncio.sleep(_COALESCE)
            await inbox.wait_changed()
