from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0029_moved_children")]
    operations = [
        ops.RunSQL(
            "alter table saved_filters add column order_by_value jsonb",
            "alter table saved_filters drop column order_by_value",
        )
    ]
