from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0013_starters")]
    operations = [
        ops.AddField(
            model_name="DeferredCommand", name="failures", field=fields.IntField(db_default=0)
        )
    ]
