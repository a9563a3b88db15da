"""How much of an attempt's time has counted against its timeout, by the database's clock."""

from dataclasses import dataclass
from uuid import UUID

from runner.store.execution.snapshots import clock_of
from runner.store.postgres.connection import Pool

_READ = """
select e.clock, t.clock_base, clock_timestamp() as now
from task_runs t join executions e on e.id = t.execution_id where t.id = $1
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """`goes` is false while the execution is paused: nothing is added then."""

    seconds: float
    goes: bool


async def counted(pool: Pool, task_run_id: UUID) -> Counted:
    """Since the newest attempt of the task run began. Of what was deleted meanwhile nothing counts."""
    row = await pool.fetchrow(_READ, task_run_id)
    if row is None:
        return Counted(0.0, False)
    clock = clock_of(row["clock"])
    return Counted(clock.at(row["now"]) - row["clock_base"], clock.since is not None)
