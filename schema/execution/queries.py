"""The queries of executions and workers."""

import strawberry

from models.access.viewer import Permission
from models.errors import Refused
from models.ids import untyped
from models.orders import ExecutionOrder
from runner.store import workers
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.execution.records import execution_at
from schema.lists.bounds import MAX_ROWS, up_to
from schema.lists.filters import ExecutionFilter, filter_from
from schema.lists.orders import ValueOrder, order_from
from schema.types.execution.execution import Execution
from schema.types.execution.executions import ExecutionConnection, read_executions
from schema.types.paging import Paging
from schema.types.viewer import Worker


@strawberry.type
class ExecutionQuery:
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

    @up_to(MAX_ROWS)
    async def workers(self, info: Info) -> list[Worker]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return [Worker.of(row) for row in await workers.all_workers(info.context.services.pool)]
