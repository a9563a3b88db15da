from tortoise import migrations
from tortoise.migrations import operations as ops

# Months of which all executions go: their events and logs are left where they are until the
# partitions are dropped. What stands here is not finished, whatever happened to who began it.
MONTHS = "create table pruned_months (month date primary key);"


class Migration(migrations.Migration):
    dependencies = [("headway", "0010_search")]
    operations = [ops.RunSQL(MONTHS)]
