"""Log lines of what runs elsewhere: cut and masked as those that tasks here write, and stored once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.lifecycle.external.moments import placed, told
from models.logs import LogLevel, LogStream
from runner.attempt.line_splitter import LineSplitter
from runner.attempt.masking import Mask
from runner.external.runs import digest_of, is_told_first, refuse_too_many
from runner.service.encryption import Cipher
from runner.store import secrets
from runner.store.logs.log_lines import NewLine, append_lines
from runner.store.postgres.connection import Connection, Pool, database_now

MOST: Final = 1_000_000
"""Lines of one execution."""
_KNOWN: Final = (
    "select path, id, attempt from task_runs where execution_id = $1 and path = any($2::text[])"
)


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One or several lines of text; of the execution as a whole without a path."""

    text: str
    level: LogLevel
    stream: LogStream
    at: datetime | None
    path: str | None
    attempt: int | None


async def record_logs(
    pool: Pool,
    vault: Cipher,
    actor: str,
    row: Mapping[str, Any],
    lines: Sequence[ToldLine],
    key: str | None,
) -> None:
    """All or none, of the execution of this row. Raises Refused."""
    refuse_too_many(lines, "lines")
    mask = Mask()
    mask.hide(await secrets.values_to_mask(pool, vault, row["namespace"]))
    digest = digest_of([asdict(line) for line in lines])
    id: UUID = row["id"]
    async with pool.acquire() as connection, connection.transaction():
        now: datetime = await database_now(connection)
        if key and not await is_told_first(connection, actor, f"recordLogs {id}", key, digest):
            return
        known = await _task_runs(connection, id, lines)
        new = [one for line in lines for one in _cut(row, line, known, mask, now)]
        numbers = await append_lines(connection, new)
        if numbers and numbers[-1] > MOST:
            there = numbers[0] - 1
            raise Refused.because(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"the log of a recorded execution has at most {MOST} lines; there are {there}, and {len(new)} more "
                "do not fit: leave some out, or keep the log as an artifact",
                "lines",
            )


async def _task_runs(
    connection: Connection, id: UUID, lines: Sequence[ToldLine]
) -> Mapping[str, tuple[UUID, int]]:
    """Of those that are told of by now, each with its newest attempt."""
    paths = {line.path for line in lines if line.path}
    rows = await connection.fetch(_KNOWN, id, list(paths)) if paths else ()
    return {row["path"]: (row["id"], row["attempt"]) for row in rows}


def _cut(
    row: Mapping[str, Any],
    line: ToldLine,
    known: Mapping[str, tuple[UUID, int]],
    mask: Mask,
    now: datetime,
) -> Iterator[NewLine]:
    at = told(line.at, now, "at") or placed(row, now)
    task_run, newest = known.get(line.path or "", (None, 0))
    attempt = line.attempt or newest or None
    cutter = LineSplitter(mask)
    texts = cutter.feed(line.text.encode("utf-8", "replace")) + cutter.end()
    for text in texts or [""]:
        yield NewLine(
            row["id"], task_run, line.path, attempt, at, line.level, line.stream, mask.text(text)
        )
