from tortoise import migrations
from tortoise.migrations import operations as ops

# Every change of a row is notified, also those of servers of an earlier version.
TOLD = """
create function headway_told() returns trigger language plpgsql as $$
begin
  new.xid := pg_current_xact_id();
  return new;
end
$$;
create function headway_moved() returns trigger language plpgsql as $$
begin
  new.moved_xid := pg_current_xact_id();
  return new;
end
$$;
create trigger headway_told before update on artifact_uses for each row execute function headway_told();
create trigger headway_moved before update on executions for each row
  when ((old.state_seq, old.labels) is distinct from (new.state_seq, new.labels)) execute function headway_moved();
"""
NO_MORE = """
drop trigger headway_told on artifact_uses;
drop trigger headway_moved on executions;
drop function headway_told();
drop function headway_moved();
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0030_saved_value_orders")]
    operations = [ops.RunSQL(TOLD, NO_MORE)]
