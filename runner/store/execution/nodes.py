"""SQL that reads one row of any kind by its id; rows that belong to an execution have the column `execution_id`."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from runner.store.execution.event_log import EventRow
from runner.store.rows import StoredEventRow, TaskRunRow

TASK_RUN_WITH_RESULTS = """
select t.*, coalesce(s.execution_id, k.execution_id) as source_execution,
       case when 'foreach' in (t.type, s.type) then null
         when t.outputs_from is null then t.outputs
         else coalesce(k.outputs, s.outputs, '{}') || t.outputs end as results
from task_runs t left join task_runs s on s.id = t.outputs_from
  left join kept_outputs k on k.task_run_id = t.outputs_from
"""
"""Task runs with their results, which include outputs reused by reference, as they were then, even if their source is
deleted. The results of a foreach are null here: RESULTS_OF computes them on demand."""
RESULTS_OF = """
select t.id, case when t.outputs_from is null then headway_results(t.id)
  else coalesce(k.outputs, headway_results(s.id), '{}') || t.outputs end as results
from task_runs t left join task_runs s on s.id = t.outputs_from
  left join kept_outputs k on k.task_run_id = t.outputs_from
where t.id = any($1::uuid[])
"""
TASK_RUN = f"{TASK_RUN_WITH_RESULTS} where t.id = $1"
ATTEMPT = "select * from attempts where id = $1"
APPROVAL = "select * from approvals where id = $1"
ARTIFACT = "select * from artifacts where id = $1"
NOTE = "select * from notes where id = $1"
_SET_ASIDE = """exists (select from attempts x where x.task_run_id = u.task_run_id and x.number = u.attempt
  and x.worker is not null and x.state not in ('RUNNING', 'SUCCESS'))"""
"""SQL for whether a use `u` is by a worker's attempt that did not succeed. It is shown with that attempt, and ignored
elsewhere."""
COUNTS = f"not {_SET_ASIDE}"
USE = f"""
select {_SET_ASIDE} as set_aside, u.id, u.artifact_id, u.execution_id,
       coalesce(u.task_run_id, t.id) as task_run_id, u.path, u.attempt,
       u.direction, u.uri, u.digest, u.size, u.properties, u.created_at, a.namespace, a.name, a.version, a.type
from artifact_uses u join artifacts a on a.id = u.artifact_id
left join task_runs t on u.task_run_id is null and (t.execution_id, t.path) = (u.execution_id, u.path)
"""
ARTIFACTS_OF_RUNS = f"{USE} where u.task_run_id = any($1::uuid[]) order by u.id"
ARTIFACTS_THAT_COUNT = f"{USE} where u.execution_id = $1 and {COUNTS} order by u.id"
ARTIFACT_USE = f"{USE} where u.id = $1"
MADE_FIRST = "direction = 'OUT' and digest is not null desc, id desc"
"""Orders uses so that those with a stored file come before the many that may have read it."""
COPIES = f"select * from ({USE} where u.id = $1 or u.artifact_id = $1) used order by {MADE_FIRST} limit 200"
EVENT = "select * from events where id = $1"
WORKER = """
select w.*, (select count(*) from attempts a where a.worker = 'worker:' || w.name and a.state = 'RUNNING') as running,
       w.stopped_at is null and w.heartbeat_at > now() - interval '10 seconds' as alive
from workers w where id = $1
"""


class TaskRunWithResults(TaskRunRow):
    """A row of TASK_RUN_WITH_RESULTS."""

    source_execution: UUID | None
    results: str | None


class ResultsRow(TypedDict):
    """A row of RESULTS_OF."""

    id: UUID
    results: str | None


class UseRow(TypedDict):
    """A row of USE: the use of an artifact, and the artifact's name."""

    set_aside: bool
    id: UUID
    artifact_id: UUID
    execution_id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    direction: str
    uri: str
    digest: str | None
    size: int | None
    properties: str
    created_at: datetime
    namespace: str
    name: str
    version: str
    type: str


def event_of(row: StoredEventRow) -> EventRow:
    columns: Mapping[str, Any] = row  # by the names of the fields
    return EventRow(**{field.name: columns[field.name] for field in fields(EventRow)})
