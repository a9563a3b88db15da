"""Log lines. The cursor of a line encodes its number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from models import logs
from models.ids import typed
from runner.store.logs.log_lines import LinesOf, LogRow, count_lines
from runner.store.logs.log_search import Matches
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.loading.batched_pool import batched_pool
from schema.types.node import Node
from schema.types.paging import Count, PageInfo, decode_cursor, encode_cursor

_LEVELS = {level: LogLevel(level.value) for level in logs.LogLevel}
_STREAMS = {stream: LogStream(stream.value) for stream in logs.LogStream}


@strawberry.type
class LogLine(Node):
    line: int
    at: datetime
    level: LogLevel
    stream: LogStream
    text: str
    task_run_id: strawberry.ID | None
    task_key: str | None
    attempt: int | None

    @classmethod
    def _of(cls, row: LogRow, log: str, task_run_id: strawberry.ID | None) -> Self:
        return cls(
            id=strawberry.ID(f"{log}_{row.line}"),
            line=row.line,
            at=row.at,
            level=_LEVELS[row.level],
            stream=_STREAMS[row.stream],
            text=row.text,
            task_run_id=task_run_id,
            task_key=row.path,
            attempt=row.attempt,
        )

    @classmethod
    def all_of(cls, execution_id: UUID, rows: Sequence[LogRow]) -> list[Self]:
        """Formats each id of a task run only once, as many lines share few task runs."""
        log = typed("line", execution_id)
        ids: dict[UUID | None, strawberry.ID] = {
            key: strawberry.ID(typed("run", key))
            for key in {row.task_run_id for row in rows}
            if key
        }
        return [cls._of(row, log, ids.get(row.task_run_id)) for row in rows]


@strawberry.type
class LogEdge:
    node: LogLine
    cursor: str


@strawberry.type
class LogConnection:
    nodes: list[LogLine]
    page_info: PageInfo
    wanted: strawberry.Private[LinesOf]

    @strawberry.field
    def edges(self) -> list[LogEdge]:
        return [LogEdge(node=node, cursor=line_cursor(node.line)) for node in self.nodes]

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        value, exact = await count_lines(batched_pool(info), self.wanted)
        return Count(value=value, exact=exact)


@strawberry.type
class LogBatch:
    lines: list[LogLine]
    cursor: str
    complete: bool
    line_count: int | None = None
    sha256: str | None = None


@strawberry.type
class LogMatches:
    lines: list[int]
    searched_to: int
    complete: bool

    @classmethod
    def of(cls, found: Matches) -> Self:
        return cls(lines=list(found.lines), searched_to=found.searched_to, complete=found.complete)


@strawberry.type
class LogCount:
    level: LogLevel
    count: Count


def line_cursor(line: int) -> str:
    return encode_cursor("log", f"{line:x}")


def line_of(cursor: str | None) -> int | None:
    return None if cursor is None else int(decode_cursor("log", cursor), 16)
