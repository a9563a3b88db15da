from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# How long an execution took leaves out the time for which it lay ended before a restart.
LASTED = """
drop index executions_lasted;
drop function headway_lasted(timestamptz, timestamptz);
create function headway_lasted(started timestamptz, ended timestamptz, idle float8) returns float8
language sql immutable parallel safe as $$
  select coalesce(date_part('epoch', ended - started) - idle, -1)
$$;
"""
# Of those that were restarted before this was counted: from each end to the start after it. A task run that was put
# back began with its first attempt since.
COUNTED = """
with moved as (
  select execution_id, seq, at, to_state, lag(at) over by_seq as ended,
    min(at) filter (where to_state <> 'QUEUED') over (by_seq rows between 1 following and unbounded following) as going
  from events where type = 'EXECUTION_STATE_CHANGED'
    and execution_id in (select id from executions where labels ? 'system.restarted' and started_at is not null)
  window by_seq as (partition by execution_id order by seq)),
rested as (
  select execution_id, sum(date_part('epoch', coalesce(going, at) - ended)) as seconds
  from moved where to_state = 'RESTARTED' group by execution_id)
update executions e set idle = rested.seconds, clock = e.clock || jsonb_build_object('idle', rested.seconds)
from rested where rested.execution_id = e.id and rested.seconds > 0;

update task_runs t set started_at = (
  select min(a.started_at) from attempts a where a.task_run_id = t.id and a.number > t.attempt_base)
where attempt_base > 0;
"""
INDEX = """
create index executions_lasted on executions (headway_lasted(started_at, ended_at, idle), id)
  where ended_at is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0016_outputs_as_they_were")]
    operations = [
        ops.AddField(model_name="Execution", name="idle", field=fields.FloatField(db_default=0)),
        ops.RunSQL(LASTED),
        ops.RunSQL(COUNTED),
        ops.RunSQL(INDEX),
    ]
