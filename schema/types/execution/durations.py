"""How long something took, from a row's times."""

from datetime import UTC, datetime
from typing import Any

from runner.history.point_in_time import moment_of


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Until now where it has not ended; None where it has not started."""
    return None if start is None else ((end or datetime.now(UTC)) - start).total_seconds()


def seconds_taken(row: Any) -> float | None:
    """Of an execution. What lay between an end and the next start is left out."""
    until = row["ended_at"] or row["idle_since"] or moment_of(row["id"])
    seconds = seconds_between(row["started_at"], until)
    return None if seconds is None else max(0.0, seconds - row["idle"])


def seconds_queued(row: Any) -> float | None:
    """Seconds in the queue; 0 for an execution that ran elsewhere and started before it was recorded."""
    seconds = seconds_between(
        row["created_at"], row["started_at"] or row["ended_at"] or moment_of(row["id"])
    )
    return None if seconds is None else max(0.0, seconds)
