"""The Subscription type. Notifications only wake a subscription; its messages are read from the tables by cursor."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any, Final, Self
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.ids import typed, untyped
from models.orders import ExecutionOrder
from runner.live import event_stream, log_stream
from runner.service.cooldown import cooldown
from runner.store.lists.listing import View
from schema.access_checks import needs_somewhere, visible_execution
from schema.approval.inbox import ApprovalChange, watch_approvals
from schema.bulk.bulk import watch_bulk
from schema.comparison.queries import watch_stats
from schema.context import Info
from schema.enums import LeaveReason, LogLevel, LogStream
from schema.execution.following import changes_of
from schema.lists.filters import ApprovalFilter, ExecutionFilter, filter_from
from schema.lists.orders import ValueOrder, order_from
from schema.lists.resume_cache import LiveListQuery
from schema.lists.window import LiveListUpdate, watch
from schema.types.bulk import Bulk
from schema.types.comparison.stats import LiveStats
from schema.types.execution.event import ExecutionEvent, views_of
from schema.types.execution.execution import Execution
from schema.types.execution.execution_change import ExecutionChange
from schema.types.execution.log import LogBatch, LogLine, line_cursor, line_of
from schema.types.execution.log_pages import lines_of
from schema.types.paging import Count, Paging

COALESCE: Final = 0.05
"""Minimum seconds between two messages of one execution; the changes in between are in its events."""


@strawberry.type
class ListEntry:
    node: Execution
    before: strawberry.ID | None


@strawberry.type
class ListLeave:
    id: strawberry.ID
    reason: LeaveReason


@strawberry.type
class ExecutionListChange:
    reset: bool
    enter: list[ListEntry]
    update: list[Execution]
    leave: list[ListLeave]
    cursor: str
    total_count: Count

    @classmethod
    def of(cls, message: LiveListUpdate) -> Self:
        return cls(
            reset=message.reset,
            enter=[
                ListEntry(node=Execution.of(enter.row), before=_id(enter.before))
                for enter in message.change.enter
            ],
            update=[Execution.of(row) for row in message.change.update],
            leave=[
                ListLeave(id=strawberry.ID(typed("exec", leave.id)), reason=leave.reason)
                for leave in message.change.leave
            ],
            cursor=message.cursor,
            total_count=Count(value=message.count, exact=message.exact),
        )


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def execution_events(
        self, info: Info, id: strawberry.ID, after: int | None = None
    ) -> AsyncGenerator[ExecutionEvent, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        key = await visible_execution(info, id)
        start = info.context.resume if info.context.resume is not None else after or 0
        services = info.context.services
        async for row in event_stream.stream_events(services.pool, services.feed, key, start):
            info.context.refresh()
            yield (await views_of(info, key, [row]))[0]

    @strawberry.subscription
    async def execution(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Execution, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        key = await visible_execution(info, id)
        seen = -1
        with info.context.services.feed.watch(f"e:{key}") as watch:
            while True:
                began = time.thread_time()
                info.context.refresh()
                row = await info.context.loaders.execution.load(key)
                if row is None:
                    return
                if row["seq"] != seen:
                    seen = row["seq"]
                    yield Execution.of(row)  # its fields are resolved before the next step
                    await asyncio.sleep(cooldown(time.thread_time() - began, COALESCE))
                await watch.changed()

    @strawberry.subscription
    async def execution_changes(
        self, info: Info, id: strawberry.ID, after: str | None = None
    ) -> AsyncGenerator[ExecutionChange, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        key = await visible_execution(info, id)
        async for part in changes_of(info, key, info.context.resume or after):
            yield ExecutionChange.of(key, part, info.context.viewer.scope)

    @strawberry.subscription
    async def execution_list(
        self,
        info: Info,
        where: ExecutionFilter | None = None,
        search: str | None = None,
        order_by: ExecutionOrder | None = None,
        order_by_value: ValueOrder | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[ExecutionListChange, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        view = View(Paging.of(first).size, order_from(order_by, order_by_value))
        wanted = LiveListQuery(info.context.viewer.scope, filter_from(where, search), view)
        async for message in watch(info.context.services, wanted, info.context.resume or after):
            yield ExecutionListChange.of(message)

    @strawberry.subscription
    async def approvals(
        self, info: Info, where: ApprovalFilter | None = None
    ) -> AsyncGenerator[ApprovalChange, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        async for change in watch_approvals(info, where):
            yield change

    @strawberry.subscription
    async def stats(
        self, info: Info, where: ExecutionFilter | None = None, search: str | None = None
    ) -> AsyncGenerator[LiveStats, None]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        async for found in watch_stats(info, filter_from(where, search)):
            yield found

    @strawberry.subscription
    async def bulk(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Bulk, None]:
        async for found in watch_bulk(info, id):
            yield found

    @strawberry.subscription
    async def logs(
        self,
        info: Info,
        execution_id: strawberry.ID,
        task_run_id: strawberry.ID | None = None,
        attempt: int | None = None,
        min_level: LogLevel | None = None,
        stream: LogStream | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[LogBatch, None]:
        needs_somewhere(info, Permission.VIEW_LOGS)
        key = await visible_execution(info, execution_id)
        task_run = untyped("run", task_run_id) if task_run_id else None
        wanted = await lines_of(info, key, task_run, attempt, min_level, stream)
        start = info.context.resume if info.context.resume is not None else after
        services = info.context.services
        async for batch in log_stream.stream_lines(
            services.pool, services.feed, wanted, line_of(start), services.shown
        ):
            yield _log_batch(key, batch)


def _log_batch(execution_id: UUID, batch: Any) -> LogBatch:
    return LogBatch(
        lines=LogLine.all_of(execution_id, batch.lines),
        cursor=line_cursor(batch.cursor),
        complete=batch.complete,
        line_count=batch.line_count,
        sha256=batch.sha256,
    )


def _id(key: UUID | None) -> strawberry.ID | None:
    return strawberry.ID(typed("exec", key)) if key else None
