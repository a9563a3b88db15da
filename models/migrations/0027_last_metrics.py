from tortoise import migrations
from tortoise.migrations import operations as ops

# What was measured last under a name is one look, however often it was measured: in the order of LAST_FIRST in
# runner/store/artifacts/measures.py. And what was written since a snapshot.
INDEXES = """
create index metrics_last on metrics (execution_id, name, at desc, step desc nulls last, id desc) include (value);
create index metrics_told on metrics (execution_id, xid) where xid is not null;
create index artifact_uses_told on artifact_uses (execution_id, xid) where xid is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0026_same_errors")]
    operations = [ops.RunSQL(INDEXES)]
