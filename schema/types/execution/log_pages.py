"""Pages of a log: by cursor from the start or the end, or around a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from models import logs as models_logs
from models.access.viewer import Permission, not_permitted, nowhere_permitted
from models.errors import ProblemCode, Refused
from runner.history.point_in_time import moment_of
from runner.store.logs import log_lines
from runner.store.logs.log_lines import LinesOf, LogRow
from runner.store.postgres.connection import Executes
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.loading.batched_pool import batched_pool
from schema.types.execution.log import LogConnection, LogLine, line_cursor, line_of
from schema.types.paging import MAX_LINES, PageInfo, Paging


@dataclass(frozen=True, slots=True)
class LogPage:
    """`around` is a line number; if None, `paging` selects the page."""

    paging: Paging
    around: int | None = None

    @classmethod
    def of(
        cls,
        first: int | None,
        after: str | None,
        last: int | None,
        before: str | None,
        around: int | None,
    ) -> Self:
        if around is not None and not (after is None and last is None and before is None):
            raise Refused.because(
                ProblemCode.VALIDATION,
                "around can only be combined with `first`: omit after, last and before",
                "around",
            )
        return cls(Paging.of(first, after, last, before, MAX_LINES), around)


@dataclass(frozen=True, slots=True)
class _Found:
    rows: Sequence[LogRow]
    more_before: bool
    more_after: bool


async def lines_of(
    info: Info,
    execution_id: UUID,
    task_run_id: UUID | None,
    attempt: int | None,
    min_level: LogLevel | None,
    stream: LogStream | None,
) -> LinesOf:
    """Returns the selection of lines, limited to the moment of a historical view. Raises Refused FORBIDDEN."""
    row = await info.context.loaders.execution.load(execution_id)
    if row is None:
        raise Refused.because(ProblemCode.FORBIDDEN, nowhere_permitted(Permission.VIEW_LOGS))
    if not info.context.viewer.may(Permission.VIEW_LOGS, row["namespace"]):
        sentence = not_permitted(Permission.VIEW_LOGS, row["namespace"])
        raise Refused.because(ProblemCode.FORBIDDEN, sentence)
    return LinesOf(
        execution_id,
        task_run_id,
        attempt,
        models_logs.LogLevel(min_level.value) if min_level else None,
        moment_of(execution_id),
        models_logs.LogStream(stream.value) if stream else None,
    )


async def read_logs(info: Info, wanted: LinesOf, page: LogPage) -> LogConnection:
    """Reads one page. `last` alone gives the end of the log."""
    pool = batched_pool(info)
    if page.around is None:
        found = await _in_order(pool, wanted, page.paging)
    else:
        found = await _around(pool, wanted, page.around, page.paging.size)
    nodes = LogLine.all_of(wanted.execution_id, found.rows)
    return LogConnection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=found.more_after,
            has_previous_page=found.more_before,
            start_cursor=line_cursor(nodes[0].line) if nodes else None,
            end_cursor=line_cursor(nodes[-1].line) if nodes else None,
        ),
        wanted=wanted,
    )


async def find_line(info: Info, execution_id: UUID, number: int) -> LogLine | None:
    """Returns one line of an execution that the viewer may see. Raises Refused FORBIDDEN."""
    wanted = await lines_of(info, execution_id, None, None, None, None)
    rows = await log_lines.lines_after(batched_pool(info), wanted, number - 1, 1)
    found = LogLine.all_of(execution_id, rows)
    return found[0] if found and found[0].line == number else None


async def _in_order(pool: Executes, wanted: LinesOf, paging: Paging) -> _Found:
    cursor, size = line_of(paging.cursor), paging.size
    if paging.backwards:
        rows = await log_lines.lines_before(pool, wanted, cursor, size + 1)
        return _Found(rows[-size:], len(rows) > size, cursor is not None)
    rows = await log_lines.lines_after(pool, wanted, cursor, size + 1)
    return _Found(rows[:size], cursor is not None, len(rows) > size)


async def _around(pool: Executes, wanted: LinesOf, line: int, size: int) -> _Found:
    """Reads half of the lines before `line` and half from it on; if one side has too few, more of the other."""
    line, before = max(line, 1), size // 2
    earlier = await log_lines.lines_before(pool, wanted, line, before + 1)
    after = size - min(before, len(earlier))
    later = await log_lines.lines_after(pool, wanted, line - 1, after + 1)
    if len(later) < after and len(earlier) > before:
        before = size - len(later)
        earlier = await log_lines.lines_before(pool, wanted, line, before + 1)
    rows = [*earlier[-before:], *later[:after]] if before else later[:after]
    return _Found(rows, len(earlier) > before, len(later) > after)
