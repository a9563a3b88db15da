from tortoise import migrations
from tortoise.migrations import operations as ops

# How far the log of the execution went when an attempt of a worker ended, and the transactions that were over then:
# whatever is stored of the attempt lies before both. Attempts that ended earlier have neither.
ENDS = "alter table attempts add column lines_at_end bigint, add column seen_at_end pg_snapshot;"
NO_MORE = "alter table attempts drop column lines_at_end, drop column seen_at_end;"


class Migration(migrations.Migration):
    dependencies = [("headway", "0031_told_to_all")]
    operations = [ops.RunSQL(ENDS, NO_MORE)]
