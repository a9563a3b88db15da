from tortoise import migrations
from tortoise.migrations import operations as ops

# How many lines of each task run, attempt, level and stream stand among each thousand lines of an execution's log, and
# since when: so that a filter passes over what it does not want, and lines are counted without being read.
BLOCKS = """
create table log_blocks (
  execution_id uuid not null, block int not null, task_run_id uuid, path text, attempt int, level smallint not null,
  stream smallint not null, lines int not null, since timestamptz not null,
  unique nulls not distinct (execution_id, block, task_run_id, path, attempt, level, stream));
create index log_blocks_task_run on log_blocks (execution_id, task_run_id, block);
"""
# Read beside whoever writes lines; 0028 counts those that come meanwhile.
FOUND = """
insert into log_blocks
select execution_id, (line - 1) / 1000, task_run_id, path, attempt, level, stream, count(*), min(at) from logs
group by 1, 2, 3, 4, 5, 6, 7;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0024_told_since")]
    operations = [ops.RunSQL(BLOCKS, "drop table log_blocks"), ops.RunSQL(FOUND)]
