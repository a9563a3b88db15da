from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

# What there was before has every namespace in its scope, as null says.


def _scope(model: str) -> ops.AddField:
    return ops.AddField(
        model_name=model,
        name="scope",
        field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
    )


class Migration(migrations.Migration):
    dependencies = [("headway", "0034_people")]

    initial = False

    operations = [_scope("Execution"), _scope("Revision"), _scope("Schedule")]
