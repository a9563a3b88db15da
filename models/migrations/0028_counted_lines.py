from tortoise import migrations
from tortoise.migrations import operations as ops

# Whoever writes lines has them counted, servers of an earlier version too. Rows are locked under the head that their
# batch holds, so two batches never wait for each other here.
COUNTING = """
create function headway_count_lines() returns trigger language plpgsql as $$
begin
  insert into log_blocks as b (execution_id, block, task_run_id, path, attempt, level, stream, lines, since)
  select execution_id, (line - 1) / 1000, task_run_id, path, attempt, level, stream, count(*), min(at)
  from added group by 1, 2, 3, 4, 5, 6, 7
  on conflict (execution_id, block, task_run_id, path, attempt, level, stream)
  do update set lines = b.lines + excluded.lines, since = least(b.since, excluded.since);
  return null;
end
$$;
create trigger headway_count_lines after insert on logs referencing new table as added
  for each statement execute function headway_count_lines();
"""
# The trigger's lock holds writers up until this is committed.
COUNTED_ANEW = """
delete from log_blocks;
insert into log_blocks
select execution_id, (line - 1) / 1000, task_run_id, path, attempt, level, stream, count(*), min(at) from logs
group by 1, 2, 3, 4, 5, 6, 7;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0027_last_metrics")]
    operations = [ops.RunSQL(COUNTING), ops.RunSQL(COUNTED_ANEW)]
