"""The job queue, on top of PgQueuer. A job means that one attempt of a task run may start; from then on its lease
applies.

So a job exists only from QUEUED to the start; the transaction that accepts the start deletes it. PgQueuer's own
heartbeat covers only the time between taking and starting a job.
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
"""A job that was taken but not started is taken by another process after this time without a heartbeat."""

_REQUEUE = """
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
    """One for each process; PgQueuer identifies the process by its id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._id = QueueManagerId(uuid4())

    async def take(self, queues: Sequence[str], limit: int) -> list[TakenJob]:
        """Takes up to `limit` due jobs, by priority, then age; jobs of a process that died are taken again after 3
        s."""
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

    async def requeue(self, jobs: Iterable[TakenJob]) -> None:
        """Returns jobs that were taken but not started to the queue."""
        await self._pool.execute(_REQUEUE, [job.id for job in jobs])


async def enqueue(connection: Connection, jobs: Sequence[tuple[UUID, Job]]) -> None:
    """Stores jobs in the caller's transaction; each comes with its execution's id. Jobs that exist already are kept."""
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
    """Deletes the jobs of these keys in the caller's transaction. A job whose key the transaction stores `anew` is kept
    if it is taken: its start is under way, and a second job would outlive it."""
    if keys:
        await connection.execute(_WITHDRAW, keys, anew)


async def acknowledge(connection: Connection, job_ids: Sequence[int]) -> None:
    """Deletes jobs in the caller's transaction, without PgQueuer's own log, which would repeat our events."""
    if job_ids:
        await connection.execute("delete from pgqueuer where id = any($1::bigint[])", job_ids)


def _payload(execution_id: UUID, job: Job) -> bytes:
    return orjson.dumps([str(execution_id), str(job.task_run_id), job.path, job.attempt])


def _taken(id: int, queue: str, payload: bytes | None) -> TakenJob:
    execution_id, task_run_id, path, attempt = orjson.loads(payload or b"[]")
    return TakenJob(id, UUID(execution_id), UUID(task_run_id), path, attempt, queue)
