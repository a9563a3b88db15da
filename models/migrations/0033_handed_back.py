from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0032_ends_of_attempts")]
    operations = [
        ops.AddField(model_name="TaskRun", name="handed_back", field=fields.IntField(db_default=0))
    ]
