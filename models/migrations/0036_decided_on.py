from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0035_scopes")]
    operations = [
        ops.AddField(model_name="TaskRun", name="decided_on", field=fields.TextField(null=True))
    ]
