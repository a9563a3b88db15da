"""Reads the first metrics of executions, task runs and attempts, in the order of their times."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import TypeAlias, TypedDict, TypeVar
from uuid import UUID

from runner.store.execution.history import METRIC
from runner.store.json import to_columns
from runner.store.postgres.connection import Executes
from runner.store.where.terms import LAST_FIRST


class ReadMetric(TypedDict):
    """A metric as METRIC reads it, and its `place` among the wanted ones, from 1."""

    execution_id: UUID
    id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    name: str
    value: float
    kind: str
    step: int | None
    tags: str
    at: datetime
    place: int


class _LastValue(TypedDict):
    place: int
    name: str
    value: float


Placed = TypeVar("Placed", ReadMetric, _LastValue)


@dataclass(frozen=True, slots=True)
class MetricsOf:
    """Selects metrics of an execution, optionally only those of a task run, of a name, or up to the time `until`."""

    execution_id: UUID
    until: datetime | None = None
    task_run_id: UUID | None = None
    name: str | None = None


Moment: TypeAlias = tuple[UUID, datetime | None]
"""An execution, and the time up to which its metrics are read; None is now."""
EachKey: TypeAlias = tuple[UUID | None, int | None]
"""A task run and, if metrics are grouped by attempt, its attempt."""

_OF_EXECUTIONS = f"""
select found.*, wanted.place from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[]) with ordinality
  wanted (execution_id, until, task_run_id, name, place)
cross join lateral (
  {METRIC}
  where m.execution_id = wanted.execution_id and (wanted.until is null or m.at <= wanted.until)
    and (wanted.task_run_id is null or coalesce(m.task_run_id, t.id) = wanted.task_run_id)
    and (wanted.name is null or m.name = wanted.name)
  order by m.at, m.id limit $5) found
order by wanted.place, found.at, found.id
"""
_OF_EACH = f"""
select numbered.* from (
  select found.*, wanted.place, row_number() over (
    partition by wanted.place, found.task_run_id{{attempt}} order by found.at, found.id) as number
  from unnest($1::uuid[], $2::timestamptz[]) with ordinality wanted (execution_id, until, place)
  join ({METRIC}) found on found.execution_id = wanted.execution_id
    and (wanted.until is null or found.at <= wanted.until)) numbered
where number <= $3 order by place, at, id
"""

_LAST_UNTIL = f"""
select distinct on (wanted.place, m.name) wanted.place, m.name, m.value
from unnest($1::uuid[], $2::timestamptz[]) with ordinality wanted (execution_id, until, place)
join metrics m on m.execution_id = wanted.execution_id and m.at <= wanted.until
order by wanted.place, m.name, {LAST_FIRST}
"""


async def last_until(
    pool: Executes, wanted: Sequence[tuple[UUID, datetime]]
) -> list[dict[str, float]]:
    """The last value of each metric by name, for each execution and time."""
    rows: list[_LastValue] = await pool.fetch(_LAST_UNTIL, *to_columns(wanted))
    placed = _placed(rows, len(wanted))
    return [{row["name"]: row["value"] for row in some} for some in placed]


async def first_of_executions(
    pool: Executes, first: int, wanted: Sequence[MetricsOf]
) -> list[list[ReadMetric]]:
    """At most `first` rows for each of `wanted`."""
    columns = to_columns([astuple(one) for one in wanted])
    rows: list[ReadMetric] = await pool.fetch(_OF_EXECUTIONS, *columns, first)
    return _placed(rows, len(wanted))


async def first_of_each(
    pool: Executes, first: int, by_attempt: bool, wanted: Sequence[Moment]
) -> list[dict[EachKey, list[ReadMetric]]]:
    """At most `first` rows for each task run of each execution, or (`by_attempt`) for each attempt."""
    query = _OF_EACH.format(attempt=", found.attempt" if by_attempt else "")
    rows: list[ReadMetric] = await pool.fetch(query, *to_columns(wanted), first)
    found = []
    for some in _placed(rows, len(wanted)):
        grouped: dict[EachKey, list[ReadMetric]] = {}
        for row in some:
            key = (row["task_run_id"], row["attempt"] if by_attempt else None)
            grouped.setdefault(key, []).append(row)
        found.append(grouped)
    return found


def _placed(rows: Iterable[Placed], count: int) -> list[list[Placed]]:
    found: list[list[Placed]] = [[] for _ in range(count)]
    for row in rows:
        found[row["place"] - 1].append(row)
    return found
