from tortoise import migrations
from tortoise.migrations import operations as ops

# What models/trigger_kinds.py says in Python. Nothing that they read changes after an execution was created.
FUNCTIONS = r"""
create function headway_trigger(
  parent_id uuid, replay_of uuid, rerun_of uuid, origin text, created_by text, starters jsonb) returns text
language sql immutable parallel safe as $$
  select case
    when parent_id is not null then 'SUBFLOW'
    when replay_of is not null then 'REPLAY'
    when rerun_of is not null then 'RERUN'
    when origin = 'EXTERNAL' then 'RECORDED'
    when split_part(created_by, ':', 1) = 'schedule' then
      case when starters = '[]' then 'SCHEDULE' else 'BACKFILL' end
    when split_part(created_by, ':', 1) = 'user' then 'MANUAL'
    else 'API' end
$$;

create function headway_schedule(
  parent_id uuid, replay_of uuid, rerun_of uuid, origin text, created_by text, trigger jsonb) returns text
language sql immutable parallel safe as $$
  select case
    when parent_id is null and replay_of is null and rerun_of is null and origin <> 'EXTERNAL'
      and split_part(created_by, ':', 1) = 'schedule' and jsonb_typeof(trigger -> 'key') = 'string'
    then trigger ->> 'key' end
$$;
"""

# The last two are walked from value to value: what namespaces, flows and kinds there are costs a look for each.
INDEXES = """
create index executions_trigger on executions
  (headway_trigger(parent_id, replay_of, rerun_of, origin, created_by, starters), id);
create index executions_schedule on executions
  (headway_schedule(parent_id, replay_of, rerun_of, origin, created_by, trigger), id)
  where headway_schedule(parent_id, replay_of, rerun_of, origin, created_by, trigger) is not null;
create index executions_roots on executions (id) where parent_id is null;
create index executions_children on executions (id) where parent_id is not null;
create index executions_namespace_flow_key on executions (namespace, flow_key);
create index executions_namespace_kind on executions (namespace, kind);
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0021_file_references")]
    operations = [ops.RunSQL(FUNCTIONS), ops.RunSQL(INDEXES)]
