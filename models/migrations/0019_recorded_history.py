from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Executions are found by when they started, else by when they were created.
DATES = """
create index executions_date on executions (coalesce(started_at, created_at), id);
"""
# Values of an execution as a whole have no task run, and its task runs may be reported later.
LINES = """
alter table logs alter column task_run_id drop not null, alter column path drop not null,
  alter column attempt drop not null;
"""
# Months that were reported afterwards are in the default partitions until they have their own. One at a time: each
# takes its table for as long as its rows move.
PAST = """
create function headway_partition_of_the_past() returns text language plpgsql as $$
declare
  parent text;
  child text;
  least uuid;
  month timestamp;
  least_id uuid;
  next_id uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('headway partitions', 0));
  foreach parent in array array['events', 'logs'] loop
    execute format('select execution_id from %I order by execution_id limit 1', parent || '_default') into least;
    continue when least is null;
    month := date_trunc('month', to_timestamp(
      ('x0000' || left(replace(least::text, '-', ''), 12))::bit(64)::bigint / 1000.0) at time zone 'utc');
    child := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
    continue when to_regclass(child) is not null;
    least_id := headway_least_id(month at time zone 'utc');
    next_id := headway_least_id((month + interval '1 month') at time zone 'utc');
    execute format('lock table %I in access exclusive mode', parent || '_default');
    execute format('create table %I (like %I including defaults)', child, parent);
    execute format(
      'with moved as (delete from %I where execution_id >= %L and execution_id < %L returning *) '
      'insert into %I select * from moved', parent || '_default', least_id, next_id, child);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)',
      parent, child, least_id, next_id);
    return child;
  end loop;
  return null;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0018_standing_of_children")]
    operations = [
        ops.AddField(
            model_name="Execution", name="recorded_at", field=fields.DatetimeField(null=True)
        ),
        ops.RunSQL(DATES),
        ops.RunSQL(LINES),
        ops.RunSQL(PAST),
    ]
