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
# Of those that were restarted before this was counted, as the events fold: from each end after the first start (the
# time of an end stays where another is given by hand) to what followed the restart and the line. A task run that was
# put back began with its first attempt since.
COUNTED = """
with told as (
  select execution_id, seq, at, to_state,
    to_state = any('{SUCCESS,WARNING,FAILED,KILLED,CANCELLED,REJECTED,ERROR,CACHED}') as ends
  from events where type = 'EXECUTION_STATE_CHANGED'
    and execution_id in (select execution_id from events where to_state = 'RESTARTED')),
begun as (
  select *, ends and not coalesce(lag(ends) over (partition by execution_id order by seq), false) as begins from told),
moved as (
  select *, max(at) filter (where begins) over (by_seq rows unbounded preceding) as ended,
    (array_agg(at) filter (where to_state not in ('QUEUED', 'RESTARTED'))
      over (by_seq rows between 1 following and unbounded following))[1] as going
  from begun window by_seq as (partition by execution_id order by seq)),
rested as (
  select m.execution_id, coalesce(sum(date_part('epoch', going - ended)), 0) as seconds,
    max(ended) filter (where going is null) as since
  from moved m join executions e on e.id = m.execution_id
  where to_state = 'RESTARTED' and ended >= e.started_at group by m.execution_id)
update executions e set idle = seconds, idle_since = since,
  clock = e.clock || jsonb_build_object('idle', seconds, 'idle_since', since)
from rested where rested.execution_id = e.id;

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
        ops.AddField(
            model_name="Execution", name="idle_since", field=fields.DatetimeField(null=True)
        ),
        ops.RunSQL(LASTED),
        ops.RunSQL(COUNTED),
        ops.RunSQL(INDEX),
    ]
