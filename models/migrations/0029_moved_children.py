from tortoise import migrations
from tortoise.migrations import operations as ops

# Which children of an execution moved since a snapshot, however many it has.
INDEX = """
create index executions_moved on executions (parent_id, moved_xid)
  where parent_id is not null and moved_xid is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0028_counted_lines")]
    operations = [ops.RunSQL(INDEX, "drop index executions_moved")]
