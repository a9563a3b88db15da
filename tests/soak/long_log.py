"""Creates an ended execution with a log of any length, written by PostgreSQL itself."""

from typing import Any
from uuid import UUID

import asyncpg

from models.ids import new_id

_EXECUTION = """
insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at, ended_at)
values ($1, 'acme', 'long', 'flow', 'long', 'SUCCESS', 1, 1, 'user:admin', now(), now())
"""
_TASK_RUNS = """
insert into task_runs (id, execution_id, path, position, type, queue, state)
select id, $2, 'task' || place, place, 'shell', 'default', 'SUCCESS'
from unnest($1::uuid[]) with ordinality u (id, place)
"""
# Twenty task runs write 50 lines in turn, a twenty-first one in 100 000; one line in 50 000 is an error.
_LINES = """
insert into logs
select $1, n, case when n % 100000 = 777 then ($2::uuid[])[21] else ($2::uuid[])[1 + (n / 50) % 20] end,
  'task' || 1 + (n / 50) % 20, 1,
  now() + n * interval '1 ms',
  case when n % 50000 = 49999 then 40 when (n / 50) % 7 = 0 then 30 else 20 end,
  case when (n / 50) % 7 = 0 then 2 else 1 end,
  'step ' || n || ' loss=' || (1.0 / n)::numeric(12, 8) || ' reading the batch from shard ' || n % 97
    || ' of the dataset' || case when n = $3 - 5 then ' Needle' else '' end
from generate_series(1, $3::bigint) n
"""


async def seed(raw: "asyncpg.Connection[Any]", count: int) -> tuple[UUID, list[UUID]]:
    id, runs = new_id(), [new_id() for _ in range(21)]
    await raw.execute(_EXECUTION, id)
    await raw.execute(_TASK_RUNS, runs, id)
    await raw.execute(_LINES, id, runs, count)
    await raw.execute("insert into log_heads values ($1, $2)", id, count)
    await raw.execute("vacuum analyze logs, log_blocks")
    return id, runs
