"""Stores log lines of external runs, once, after splitting and masking them like those of Headway's tasks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.lifecycle.external.moments import checked_time, presumed_time
from models.logs import LogLevel, LogStream
from runner.attempt.line_splitter import LineSplitter
from runner.attempt.masking import Mask
from runner.external.runs import digest_of, is_first_call, refuse_too_many
from runner.service.encryption import Cipher
from runner.store import secrets
from runner.store.execution.task_runs import newest_attempts
from runner.store.logs.log_lines import NewLine, append_lines
from runner.store.postgres.connection import Pool, database_now
from runner.store.rows import ExecutionRow

MOST: Final = 1_000_000
"""The limit of log lines of one execution."""


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """One or more lines of text of a task run, or of the execution if there is no path."""

    text: str
    level: LogLevel
    stream: LogStream
    at: datetime | None
    path: str | None
    attempt: int | None


async def record_logs(
    pool: Pool,
    cipher: Cipher,
    actor: str,
    row: ExecutionRow,
    lines: Sequence[ReportedLine],
    key: str | None,
) -> None:
    """Stores all lines or none. `row` is that of the execution. Raises Refused."""
    refuse_too_many(lines, "lines")
    mask = Mask()
    mask.hide(await secrets.values_to_mask(pool, cipher, row["namespace"]))
    digest = digest_of([asdict(line) for line in lines])
    id = row["id"]
    async with pool.acquire() as connection, connection.transaction():
        now: datetime = await database_now(connection)
        if key and not await is_first_call(connection, actor, f"recordLogs {id}", key, digest):
            return
        paths = {line.path for line in lines if line.path}
        known = await newest_attempts(connection, id, list(paths)) if paths else {}
        new = [one for line in lines for one in _cut(row, line, known, mask, now)]
        numbers = await append_lines(connection, new)
        if numbers and numbers[-1] > MOST:
            stored = numbers[0] - 1
            raise Refused.because(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"the log of an external run can have at most {MOST} lines; it has {stored}, and this call adds "
                f"{len(new)}: leave some out, or keep the log as an artifact",
                "lines",
            )


def _cut(
    row: ExecutionRow,
    line: ReportedLine,
    known: Mapping[str, tuple[UUID, int]],
    mask: Mask,
    now: datetime,
) -> Iterator[NewLine]:
    at = checked_time(line.at, now, "at") or presumed_time(row, now)
    task_run, newest = known.get(line.path or "", (None, 0))
    attempt = line.attempt or newest or None
    splitter = LineSplitter(mask)
    texts = splitter.feed(line.text.encode("utf-8", "replace")) + splitter.end()
    for text in texts or [""]:
        yield NewLine(
            row["id"], task_run, line.path, attempt, at, line.level, line.stream, mask.text(text)
        )
