"""PgQueuer behind four verbs. A job says that one attempt of a task run may start; once it has, the lease governs.

So a job lives from QUEUED to the start only, is deleted by the transaction that accepts the start, and PgQueuer's own
heartbeat covers just the moment between taking and starting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.domain.types import JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries

from models.lifecycle.transition import Job
from runner.store.postgres.connection import Connection, Pool

TAKEN_FOR = timedelta(seconds=3)
"""How long a job that was taken but not started stays its taker's without a heartbeat."""

_PUT_BACK = """
update pgqueuer set status = 'queued', queue_manager_id = null where id = any($1::bigint[]) and status = 'picked'
"""
_WITHDRAW = """
delete from pgqueuer where dedupe_key = any($1::text[]) and (status = 'queued' or dedupe_key <> all($2::text[]))
"""


@dataclass(frozen=True, slots=True)
class TakenJob:
    id: int
    execution_id: UUID
    task_run_id: UUID
    path: str
    attempt: int
    queue: str


class JobQueue:
    """One a process; its id is what PgQueuer knows the taker by."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._id = QueueManagerId(uuid4())

    async def take(self, queues: Sequence[str], limit: int) -> list[TakenJob]:
        """Up to `limit` due jobs, by priority, then age; those of a taker that died come again after 3 s."""
        jobs = await self._queries.dequeue(
            limit,
            {QueueEntrypoint(queue): EntrypointExecutionParameter(0) for queue in queues},
            self._id,
            None,
            TAKEN_FOR,
        )
        return [_taken(job.id, job.entrypoint, job.payload) for job in jobs]

    async def heartbeat(self, job_ids: Iterable[int]) -> None:
        await self._queries.update_heartbeat([JobId(id) for id in job_ids])

    async def put_back(self, jobs: Iterable[TakenJob]) -> None:
        """Give jobs that were taken but not started to whoever looks next."""
        await self._pool.execute(_PUT_BACK, [job.id for job in jobs])


async def enqueue(connection: Connection, jobs: Sequence[tuple[UUID, Job]]) -> None:
    """Store jobs with the caller's transaction; each comes with its execution's id. One that stands already is left."""
    if not jobs:
        return
    await Queries(AsyncpgDriver(connection)).enqueue(  # type: ignore[arg-type]
        [job.queue for _, job in jobs],
        [_payload(execution_id, job) for execution_id, job in jobs],
        [job.priority for _, job in jobs],
        [timedelta(seconds=job.delay) for _, job in jobs],
        [job.key for _, job in jobs],
        on_conflict="skip",
    )


async def withdraw(connection: Connection, keys: Sequence[str], anew: Sequence[str]) -> None:
    """Delete the jobs of these keys with the caller's transaction; of those that are stored `anew` with it, one that is
    taken stays: its start is on its way, and a second job would outlive it."""
    if keys:
        await connection.execute(_WITHDRAW, keys, anew)


async def acknowledge(connection: Connection, job_ids: Sequence[int]) -> None:
    """Delete jobs with the caller's transaction. PgQueuer's own log of them would repeat our events."""
    if job_ids:
        await connection.execute("delete from pgqueuer where id = any($1::bigint[])", job_ids)


def _payload(execution_id: UUID, job: Job) -> bytes:
    return orjson.dumps([str(execution_id), str(job.task_run_id), job.path, job.attempt])


def _taken(id: int, queue: str, payload: bytes | None) -> TakenJob:
    execution_id, task_run_id, path, attempt = orjson.loads(payload or b"[]")
    return TakenJob(id, UUID(execution_id), UUID(task_run_id), path, attempt, queue)
