"""The query of schedules."""

import strawberry

from models.access.viewer import Permission
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.schedule.inputs import ScheduleFilter
from schema.schedule.schedules import read_schedules
from schema.types.flow.schedule import ScheduleConnection
from schema.types.paging import Paging


@strawberry.type
class ScheduleQuery:
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
