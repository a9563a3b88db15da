from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Outputs that were changed have a name of their own; what is kept of a task run says whose it is.
NAMES = """
create index task_runs_outputs_id on task_runs (outputs_id) where outputs_id is not null;
alter table kept_outputs add column execution_id uuid;
"""
DROP = """
alter table kept_outputs drop column execution_id;
drop index task_runs_outputs_id;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0015_returned_children")]
    operations = [
        ops.AddField(model_name="TaskRun", name="outputs_id", field=fields.UUIDField(null=True)),
        ops.RunSQL(NAMES, DROP),
    ]
