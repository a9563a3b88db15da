from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Who carries a bulk out votes for the person who began it, whichever token that one used.
PERSON = "alter table bulk_sets add column same_person jsonb not null default '[]';"
DROP = "alter table bulk_sets drop column same_person;"


class Migration(migrations.Migration):
    dependencies = [("headway", "0033_handed_back")]
    operations = [
        ops.AddField(model_name="TaskRun", name="decided_on", field=fields.TextField(null=True)),
        ops.RunSQL(PERSON, DROP),
    ]
