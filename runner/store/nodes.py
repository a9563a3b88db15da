"""One row by its id, whatever its kind. Each that belongs to an execution answers with `execution_id`."""

from dataclasses import fields
from typing import Any

from runner.store.event_log import EventRow

TASK_RUN = """
select t.*, case when t.outputs_from is not null then s.outputs || t.outputs else t.outputs end as results,
       s.execution_id as source_execution
from task_runs t left join task_runs s on s.id = t.outputs_from where t.id = $1
"""
ATTEMPT = "select * from attempts where id = $1"
APPROVAL = "select * from approvals where id = $1"
ARTIFACT = "select * from artifacts where id = $1"
EVENT = "select * from events where id = $1"
WORKER = """
select w.*, (select count(*) from attempts a where a.worker = 'worker:' || w.name and a.state = 'RUNNING') as running,
       w.stopped_at is null and w.heartbeat_at > now() - interval '10 seconds' as alive
from workers w where id = $1
"""


def event_of(row: Any) -> EventRow:
    return EventRow(**{field.name: row[field.name] for field in fields(EventRow)})
