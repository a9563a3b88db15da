from tortoise import migrations
from tortoise.migrations import operations as ops

# Which executions mention files in the folder that the artifact store keeps for another, whose id is written as in a
# URI. `due`: that one is gone, and its files go with the last who mentions them.
REFERENCES = """
create table file_references (
  owner text not null, execution_id uuid not null, due boolean not null default false,
  primary key (owner, execution_id));
create index file_references_execution on file_references (execution_id);
"""
# Of what is there already, as it is written now.
FOUND = """
insert into file_references (owner, execution_id)
select distinct found[1], said.id from (
  select id, to_jsonb(e)::text as told from executions e
  union all select execution_id, to_jsonb(t)::text from task_runs t
  union all select execution_id, uri from artifact_uses
  union all select t.execution_id, coalesce(k.outputs, s.outputs)::text from task_runs t
    left join kept_outputs k on k.task_run_id = t.outputs_from left join task_runs s on s.id = t.outputs_from
    where t.outputs_from is not null) said,
  regexp_matches(said.told, '/(exec_[0-7][0-9a-hjkmnp-tv-z]{25})/', 'g') found
where strpos(said.told, '/exec_') > 0
on conflict do nothing;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0020_queued_events")]
    operations = [ops.RunSQL(REFERENCES, "drop table file_references"), ops.RunSQL(FOUND)]
