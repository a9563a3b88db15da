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
# The trigger's lock holds writers up until this is committed, so only lines are read that came since 0025 looked: the
# lines of a log are numbered from 1 on, so the number of those that were counted is the number of the last.
COUNTED_SINCE = """
delete from log_blocks b where not exists (select from log_heads h where h.execution_id = b.execution_id);
insert into log_blocks as b
select l.execution_id, (l.line - 1) / 1000, l.task_run_id, l.path, l.attempt, l.level, l.stream, count(*), min(l.at)
from log_heads h
left join (select execution_id, sum(lines) as lines from log_blocks group by 1) counted using (execution_id)
cross join lateral (
  select * from logs where execution_id = h.execution_id and line > coalesce(counted.lines, 0)) l
where h.lines > coalesce(counted.lines, 0) group by 1, 2, 3, 4, 5, 6, 7
on conflict (execution_id, block, task_run_id, path, attempt, level, stream)
do update set lines = b.lines + excluded.lines, since = least(b.since, excluded.since);
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0027_last_metrics")]
    operations = [ops.RunSQL(COUNTING), ops.RunSQL(COUNTED_SINCE)]
