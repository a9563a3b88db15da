"""The values that executions are compared by and that take adding up: metrics by series, durations by task."""

from typing import Final

from runner.store.where.terms import LAST_FIRST

MOST_POINTS: Final = 500
"""Of a series; of one with more so many are read, evenly, the first and the last among them."""

_SERIES: Final = "execution_id, path, name, tags"
# A retry measures anew: of a series the newest attempt that told of it counts. Without attempts there is one set.
_TOLD: Final = f"""
with ranked as (
  select *, rank() over (partition by {_SERIES} order by attempt desc nulls last) as age
  from metrics where execution_id = any($1::uuid[])),
told as (select * from ranked where age = 1)
"""
# What was told in one call has one moment: then the step says what is last. Numeric does not overflow.
METRIC_VALUES_OF: Final = f"""{_TOLD}
select distinct on ({_SERIES}) {_SERIES}, kind, count(*) over series as number,
  case kind when 'counter' then sum(value::numeric) over series else value::numeric end as value
from told window series as (partition by {_SERIES})
order by {_SERIES}, {LAST_FIRST}
"""
METRIC_POINTS_OF: Final = f"""{_TOLD},
numbered as (
  select *, row_number() over (partition by {_SERIES} order by step nulls first, at, id) as place,
    count(*) over (partition by {_SERIES}) as number
  from told)
select {_SERIES}, array_agg(step order by place) as steps, array_agg(value order by place) as "values",
  array_agg(at order by place) as moments
from numbered
where number <= {MOST_POINTS} or place in (1, number)
  or (place - 1) * {MOST_POINTS - 1} / number <> (place - 2) * {MOST_POINTS - 1} / number
group by {_SERIES}
"""
# The iterations of a foreach are one task here, however many there are.
TASK_TIMES_OF: Final = r"""
select execution_id, regexp_replace(path, '\[\d+\]', '[]', 'g') as key, min(position) as position,
  count(*) as number, max(attempt) as attempts, array_agg(distinct state order by state) as states,
  sum(extract(epoch from coalesce(ended_at, now()) - started_at))::float8 as duration
from task_runs where execution_id = any($1::uuid[]) group by 1, 2
"""
