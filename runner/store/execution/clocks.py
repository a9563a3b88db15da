"""Computes the time of an attempt that counts against its timeout, by the database's clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from runner.store.execution.snapshots import clock_of
from runner.store.postgres.connection import Pool

_READ = """
select e.clock, t.clock_base, clock_timestamp() as now
from task_runs t join executions e on e.id = t.execution_id where t.id = $1
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """`running` is false while the execution is paused: then the time does not grow."""

    seconds: float
    running: bool


class _ClockRow(TypedDict):
    clock: str
    clock_base: float
    now: datetime


async def counted(pool: Pool, task_run_id: UUID) -> Counted:
    """The time since the newest attempt of the task run began; 0 if the execution was deleted meanwhile."""
    row: _ClockRow | None = await pool.fetchrow(_READ, task_run_id)
    if row is None:
        return Counted(0.0, False)
    clock = clock_of(row["clock"])
    return Counted(clock.at(row["now"]) - row["clock_base"], clock.since is not None)
