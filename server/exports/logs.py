"""An execution's log as text; the last line has the number of lines and their digest."""

import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypedDict
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.logs import LogLevel, LogStream
from runner.store.lists.snapshot_reads import LOG_BY_TASK, LOG_BY_TIME, PATHS, in_chunks, one_moment
from runner.store.logs.log_search import COLOUR, patterns_of
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import ExecutionRow
from schema.scalars import time_text
from server.files.places import Places
from server.visible_execution import ExportRequest, visible

_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^-~])|\x9b[0-?]*[ -/]*[@-~]"
)


class LogOrder(StrEnum):
    TIME = "time"
    TASK = "task"


class ExportedLine(TypedDict):
    """A row of LOG_BY_TIME or LOG_BY_TASK."""

    line: int
    path: str | None
    attempt: int | None
    at: datetime
    level: int
    stream: int
    text: str
    task_run_id: UUID | None


class _PathRow(TypedDict):
    path: str


@dataclass(frozen=True, slots=True)
class LogText:
    """Selects the lines of a log to export; None selects all. `ansi` keeps terminal colours; `text` ignores them."""

    order: LogOrder = LogOrder.TIME
    task: str | None = None
    attempt: int | None = None
    level: LogLevel | None = None
    ansi: bool = False
    stream: LogStream | None = None
    text: str | None = None


async def log_text(
    pool: Pool, request: ExportRequest, wanted: LogText, places: Places
) -> AsyncGenerator[bytes, None]:
    sql = LOG_BY_TASK if wanted.order is LogOrder.TASK else LOG_BY_TIME
    count, digest = 0, hashlib.sha256()
    async with one_moment(pool) as connection:
        row = await visible(connection, request)
        await _check_task(connection, row, wanted.task)
        says = (patterns_of(wanted.text), COLOUR) if wanted.text else (None, None)
        which = (wanted.task, wanted.attempt, wanted.level, wanted.stream)
        rows: Sequence[ExportedLine]
        async for rows in in_chunks(connection, sql, row["id"], *which, *says):
            text = places.shown("".join(_line(one, wanted.ansi) for one in rows).encode())
            count += len(rows)
            digest.update(text)
            yield text
    yield f"# {count} lines, sha256 of them {digest.hexdigest()}\n".encode()


async def _check_task(connection: Connection, row: ExecutionRow, task: str | None) -> None:
    if task is None:
        return
    found: list[_PathRow] = await connection.fetch(PATHS, row["id"])
    paths = [one["path"] for one in found]
    if task not in paths:
        shown = ", ".join(paths[:20]) or "none yet"
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"the execution has no task {task[:100]!r}; it has {shown}",
            "task",
        )


def _line(row: ExportedLine, ansi: bool) -> str:
    text = row["text"] if ansi else without_ansi(row["text"])
    again = f"#{row['attempt']}" if (row["attempt"] or 0) > 1 else ""
    of = f" {row['path']}{again}:" if row["path"] else ""
    level = LogLevel(row["level"]).name
    return f"{time_text(row['at'])} {level:5}{of} {text}\n"


def without_ansi(text: str) -> str:
    """Removes terminal colours and cursor movements."""
    return _ANSI.sub("", text) if "\x1b" in text or "\x9b" in text else text
