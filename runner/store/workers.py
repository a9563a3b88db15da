"""Workers: registers them, and lists them with whether they are alive by the database's clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from runner.store.json import dump
from runner.store.postgres.connection import Executes, Pool
from runner.store.rows import WorkerRow

_ALIVE = "stopped_at is null and heartbeat_at > clock_timestamp() - interval '10 seconds'"
_REGISTER = """
insert into workers (id, name, host, pid, queues, concurrency) values ($1, $2, $3, $4, $5::jsonb, $6)
on conflict (id) do update set heartbeat_at = clock_timestamp(), stopped_at = null
returning clock_timestamp()
"""
_HEARTBEAT = """
update workers set heartbeat_at = clock_timestamp() where id = $1 returning clock_timestamp()
"""
_STOPPED = "update workers set stopped_at = clock_timestamp() where id = $1"
_ALL = f"""
select w.*, {_ALIVE} as alive,
       (select count(*) from attempts a where a.state = 'RUNNING' and a.worker = 'worker:' || w.name) as running
from workers w
where stopped_at is null and heartbeat_at > clock_timestamp() - interval '1 day'
order by name, id
"""
_LIVE_QUEUES = f"select distinct jsonb_array_elements_text(queues) from workers where {_ALIVE}"
_TASK_TYPES = "select id, type from task_runs where id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class NewWorker:
    id: UUID
    name: str
    host: str
    pid: int
    queues: Sequence[str]
    concurrency: int


class ListedWorker(WorkerRow):
    alive: bool
    running: int


class _TaskType(TypedDict):
    id: UUID
    type: str


async def register(pool: Pool, worker: NewWorker) -> datetime:
    """Returns the database's time."""
    now: datetime = await pool.fetchval(
        _REGISTER,
        worker.id,
        worker.name,
        worker.host,
        worker.pid,
        dump(worker.queues),
        worker.concurrency,
    )
    return now


async def heartbeat(connection: Executes, id: UUID) -> datetime | None:
    """Returns the database's time; None for a worker that is not registered."""
    now: datetime | None = await connection.fetchval(_HEARTBEAT, id)
    return now


async def mark_stopped(pool: Pool, id: UUID) -> None:
    await pool.execute(_STOPPED, id)


async def all_workers(pool: Pool) -> list[ListedWorker]:
    """The workers; without stopped workers and those silent for a day."""
    rows: list[ListedWorker] = await pool.fetch(_ALL)
    return rows


async def live_queues(pool: Pool) -> frozenset[str]:
    """The queues that at least one live worker serves."""
    return frozenset(row[0] for row in await pool.fetch(_LIVE_QUEUES))


async def task_types(pool: Pool, task_runs: Sequence[UUID]) -> dict[UUID, str]:
    """The task type of each of these task runs."""
    rows: list[_TaskType] = await pool.fetch(_TASK_TYPES, task_runs)
    return {row["id"]: row["type"] for row in rows}
