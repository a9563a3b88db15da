"""Leases of attempts: extended by their workers, checked by the database's clock."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

import asyncpg

from runner.store.postgres.connection import Connection, Executes, Pool

logger = logging.getLogger("headway.store")

_STATUS = """
select a.lease, r.state = 'KILLING' as killing, coalesce((e.killing ->> 'force')::bool, false) as force
from {} a join task_runs r on r.id = a.task_run_id join executions e on e.id = a.execution_id
"""
_EXTEND = """
with mine as (
  update attempts set lease_expires_at = clock_timestamp() + make_interval(secs => $2)
  where lease = any($1::uuid[]) and state = 'RUNNING'
  returning lease, task_run_id, execution_id)
""" + _STATUS.format("mine")
# Skips rows that another session has locked. Writing an attempt's log does not lock its row in this mode.
_EXTEND_FREE = """
with free as (
  select id from attempts where lease = any($1::uuid[]) and state = 'RUNNING' for no key update skip locked)
update attempts a set lease_expires_at = clock_timestamp() + make_interval(secs => $2) from free where a.id = free.id
"""
_HELD = _STATUS.format("attempts") + "where a.lease = any($1::uuid[]) and a.state = 'RUNNING'"
_READ_STATUS = f"{_HELD} and a.execution_id = any($2::uuid[])"
_EXPIRED = """
select a.execution_id, r.path, a.lease
from attempts a join task_runs r on r.id = a.task_run_id
where a.state = 'RUNNING' and a.lease is not null and a.lease_expires_at < clock_timestamp()
order by a.lease_expires_at limit 1000
"""
# Rows that another session has locked are being extended or ended.
_RUN_OUT = """
select lease from attempts
where lease = any($1::uuid[]) and state = 'RUNNING' and lease_expires_at < clock_timestamp()
for no key update skip locked
"""
_EXTEND_ALL = """
with short as (
  select id from attempts
  where state = 'RUNNING' and lease is not null and lease_expires_at < clock_timestamp() + make_interval(secs => $1)
  for no key update skip locked)
update attempts a set lease_expires_at = clock_timestamp() + make_interval(secs => $1) from short
where a.id = short.id
"""


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    lease: UUID
    kill_requested: bool
    force: bool


async def extend(connection: Executes, leases: Sequence[UUID], seconds: float) -> list[LeaseStatus]:
    """Extends leases by `seconds` from now; returns those that are valid. All others are void. A lease whose row stays
    locked by another session is returned as valid, but not extended."""
    try:
        rows = await connection.fetch(_EXTEND, sorted(leases), seconds)
    except asyncpg.LockNotAvailableError as error:
        logger.warning("not all leases could be extended: %s", error)
        await connection.execute(_EXTEND_FREE, leases, seconds)
        rows = await connection.fetch(_HELD, leases)
    return [LeaseStatus(*row) for row in rows]


async def read_status(
    pool: Pool, leases: Sequence[UUID], executions: Sequence[UUID]
) -> list[LeaseStatus]:
    """As `extend`, for the leases of these executions, without extending them."""
    return [LeaseStatus(*row) for row in await pool.fetch(_READ_STATUS, leases, executions)]


async def expired(pool: Pool) -> list[tuple[UUID, str, UUID]]:
    """(execution, path, lease) of expired leases, oldest first, at most a thousand."""
    return [tuple(row) for row in await pool.fetch(_EXPIRED)]


class _LeaseRow(TypedDict):
    lease: UUID


async def run_out(connection: Connection, leases: Iterable[UUID]) -> set[UUID]:
    """Returns those of the leases that have expired, and locks them so that they are not extended in this
    transaction."""
    rows: list[_LeaseRow] = await connection.fetch(_RUN_OUT, list(leases))
    return {row["lease"] for row in rows}


async def extend_all(connection: Executes, seconds: float) -> None:
    """Extends all leases that would expire within `seconds`, so that they last that long."""
    await connection.execute(_EXTEND_ALL, seconds)
