from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from tortoise import migrations
from tortoise.migrations import operations as ops

# Lists are paged by id alone, newest first, which is why most of these end with it.
INDEXES = """
create index executions_state on executions (state, id desc);
create index executions_flow_state on executions (flow_id, state, id desc);
create index executions_flow on executions (flow_id, id desc);
create index executions_namespace on executions (namespace, id desc);
create index executions_active on executions (id desc) where ended_at is null;
create index executions_labels on executions using gin (labels jsonb_path_ops);
create index task_runs_waiting on task_runs (queue, id) where state in ('QUEUED', 'RETRYING');
create index attempts_execution on attempts (execution_id);
create index attempts_leases on attempts (lease_expires_at)
  where state = 'RUNNING' and lease is not null;
create index approvals_pending on approvals (id desc) where state = 'PENDING';
create index approvals_execution on approvals (execution_id);
create index artifacts_execution on artifacts (execution_id);
create index artifacts_name on artifacts (namespace, name, version);
create index deferred_commands_due on deferred_commands (due_at);
"""

# No foreign keys: a month of history goes by dropping its partitions.
HISTORY = """
create table events (
  execution_id uuid not null, seq int not null, id uuid not null, type varchar(48) not null,
  at timestamptz not null, task_run_id uuid, path text, attempt int, from_state varchar(32),
  to_state varchar(32), actor text not null, channel varchar(16) not null, reason text,
  caused_by int, data jsonb not null, terminal boolean not null default false,
  primary key (execution_id, seq)
) partition by range (execution_id);
create table events_default partition of events default;

create table logs (
  execution_id uuid not null, line bigint not null, task_run_id uuid not null, path text not null,
  attempt int not null, at timestamptz not null, level smallint not null, stream smallint not null,
  text text not null, primary key (execution_id, line)
) partition by range (execution_id);
create table logs_default partition of logs default;

-- Lines so far; its row is locked while a batch is written, so lines commit in their order.
create table log_heads (execution_id uuid primary key, lines bigint not null);

create table metrics (
  execution_id uuid not null, id uuid not null, task_run_id uuid not null, path text not null,
  attempt int not null, name text not null, value double precision not null,
  kind varchar(16) not null, step bigint, tags jsonb not null default '{}',
  at timestamptz not null, primary key (execution_id, id));

create table idempotency_keys (
  actor text not null, mutation text not null, key text not null, digest text not null,
  answer uuid not null, created_at timestamptz not null default now(),
  primary key (actor, mutation, key));

-- A cursor over transaction ids means nothing in another database: it carries the epoch.
create table meta (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null default gen_random_uuid());
insert into meta default values;
"""

# A month's bounds are the least UUIDv7 of its first millisecond and of the next month's. Rows that
# went to the default partition before their month had one move, else it could not be attached.
PARTITIONS = """
create function headway_least_id(moment timestamptz) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0')
    || repeat('0', 20))::uuid
$$;

create function headway_ensure_partitions(months_ahead int) returns int language plpgsql as $$
declare
  month timestamp;
  parent text;
  child text;
  least_id uuid;
  next_id uuid;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('headway partitions', 0));
  foreach parent in array array['events', 'logs'] loop
    for step in 0..months_ahead loop
      month := date_trunc('month', now() at time zone 'utc') + make_interval(months => step);
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
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$$;
select headway_ensure_partitions(3);
"""

# Jobs are hinted at after the commit, for NOTIFY holds a global lock through it, and our events say
# already what PgQueuer would log of every job.
QUIET_QUEUE = """
drop trigger tg_pgqueuer_changed on pgqueuer;
create function headway_discard() returns trigger language plpgsql as $$
begin
  return null;
end
$$;
create trigger headway_discard before insert on pgqueuer_log
  for each row execute function headway_discard();
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0001_initial")]
    operations = [
        ops.RunSQL(INDEXES),
        ops.RunSQL(HISTORY),
        ops.RunSQL(PARTITIONS),
        ops.RunSQL(QueryBuilderEnvironment().build_install_query(create_schema=False)),
        ops.RunSQL(QUIET_QUEUE),
    ]
