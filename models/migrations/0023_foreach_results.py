from tortoise import fields, migrations
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

# The results of a task run that others refer to: those of a foreach are its iterations', put together. Without those
# that it refers to itself, which only iterations may do here. Beyond what may be read (as text twice that, which
# has spaces) they are not put together: `tooLarge` says so, as models/lifecycle/results.py does.
RESULTS = """
create function headway_results(run uuid) returns jsonb language plpgsql stable as $$
declare
  own task_runs;
  inside text;
  size bigint;
  gathered jsonb;
  too_large constant jsonb := '{"tooLarge": true}';
begin
  select * into own from task_runs where id = run;
  if own.type is distinct from 'foreach' or own.state not in
    ('SUCCESS', 'WARNING', 'FAILED', 'ERROR', 'KILLED', 'CANCELLED', 'SKIPPED', 'REJECTED', 'CACHED') then
    return own.outputs;
  end if;
  inside := own.path || '[';
  select coalesce(sum(octet_length(c.outputs::text) + octet_length(coalesce(k.outputs, s.outputs, '{}')::text)), 0)
  into size
  from task_runs c left join task_runs s on s.id = c.outputs_from
    left join kept_outputs k on k.task_run_id = c.outputs_from
  where c.execution_id = own.execution_id and starts_with(c.path, inside);
  if size > 33554432 then
    return too_large;
  end if;
  with iterations as (
    select c.position, split_part(substr(c.path, length(inside) + 1), '].', 2) as key,
      case when c.type = 'foreach' then headway_results(c.id)
        when c.outputs_from is null then c.outputs
        else coalesce(k.outputs, s.outputs, '{}') || c.outputs end as results
    from task_runs c left join task_runs s on s.id = c.outputs_from
    left join kept_outputs k on k.task_run_id = c.outputs_from
    where c.execution_id = own.execution_id and starts_with(c.path, inside)
      and strpos(substr(c.path, length(inside) + 1), '[') = 0),
  tasks as (select key, jsonb_agg(results order by position) as results from iterations group by key)
  select jsonb_object_agg(key, results) into gathered from tasks;
  return coalesce(gathered, '{}') || own.outputs;
end
$$;
"""
DROP = "drop function headway_results(uuid);"


class Migration(migrations.Migration):
    dependencies = [("headway", "0022_triggers_searched")]
    operations = [
        ops.AddField(
            model_name="Execution",
            name="tentative",
            field=fields.JSONField(db_default=SqlDefault("'{}'")),
        ),
        ops.RunSQL(RESULTS, DROP),
    ]
