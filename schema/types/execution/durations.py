"""Durations computed from the times of a row."""

from datetime import UTC, datetime

from runner.history.point_in_time import moment_of
from runner.store.rows import ExecutionRow


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from `start` to `end`, or until now; None before the start."""
    return None if start is None else ((end or datetime.now(UTC)) - start).total_seconds()


def seconds_taken(row: ExecutionRow) -> float | None:
    """Duration of an execution, without the time between an end and the next start."""
    until = row["ended_at"] or row["idle_since"] or moment_of(row["id"])
    seconds = seconds_between(row["started_at"], until)
    return None if seconds is None else max(0.0, seconds - row["idle"])


def seconds_queued(row: ExecutionRow) -> float | None:
    """Seconds in the queue; 0 for an external run that started before it was recorded."""
    seconds = seconds_between(
        row["created_at"], row["started_at"] or row["ended_at"] or moment_of(row["id"])
    )
    return None if seconds is None else max(0.0, seconds)
