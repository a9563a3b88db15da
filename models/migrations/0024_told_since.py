from tortoise import migrations
from tortoise.migrations import operations as ops

# The transaction that wrote a row, or, of an execution, last changed its state or labels. Rows do not commit in the
# order of their ids or times, but whether a snapshot saw one is exact: whoever follows an execution reads what the
# snapshot of their cursor did not see. Rows from before have none, and are seen by all. Set apart from `add column`,
# for a default that differs from row to row would write the whole table anew. Nothing here reads a table, for nobody
# else can meanwhile; the indexes are made later.
TOLD_SINCE = """
alter table metrics add column xid xid8;
alter table metrics alter column xid set default pg_current_xact_id();
alter table artifact_uses add column xid xid8;
alter table artifact_uses alter column xid set default pg_current_xact_id();
alter table executions add column moved_xid xid8;
alter table executions alter column moved_xid set default pg_current_xact_id();
"""
NO_MORE = """
alter table metrics drop column xid;
alter table artifact_uses drop column xid;
alter table executions drop column moved_xid;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0023_foreach_results")]
    operations = [ops.RunSQL(TOLD_SINCE, NO_MORE)]
