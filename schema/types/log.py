"""Log lines, by cursor: the cursor of a line is its number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from models import logs as models_logs
from models.errors import ProblemCode, Refused
from models.ids import typed
from models.viewer import Permission, not_permitted
from runner.past import moment_of
from runner.store import log_lines
from runner.store.log_lines import LogRow
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.types.paging import Count, PageInfo, Paging, decode_cursor, encode_cursor


@strawberry.type
class LogLine:
    line: int
    at: datetime
    level: LogLevel
    stream: LogStream
    text: str
    task_run_id: strawberry.ID | None
    task_key: str | None
    attempt: int | None

    @classmethod
    def of(cls, row: LogRow) -> Self:
        task_run = typed("run", row.task_run_id) if row.task_run_id else None
        return cls(
            line=row.line,
            at=row.at,
            level=LogLevel(row.level.value),
            stream=LogStream(row.stream.value),
            text=row.text,
            task_run_id=strawberry.ID(task_run) if task_run else None,
            task_key=row.path,
            attempt=row.attempt,
        )


@strawberry.type
class LogEdge:
    node: LogLine
    cursor: str


@strawberry.type
class LogConnection:
    edges: list[LogEdge]
    nodes: list[LogLine]
    page_info: PageInfo
    total_count: Count


@strawberry.type
class LogBatch:
    lines: list[LogLine]
    cursor: str
    complete: bool
    line_count: int | None = None
    sha256: str | None = None


def line_cursor(line: int) -> str:
    return encode_cursor("log", f"{line:x}")


def line_of(cursor: str | None) -> int | None:
    return None if cursor is None else int(decode_cursor("log", cursor), 16)


async def read_logs(
    info: Info,
    execution_id: UUID,
    task_run_id: UUID | None,
    attempt: int | None,
    min_level: LogLevel | None,
    paging: Paging,
) -> LogConnection:
    """One page; with `last` the tail, then backwards."""
    if not info.context.viewer.may(Permission.VIEW_LOGS):
        raise Refused.because(ProblemCode.FORBIDDEN, not_permitted(Permission.VIEW_LOGS))
    wanted = log_lines.LinesOf(
        execution_id,
        task_run_id,
        attempt,
        models_logs.LogLevel(min_level.value) if min_level else None,
        moment_of(execution_id),
    )
    pool = info.context.services.pool
    cursor = line_of(paging.cursor)
    read = log_lines.lines_before if paging.backwards else log_lines.lines_after
    rows = await read(pool, wanted, cursor, paging.size + 1)
    more = len(rows) > paging.size
    nodes = [LogLine.of(row) for row in _without_surplus(rows, paging)]
    edges = [LogEdge(node=node, cursor=line_cursor(node.line)) for node in nodes]
    value, exact = await log_lines.count_lines(pool, wanted)
    return LogConnection(
        edges=edges,
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=cursor is not None if paging.backwards else more,
            has_previous_page=more if paging.backwards else cursor is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=Count(value=value, exact=exact),
    )


def _without_surplus(rows: Sequence[LogRow], paging: Paging) -> Sequence[LogRow]:
    return rows[-paging.size :] if paging.backwards else rows[: paging.size]
