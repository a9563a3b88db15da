"""SQL for values that are compared between executions: metrics by series, durations by task."""

from datetime import datetime
from decimal import Decimal
from typing import Final, TypedDict
from uuid import UUID

from runner.store.where.terms import LAST_FIRST

MOST_POINTS: Final = 500
"""The most points of a series. Of a longer one, points are read evenly, including the first and the last."""

_SERIES: Final = "execution_id, path, name, tags"
# A retry measures again, so only the newest attempt that recorded a series counts.
_NEWEST: Final = f"""
with ranked as (
  select *, rank() over (partition by {_SERIES} order by attempt desc nulls last) as age
  from metrics where execution_id = any($1::uuid[])),
newest as (select * from ranked where age = 1)
"""
# Values recorded in one call have the same time; then the step decides which is last. Numeric does not overflow.
METRIC_VALUES_OF: Final = f"""{_NEWEST}
select distinct on ({_SERIES}) {_SERIES}, kind, count(*) over series as number,
  case kind when 'counter' then sum(value::numeric) over series else value::numeric end as value
from newest window series as (partition by {_SERIES})
order by {_SERIES}, {LAST_FIRST}
"""
METRIC_POINTS_OF: Final = f"""{_NEWEST},
numbered as (
  select *, row_number() over (partition by {_SERIES} order by step nulls first, at, id) as place,
    count(*) over (partition by {_SERIES}) as number
  from newest)
select {_SERIES}, array_agg(step order by place) as steps, array_agg(value order by place) as "values",
  array_agg(at order by place) as moments
from numbered
where number <= {MOST_POINTS} or place in (1, number)
  or (place - 1) * {MOST_POINTS - 1} / number <> (place - 2) * {MOST_POINTS - 1} / number
group by {_SERIES}
"""
# All iterations of a foreach count as one task.
TASK_TIMES_OF: Final = r"""
select execution_id, regexp_replace(path, '\[\d+\]', '[]', 'g') as key, min(position) as position,
  count(*) as number, max(attempt) as attempts, array_agg(distinct state order by state) as states,
  sum(extract(epoch from coalesce(ended_at, now()) - started_at))::float8 as duration
from task_runs where execution_id = any($1::uuid[]) group by 1, 2
"""


class SeriesRow(TypedDict):
    """The columns by which a series of a metric is found."""

    execution_id: UUID
    path: str | None
    name: str
    tags: str


class MetricValueRow(SeriesRow):
    """A row of METRIC_VALUES_OF: the value of a series, and the number of its points."""

    kind: str
    number: int
    value: Decimal


class MetricPointsRow(SeriesRow):
    """A row of METRIC_POINTS_OF: the points of a series, in their order."""

    steps: list[int | None]
    values: list[float]
    moments: list[datetime]


class TaskTimeRow(TypedDict):
    """A row of TASK_TIMES_OF: the task runs of one task."""

    execution_id: UUID
    key: str
    position: int
    number: int
    attempts: int
    states: list[str]
    duration: float | None
