from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0017_idle_before_a_restart")]
    operations = [
        ops.AddField(
            model_name="TaskRun",
            name="standing",
            field=fields.JSONField[dict[str, object]](null=True),
        )
    ]
