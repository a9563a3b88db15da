"""The whole record of an execution as one JSON object, written part by part."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson

from models.ids import typed
from models.lifecycle.apply.attempt_values import NOTHING
from models.lifecycle.results import within_limit
from models.logs import LogLevel, LogStream
from models.states import ATTEMPT_ENDS, AttemptState
from runner.history.visibility import seen_uses
from runner.store.execution import history
from runner.store.execution.facts import given_of
from runner.store.execution.history import ReadMetricRow
from runner.store.execution.nodes import (
    ARTIFACTS_OF_RUNS,
    ARTIFACTS_THAT_COUNT,
    RESULTS_OF,
    ResultsRow,
    TaskRunWithResults,
    UseRow,
    event_of,
)
from runner.store.json import load
from runner.store.lists.snapshot_reads import EVENTS, LOG_BY_TIME, in_chunks, one_moment
from runner.store.logs.log_lines import LogRow
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import (
    ApprovalRow,
    AttemptRow,
    ExecutionRow,
    NoteRow,
    StoredEventRow,
    VoteRow,
)
from schema.plain import plain
from schema.types.approval import Approval, Vote
from schema.types.artifact.artifact import ArtifactUse
from schema.types.execution.event import ExecutionEvent
from schema.types.execution.execution import Execution
from schema.types.execution.log import LogLine
from schema.types.execution.measures import Metric
from schema.types.execution.note import Note
from schema.types.execution.task_run import Attempt, TaskRun, message_of
from server.exports.logs import ExportedLine
from server.visible_execution import ExportRequest, Seen, seen_by, visible

_UNSUCCESSFUL: Final = {state.value for state in ATTEMPT_ENDS - {AttemptState.SUCCESS}}
Row = TypeVar("Row")
Objects = AsyncIterator[list[dict[str, Any]]]


async def record(pool: Pool, request: ExportRequest, logs: bool) -> AsyncGenerator[bytes, None]:
    async with one_moment(pool) as connection:
        row = await visible(connection, request)
        seen = await seen_by(connection, request.scope, row)
        yield b'{"execution":' + orjson.dumps(_execution(row, seen))
        for name, objects in _parts(connection, row["id"], logs, seen):
            yield b',\n"' + name.encode() + b'":['
            first = True
            async for chunk in objects:
                yield (b"\n" if first else b",\n") + b",\n".join(map(orjson.dumps, chunk))
                first = False
            yield b"]"
        yield b"}\n"


def _execution(row: ExecutionRow, seen: Seen) -> dict[str, Any]:
    others = {
        "rerunOf": row["rerun_of"],
        "replayOf": row["replay_of"],
        "cachedFrom": row["cached_from"],
        "parent": row["parent_id"],
    }
    links = {name: typed("exec", id) if id else None for name, id in others.items()}
    failure = _failure(seen.failure(load(row["failure"]))) if row["failure"] else None
    return plain(Execution.of(row), revision=row["revision"], failure=failure, **links)


def _failure(failure: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": failure["path"],
        "attempt": failure["attempt"],
        "code": failure["code"],
        "message": message_of(failure),
        "exitCode": failure.get("exit_code"),
    }


def _parts(connection: Connection, id: UUID, logs: bool, seen: Seen) -> list[tuple[str, Objects]]:
    def each(sql: str, written: Callable[[Row], dict[str, Any]], *more: Any) -> Objects:
        return _each(connection, sql, written, *more)

    parts = [
        ("taskRuns", _task_runs(connection, id, seen)),
        ("approvals", _approvals(connection, id)),
        ("notes", each(history.NOTES_OF, _note, [id])),
        ("metrics", each(history.METRICS_OF, _metric, [id])),
        ("artifacts", _artifacts(connection, id, seen)),
        ("events", each(EVENTS, partial(_event, seen), id)),
    ]
    if logs:
        parts.append(("logs", each(LOG_BY_TIME, partial(_line, id), id, *[None] * 6)))
    return parts


async def _each(
    connection: Connection, sql: str, written: Callable[[Row], dict[str, Any]], *arguments: Any
) -> Objects:
    """`written` takes rows of the statement."""
    rows: Sequence[Row]
    async for rows in in_chunks(connection, sql, *arguments):
        yield [written(row) for row in rows]


async def _artifacts(connection: Connection, id: UUID, seen: Seen) -> Objects:
    rows: Sequence[UseRow]
    async for rows in in_chunks(connection, ARTIFACTS_THAT_COUNT, id):
        yield [plain(ArtifactUse.of(row)) for row in seen_uses(seen.scope, rows)]


async def _task_runs(connection: Connection, id: UUID, seen: Seen) -> Objects:
    rows: Sequence[TaskRunWithResults]
    async for rows in in_chunks(connection, history.TASK_RUNS_OF, [id]):
        attempts: list[list[AttemptRow]] = await _below(
            connection, history.ATTEMPTS_OF, "task_run_id", rows
        )
        given = await _given(connection, id, [one for below in attempts for one in below], seen)
        results = await _results(connection, rows)
        yield [
            plain(
                TaskRun.of(seen.task_run(row)),
                outputs=seen.outside.results(row["path"], results[row["id"]]),
                attempts=[
                    plain(
                        Attempt.of(seen.attempt(one)), **given.get((row["id"], one["number"]), {})
                    )
                    for one in below
                ],
            )
            for row, below in zip(rows, attempts, strict=True)
        ]


async def _results(connection: Connection, rows: Sequence[TaskRunWithResults]) -> dict[UUID, Any]:
    gathered = [row["id"] for row in rows if row["results"] is None]
    found = {row["id"]: row["results"] for row in rows}
    missing: list[ResultsRow] = await connection.fetch(RESULTS_OF, gathered)
    found |= {row["id"]: row["results"] for row in missing}
    return {id: within_limit(load(text)) for id, text in found.items()}


async def _given(
    connection: Connection, id: UUID, attempts: Sequence[AttemptRow], seen: Seen
) -> dict[tuple[UUID, int], dict[str, Any]]:
    """Returns what unsuccessful attempts reported, by task run and number."""
    failed = [
        (one["task_run_id"], one["number"])
        for one in attempts
        if one["state"] in _UNSUCCESSFUL and one["task_run_id"] not in seen.runs
    ]
    if not failed:
        return {}
    ids = list({task_run for task_run, _ in failed})
    given = (await given_of(connection, [id], ids))[id]
    artifacts: list[UseRow] = await connection.fetch(ARTIFACTS_OF_RUNS, ids)
    return {
        key: {
            **asdict(given.get(key, NOTHING)),
            "artifacts": [
                plain(ArtifactUse.of(use))
                for use in seen_uses(seen.scope, artifacts)
                if (use["task_run_id"], use["attempt"]) == key
            ],
        }
        for key in failed
    }


async def _approvals(connection: Connection, id: UUID) -> Objects:
    rows: Sequence[ApprovalRow]
    async for rows in in_chunks(connection, history.APPROVALS_OF, [id]):
        votes: list[list[VoteRow]] = await _below(connection, history.VOTES_OF, "approval_id", rows)
        yield [
            plain(
                Approval.of(row),
                taskRunId=typed("run", row["task_run_id"]),
                votes=[plain(Vote.of(one)) for one in below],
            )
            for row, below in zip(rows, votes, strict=True)
        ]


async def _below(
    connection: Connection,
    sql: str,
    key: str,
    rows: Sequence[TaskRunWithResults] | Sequence[ApprovalRow],
) -> list[list[Any]]:
    """Returns the rows of the statement for each of `rows`; the caller states their type."""
    return await history.grouped(connection, sql, key, [row["id"] for row in rows])


def _note(row: NoteRow) -> dict[str, Any]:
    return plain(Note.of(row))


def _metric(row: ReadMetricRow) -> dict[str, Any]:
    return plain(Metric.of(row))


def _event(seen: Seen, row: StoredEventRow) -> dict[str, Any]:
    task_run = typed("run", row["task_run_id"]) if row["task_run_id"] else None
    return plain(
        ExecutionEvent.of(seen.event(event_of(row))), taskRunId=task_run, taskKey=row["path"]
    )


def _line(execution: UUID, row: ExportedLine) -> dict[str, Any]:
    """Omits the ids of lines, of which there may be millions: the execution's id and the line number identify them."""
    facts: dict[str, Any] = {
        **row,
        "level": LogLevel(row["level"]),
        "stream": LogStream(row["stream"]),
    }
    (line,) = LogLine.all_of(execution, [LogRow(**facts)])
    return {name: value for name, value in plain(line).items() if name != "id"}
