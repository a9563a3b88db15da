"""Reads a bounded amount of an execution for a report, at one moment."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from runner.history.visibility import seen_uses
from runner.store.execution import history
from runner.store.execution.history import MoveRow
from runner.store.execution.nodes import TaskRunWithResults, UseRow
from runner.store.json import load
from runner.store.lists.snapshot_reads import (
    SeriesRow,
    first_of,
    last_metrics,
    measured_series,
    one_moment,
)
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import ExecutionRow, NoteRow
from schema.types.artifact.artifact import ArtifactUse
from schema.types.execution.execution import Execution
from schema.types.execution.note import Note
from schema.types.execution.task_run import Attempt, TaskRun, message_of
from server.files.places import Places
from server.visible_execution import ExportRequest, Seen, seen_by, visible

MOST_TASKS: Final = 200
MOST_ROWS: Final = 100
MOST_SERIES: Final = 12
POINTS: Final = 200
"""Points of one series; longer ones are sampled."""


@dataclass(frozen=True, slots=True)
class Bar:
    task: TaskRun
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class Failure:
    task: str | None
    code: str
    message: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`now` is the time of reading. A truncated list has one more entry than is shown."""

    now: datetime
    execution: Execution
    revision: int | None
    failure: Failure | None
    moves: Sequence[MoveRow]
    bars: Sequence[Bar]
    series: Mapping[str, Sequence[tuple[float, float]]]
    measured: Mapping[str, float]
    artifacts: Sequence[ArtifactUse]
    notes: Sequence[Note]


async def facts_of(pool: Pool, requests: Sequence[ExportRequest], places: Places) -> list[Facts]:
    """Raises Refused NOT_FOUND if one of the executions may not be seen."""
    async with one_moment(pool) as connection:
        rows = [(await visible(connection, one), one.scope) for one in requests]
        return [
            await _facts(
                connection, places.shown_row(row), places, await seen_by(connection, scope, row)
            )
            for row, scope in rows
        ]


async def _facts(connection: Connection, row: ExecutionRow, places: Places, seen: Seen) -> Facts:
    shown = places.shown_row
    id = row["id"]
    tasks: Sequence[TaskRunWithResults] = await first_of(
        connection, history.TASK_RUNS_OF, MOST_TASKS + 1, [id]
    )
    attempts: Sequence[Sequence[Any]] = await history.grouped(
        connection, history.ATTEMPTS_OF, "task_run_id", [task["id"] for task in tasks]
    )
    uses: Sequence[UseRow] = await first_of(connection, history.ARTIFACTS_OF, MOST_ROWS + 1, [id])
    notes: Sequence[NoteRow] = await first_of(connection, history.NOTES_OF, MOST_ROWS + 1, [id])
    moves: Sequence[MoveRow] = await first_of(connection, history.MOVES_OF, MOST_ROWS + 1, [id])
    failure = load(row["failure"])
    return Facts(
        now=datetime.now(UTC),
        execution=Execution.of(row),
        revision=row["revision"],
        failure=_failure(seen.failure(failure)) if failure else None,
        moves=[shown(move) for move in moves],
        bars=[
            Bar(
                TaskRun.of(shown(seen.task_run(task))),
                [Attempt.of(shown(seen.attempt(one))) for one in below],
            )
            for task, below in zip(tasks, attempts, strict=True)
        ],
        series=_series(await measured_series(connection, id, MOST_SERIES, POINTS)),
        measured=(await last_metrics(connection, [id], None))[id],
        artifacts=[
            ArtifactUse.of(shown(use))
            for use in seen_uses(seen.scope, uses)
            if not use["set_aside"]
        ],
        notes=[Note.of(shown(note)) for note in notes],
    )


def _failure(failure: Mapping[str, Any]) -> Failure:
    return Failure(failure["path"], failure["code"], message_of(failure), failure.get("exit_code"))


def _series(rows: Sequence[SeriesRow]) -> dict[str, list[tuple[float, float]]]:
    """Returns points by step if all have one, else by seconds since the first."""
    found: dict[str, list[SeriesRow]] = defaultdict(list)
    for row in rows:
        if isfinite(row["value"]):
            found[_name_of(row)].append(row)
    return {name: sorted(map(_point_of(points), points)) for name, points in found.items()}


def _name_of(row: SeriesRow) -> str:
    tags = [f"{name}={value}" for name, value in sorted((load(row["tags"]) or {}).items())]
    details = ", ".join([row["path"], *tags] if row["path"] else tags)
    return f"{row['name']} ({details})" if details else str(row["name"])


def _point_of(points: Sequence[SeriesRow]) -> Callable[[SeriesRow], tuple[float, float]]:
    if all(row["step"] is not None for row in points):
        return lambda row: (float(row["step"] or 0), row["value"])
    start = min(row["at"] for row in points)
    return lambda row: ((row["at"] - start).total_seconds(), row["value"])
