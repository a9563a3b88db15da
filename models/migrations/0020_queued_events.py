from tortoise import migrations
from tortoise.migrations import operations as ops

# Of each name an execution keeps its events in the order in which they came, no longer the last alone.
QUEUED = """
update executions set signals = (select jsonb_object_agg(key, jsonb_build_array(value)) from jsonb_each(signals))
where signals <> '{}';
"""
LAST = """
update executions set signals = (select jsonb_object_agg(key, value -> -1) from jsonb_each(signals))
where signals <> '{}';
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0019_recorded_history")]
    operations = [ops.RunSQL(QUEUED, LAST)]
