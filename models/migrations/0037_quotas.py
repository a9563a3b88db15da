from tortoise import migrations
from tortoise.migrations import operations as ops

# What is used of each quota, by whom or where; `day` is that of a quota by the day, in UTC, else 1970-01-01.
USE = """
create table quota_use (
  quota text not null, owner text not null, day date not null default '1970-01-01', used bigint not null,
  primary key (quota, owner, day));
"""
# Whoever begins, ends or removes a recording has it counted, servers of an earlier version too. One that begins holds
# the row already where its quota is checked.
OPEN = """
create function headway_count_recording() returns trigger language plpgsql as $$
declare
  more int := 0;
  recorder text;
begin
  if tg_op <> 'INSERT' then
    recorder := old.created_by;
    if old.ended_at is null then more := more - 1; end if;
  end if;
  if tg_op <> 'DELETE' then
    recorder := new.created_by;
    if new.ended_at is null then more := more + 1; end if;
  end if;
  if more <> 0 then
    insert into quota_use as q (quota, owner, used)
    values ('open_recordings_per_person', recorder, greatest(more, 0))
    on conflict (quota, owner, day) do update set used = greatest(q.used + more, 0);
  end if;
  return null;
end
$$;
create trigger headway_recording_begun after insert on executions
  for each row when (new.origin = 'EXTERNAL') execute function headway_count_recording();
create trigger headway_recording_ended after update of ended_at on executions
  for each row when (new.origin = 'EXTERNAL' and (old.ended_at is null) <> (new.ended_at is null))
  execute function headway_count_recording();
create trigger headway_recording_gone after delete on executions
  for each row when (old.origin = 'EXTERNAL' and old.ended_at is null) execute function headway_count_recording();
insert into quota_use (quota, owner, used)
select 'open_recordings_per_person', created_by, count(*) from executions
where origin = 'EXTERNAL' and ended_at is null group by 2;
"""
# `used_at`: when it was last used. `pruned_at`: nobody may use it any more, and its content goes.
FILES = """
alter table files add used_at timestamptz not null default now(), add pruned_at timestamptz;
create index files_used on files (used_at) where pruned_at is null;
create index files_pruned on files (id) where pruned_at is not null;
insert into quota_use (quota, owner, used)
select 'upload_bytes_per_person', uploaded_by, sum(size) from files group by 2;
insert into quota_use (quota, owner, used)
select 'upload_bytes_per_namespace', team, sum(size)
from files, lateral (select distinct split_part(n, '.', 1) as team from unnest(namespaces) n) t group by 2;
"""
# Of what is there already, as it is written now.
MENTIONED = """
insert into file_references (owner, execution_id)
select distinct found[1], said.id from (
  select id, to_jsonb(e)::text as told from executions e
  union all select execution_id, to_jsonb(t)::text from task_runs t
  union all select execution_id, uri from artifact_uses
  union all select t.execution_id, coalesce(k.outputs, s.outputs)::text from task_runs t
    left join kept_outputs k on k.task_run_id = t.outputs_from left join task_runs s on s.id = t.outputs_from
    where t.outputs_from is not null) said,
  regexp_matches(said.told, '/(file_[0-7][0-9a-hjkmnp-tv-z]{25})/', 'g') found
where strpos(said.told, '/file_') > 0
on conflict do nothing;
"""
UNDONE = """
drop trigger headway_recording_begun on executions;
drop trigger headway_recording_ended on executions;
drop trigger headway_recording_gone on executions;
drop function headway_count_recording();
drop table quota_use;
alter table files drop used_at, drop pruned_at;
delete from file_references where starts_with(owner, 'file_');
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0036_decided_on")]
    operations = [
        ops.RunSQL(USE, UNDONE),
        ops.RunSQL(OPEN, ""),
        ops.RunSQL(FILES, ""),
        ops.RunSQL(MENTIONED, ""),
    ]
