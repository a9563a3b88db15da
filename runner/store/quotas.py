"""Counts the use of quotas by people and teams in the transactions that write, so that no read has to add it up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypedDict

from runner.store.json import to_columns
from runner.store.postgres.connection import Connection, Executes

_ADD: Final = """
insert into quota_use as q (quota, owner, used)
select * from unnest($1::text[], $2::text[], $3::bigint[]) u (quota, owner, used) order by quota, owner
on conflict (quota, owner, day) do update set used = q.used + excluded.used
returning quota, owner, used
"""
_FREE: Final = """
update quota_use q set used = greatest(q.used - u.used, 0)
from (select quota, owner, sum(used) as used from unnest($1::text[], $2::text[], $3::bigint[]) u (quota, owner, used)
      group by 1, 2) u
where (q.quota, q.owner) = (u.quota, u.owner) and q.day = '1970-01-01'
"""
_LOCK: Final = """
select owner from quota_use where quota = $1 and owner = any($2::text[]) order by owner for update
"""
_USED: Final = """
select quota, owner, used from quota_use
where (quota, owner) in (select * from unnest($1::text[], $2::text[])) and day = '1970-01-01'
"""
_RESERVE: Final = """
insert into quota_use as q (quota, owner, day, used)
select $1, $2, (now() at time zone 'utc')::date, $3::bigint where $3::bigint <= $4::bigint
on conflict (quota, owner, day) do update set used = q.used + excluded.used where q.used + excluded.used <= $4::bigint
returning used
"""
_USED_TODAY: Final = """
select used from quota_use where quota = $1 and owner = $2 and day = (now() at time zone 'utc')::date
"""
_FORGET: Final = """
delete from quota_use
where day <> '1970-01-01' and day < (now() at time zone 'utc')::date - 1 or day = '1970-01-01' and used = 0
"""


class Quota(StrEnum):
    """Quotas by the names of their settings."""

    UPLOADS_OF_PERSON = "upload_bytes_per_person"
    UPLOADS_OF_NAMESPACE = "upload_bytes_per_namespace"
    OPEN_RECORDINGS = "open_recordings_per_person"
    RECORDED_BY_PERSON = "recorded_bytes_per_person"
    RECORDED_IN_NAMESPACE = "recorded_bytes_per_namespace"


class _UseRow(TypedDict):
    quota: str
    owner: str
    used: int


@dataclass(frozen=True, slots=True)
class Use:
    """`owner` is an actor, or the first part of a namespace."""

    quota: Quota
    owner: str
    amount: int


async def add(connection: Connection, uses: Sequence[Use]) -> list[Use]:
    """Adds to the use; returns the new totals. Others that add to the same quotas wait until this transaction ends."""
    rows: list[_UseRow] = await connection.fetch(_ADD, *_columns(uses))
    return [Use(Quota(row["quota"]), row["owner"], row["used"]) for row in rows]


async def free(connection: Connection, uses: Sequence[Use]) -> None:
    """Subtracts from the use; locks rows in the same order as `add`."""
    for quota in sorted({use.quota for use in uses}):
        owners = sorted({use.owner for use in uses if use.quota is quota})
        await connection.fetch(_LOCK, quota.value, owners)
    if uses:
        await connection.execute(_FREE, *_columns(uses))


async def used(
    connection: Executes, wanted: Iterable[tuple[Quota, str]]
) -> dict[tuple[Quota, str], int]:
    """The use by quota and owner; owners that use nothing are left out."""
    rows: list[_UseRow] = await connection.fetch(
        _USED, *to_columns([(quota.value, owner) for quota, owner in wanted])
    )
    return {(Quota(row["quota"]), row["owner"]): row["used"] for row in rows}


async def hold(connection: Connection, quota: Quota, owners: Iterable[str]) -> dict[str, int]:
    """The use of each owner. Transactions that would add to it wait until this one ends."""
    rows = await add(connection, [Use(quota, owner, 0) for owner in sorted(set(owners))])
    return {use.owner: use.amount for use in rows}


async def reserve(
    connection: Executes, quota: Quota, owner: str, amount: int, limit: int
) -> int | None:
    """Adds to today's use of a daily quota; returns the new total, or None if that would exceed the limit."""
    found: int | None = await connection.fetchval(_RESERVE, quota.value, owner, amount, limit)
    return found


async def used_today(connection: Executes, quota: Quota, owner: str) -> int:
    return await connection.fetchval(_USED_TODAY, quota.value, owner) or 0


async def delete_old(connection: Connection) -> None:
    """Deletes the use of past days, and rows with no use."""
    await connection.execute(_FORGET)


def _columns(uses: Sequence[Use]) -> list[list[Any]]:
    return to_columns([(use.quota.value, use.owner, use.amount) for use in uses])
