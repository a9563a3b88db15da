"""Leases of attempts: extended by their workers, judged by the database's clock."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from runner.store.connection import Executes, Pool

logger = logging.getLogger("headway.store")

_EXTEND = """
with mine as (
  update attempts set lease_expires_at = clock_timestamp() + make_interval(secs => $2)
  where lease = any($1::uuid[]) and state = 'RUNNING'
  returning lease, task_run_id, execution_id)
select mine.lease, r.state = 'KILLING' as killing, coalesce((e.killing ->> 'force')::bool, false) as force
from mine join task_runs r on r.id = mine.task_run_id join executions e on e.id = mine.execution_id
"""
_EXTEND_FREE = """
with free as (
  select id from attempts where lease = any($1::uuid[]) and state = 'RUNNING' for update skip locked)
update attempts a set lease_expires_at = clock_timestamp() + make_interval(secs => $2) from free where a.id = free.id
"""
_HELD = """
select a.lease, r.state = 'KILLING' as killing, coalesce((e.killing ->> 'force')::bool, false) as force
from attempts a join task_runs r on r.id = a.task_run_id join executions e on e.id = a.execution_id
where a.lease = any($1::uuid[]) and a.state = 'RUNNING'
"""
_ASK = """
select a.lease, r.state = 'KILLING' as killing, coalesce((e.killing ->> 'force')::bool, false) as force
from attempts a join task_runs r on r.id = a.task_run_id join executions e on e.id = a.execution_id
where a.execution_id = any($2::uuid[]) and a.lease = any($1::uuid[]) and a.state = 'RUNNING'
"""
_EXPIRED = """
select a.execution_id, r.path, a.lease
from attempts a join task_runs r on r.id = a.task_run_id
where a.state = 'RUNNING' and a.lease is not null and a.lease_expires_at < clock_timestamp()
order by a.lease_expires_at limit 1000
"""
# What another session has locked is extended or ended just now.
_GIVE_A_PERIOD = """
with short as (
  select id from attempts
  where state = 'RUNNING' and lease is not null and lease_expires_at < clock_timestamp() + make_interval(secs => $1)
  for update skip locked)
update attempts a set lease_expires_at = clock_timestamp() + make_interval(secs => $1) from short
where a.id = short.id
"""


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    lease: UUID
    asked_to_kill: bool
    force: bool


async def extend(connection: Executes, leases: Sequence[UUID], seconds: float) -> list[LeaseStatus]:
    """Those that still hold, for `seconds` more; a lease that is not among them is void. One whose row another session
    has locked for longer than this one waits holds, as yet, and is not extended: the others are."""
    try:
        rows = await connection.fetch(_EXTEND, sorted(leases), seconds)
    except asyncpg.LockNotAvailableError as error:
        logger.warning("not all leases could be extended: %s", error)
        await connection.execute(_EXTEND_FREE, leases, seconds)
        rows = await connection.fetch(_HELD, leases)
    return [LeaseStatus(*row) for row in rows]


async def ask(pool: Pool, leases: Sequence[UUID], executions: Sequence[UUID]) -> list[LeaseStatus]:
    """The same for leases of these executions, without extending."""
    return [LeaseStatus(*row) for row in await pool.fetch(_ASK, leases, executions)]


async def expired(pool: Pool) -> list[tuple[UUID, str, UUID]]:
    """(execution, path, lease) of those that ran out, oldest first, at most a thousand."""
    return [tuple(row) for row in await pool.fetch(_EXPIRED)]


async def give_a_period(pool: Pool, seconds: float) -> None:
    """Let no lease run out within `seconds`."""
    await pool.execute(_GIVE_A_PERIOD, seconds)
