from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """The token that a bulk was begun with: it ends with it."""

    dependencies = [("headway", "0038_worker_roles")]
    operations = [
        ops.RunSQL(
            "alter table bulk_sets add column token_id uuid",
            "alter table bulk_sets drop column token_id",
        )
    ]
