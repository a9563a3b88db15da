from tortoise import migrations
from tortoise.migrations import operations as ops

# What has come back since it was started by its own flow is waited for no more, and needs a slot of its own.
RETURNED = """
update executions set shares_slot = false
where shares_slot and parent_id is not null and restarted_by <> '[]';
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0014_failing_promises")]
    operations = [ops.RunSQL(RETURNED)]
