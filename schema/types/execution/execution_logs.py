"""The log of an execution: pages, matches and counts."""

import strawberry

from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.logs import cannot_be_searched
from runner.store.logs.log_search import count_by_level, search_lines
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.loading.batched_pool import batched_pool
from schema.types.execution.log import LogConnection, LogCount, LogMatches
from schema.types.execution.log_pages import LogPage, lines_of, read_logs
from schema.types.paging import MAX_LINES, Count, Paging


@strawberry.type
class LogsOfExecution:
    row: strawberry.Private[ExecutionRow]

    @strawberry.field
    async def logs(
        self,
        info: Info,
        task_run_id: strawberry.ID | None = None,
        attempt: int | None = None,
        min_level: LogLevel | None = None,
        stream: LogStream | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        around: int | None = None,
    ) -> LogConnection:
        page = LogPage.of(first, after, last, before, around)
        task_run = untyped("run", task_run_id) if task_run_id else None
        wanted = await lines_of(info, self.row["id"], task_run, attempt, min_level, stream)
        return await read_logs(info, wanted, page)

    @strawberry.field
    async def log_matches(
        self,
        info: Info,
        text: str | None = None,
        task_run_id: strawberry.ID | None = None,
        attempt: int | None = None,
        min_level: LogLevel | None = None,
        stream: LogStream | None = None,
        first: int | None = None,
        after: int | None = None,
    ) -> LogMatches:
        if text is not None and (problem := cannot_be_searched(text)):
            raise Refused.because(ProblemCode.VALIDATION, problem, "text")
        size = Paging.of(MAX_LINES if first is None else first, largest=MAX_LINES).size
        task_run = untyped("run", task_run_id) if task_run_id else None
        wanted = await lines_of(info, self.row["id"], task_run, attempt, min_level, stream)
        pool = batched_pool(info)
        return LogMatches.of(await search_lines(pool, wanted, text, after or 0, size))

    @strawberry.field
    async def log_counts(
        self, info: Info, task_run_id: strawberry.ID | None = None, attempt: int | None = None
    ) -> list[LogCount]:
        task_run = untyped("run", task_run_id) if task_run_id else None
        wanted = await lines_of(info, self.row["id"], task_run, attempt, None, None)
        counted = await count_by_level(batched_pool(info), wanted)
        return [
            LogCount(level=LogLevel(level.value), count=Count(value=value, exact=exact))
            for level, (value, exact) in counted.items()
        ]
