"""Queries that compare and count executions."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.errors import Problem, ProblemCode, Refused
from models.filters.filters import Filter
from models.ids import untyped
from models.statistics.bars import bars_between
from models.statistics.buckets import Bucket, buckets_between
from models.statistics.comparison import check_choice
from runner.service.retry import retry_until_available
from runner.store.lists.histogram import histogram
from runner.store.lists.stats import counted_by_state, tallied
from runner.store.rows import ExecutionRow
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.lists.filters import ExecutionFilter, filter_from
from schema.types.comparison.comparison import Comparison
from schema.types.comparison.stats import ExecutionStats, HistogramBar, LiveStats

STATS_COALESCE: Final = 1.0
"""Minimum seconds between two counts of one subscription."""


@strawberry.type
class MeasuringQuery:
    @strawberry.field
    async def compare_executions(
        self, info: Info, ids: list[strawberry.ID], only_differences: bool | None = None
    ) -> Comparison:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return await _compared(info, ids, bool(only_differences))

    @strawberry.field
    async def execution_stats(
        self,
        info: Info,
        since: datetime,
        bucket: Bucket,
        where: ExecutionFilter | None = None,
        search: str | None = None,
        until: datetime | None = None,
    ) -> ExecutionStats:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        until = until or datetime.now(UTC)
        starts = buckets_between(since, until, bucket)
        pool, scope = info.context.services.pool, info.context.viewer.scope
        stats = await tallied(pool, scope, filter_from(where, search), since, until, bucket)
        return ExecutionStats.of(stats, since, until, bucket, starts)

    @strawberry.field
    async def execution_histogram(
        self,
        info: Info,
        since: datetime,
        bars: int,
        until: datetime | None = None,
        where: ExecutionFilter | None = None,
        search: str | None = None,
    ) -> list[HistogramBar]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        until = until or datetime.now(UTC)
        found = bars_between(since, until, bars)
        pool, scope = info.context.services.pool, info.context.viewer.scope
        counted = await histogram(pool, scope, filter_from(where, search), since, until, found)
        return [
            HistogramBar.of(start, start + found.length, counted.get(start, {}))
            for start in found.starts
        ]


async def _compared(info: Info, ids: list[strawberry.ID], only_differences: bool) -> Comparison:
    """Raises Refused with a problem for each execution that does not exist."""
    keys = [_key_of(id) for id in ids]
    check_choice([key or UUID(int=place) for place, key in enumerate(keys)])
    found = iter(await info.context.loaders.execution.load_many([key for key in keys if key]))
    rows: list[ExecutionRow | None] = [next(found) if key else None for key in keys]
    missing = [
        Problem(ProblemCode.NOT_FOUND, f"no execution {id}", ("ids", str(place)))
        for place, (id, row) in enumerate(zip(ids, rows, strict=True))
        if row is None
    ]
    if missing:
        raise Refused(missing)
    return Comparison.of([row for row in rows if row], only_differences)


def _key_of(id: str) -> UUID | None:
    try:
        return untyped("exec", id)
    except Refused:
        return None


async def watch_stats(info: Info, where: Filter) -> AsyncGenerator[LiveStats, None]:
    """Yields the counts, now and whenever they change. Counts only after a change; `services.counting` limits how many
    subscriptions count at once, to spare the database."""
    services, scope = info.context.services, info.context.viewer.scope
    count = partial(counted_by_state, services.pool, scope, where)
    seen = None
    with services.changes.live_query(where, scope) as live_query:
        while True:
            async with services.counting:
                live_query.begin_refresh()  # the count includes changes made while it waited for its turn
                counted = await retry_until_available(services.pool, count)
                live_query.end_refresh((), room=0, now=datetime.now(UTC))
            if counted != seen:
                seen = counted
                yield LiveStats.of(counted, datetime.now(UTC))
            await asyncio.sleep(STATS_COALESCE)
            await live_query.wait_changed()
