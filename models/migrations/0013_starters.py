from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0012_flow_links")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Execution",
            name="starters",
            field=fields.JSONField(
                db_default=SqlDefault("'[]'"), encoder=JSON_DUMPS, decoder=loads
            ),
        )
    ]
