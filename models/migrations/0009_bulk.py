from tortoise import migrations
from tortoise.migrations import operations as ops

# A set is frozen by its preview; `state` is null until it is run. What has no outcome yet is left to do.
BULK = """
create table bulk_sets (
  id uuid primary key,
  action varchar(32) not null,
  instruction jsonb not null,
  source jsonb not null,
  total int not null,
  namespace text,
  actor text not null,
  roles jsonb not null default '[]',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  mode varchar(32),
  state varchar(32),
  channel varchar(32),
  reason text,
  started_at timestamptz,
  ended_at timestamptz,
  cancelled_by text,
  claimed_by uuid,
  claimed_until timestamptz);
create index bulk_sets_running on bulk_sets (started_at) where state = 'RUNNING';
create table bulk_items (
  bulk_id uuid not null references bulk_sets (id) on delete cascade,
  position int not null,
  execution_id uuid not null,
  name text not null,
  namespace text not null,
  state_seq bigint not null,
  outcome varchar(32),
  code varchar(32),
  message text,
  made uuid,
  at timestamptz,
  primary key (bulk_id, position));
create index bulk_items_left on bulk_items (bulk_id, position) where outcome is null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0008_deleted_flows")]
    operations = [ops.RunSQL(BULK)]
