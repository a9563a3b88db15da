from tortoise import fields, migrations
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

from models.states import Channel

# Every accepted command of a person pays for these, so there is one for each kind of query
# of a long log and no more: newest first, by whom, what kind of act, and about which execution.
INDEXES = """
create index audit_log_actor on audit_log (actor, id desc);
create index audit_log_action on audit_log (action, id desc);
create index audit_log_execution on audit_log (execution_id, id desc)
  where execution_id is not null;
"""

# What task runs of deleted executions held for others, by the key that those name it by.
KEPT_OUTPUTS = """
create table kept_outputs (task_run_id uuid primary key, outputs jsonb not null);
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0003_actions_and_flows")]
    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("at", fields.DatetimeField()),
                ("actor", fields.TextField()),
                ("channel", fields.CharEnumField(description="", enum_type=Channel, max_length=16)),
                ("action", fields.TextField()),
                ("reason", fields.TextField(null=True)),
                ("target", fields.TextField(null=True)),
                ("target_name", fields.TextField(null=True)),
                ("namespace", fields.TextField(null=True)),
                ("execution_id", fields.UUIDField(null=True)),
                ("seq", fields.BigIntField(null=True)),
                ("data", fields.JSONField(db_default=SqlDefault("'{}'"))),
            ],
            options={
                "table": "audit_log",
                "app": "headway",
                "pk_attr": "id",
                "table_description": "An act of a person or program, kept when its object is gone. "
                "`seq` is of the event that it caused.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Note",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("execution_id", fields.UUIDField()),
                ("seq", fields.BigIntField()),
                ("author", fields.TextField()),
                ("text", fields.TextField()),
                ("at", fields.DatetimeField()),
            ],
            options={
                "table": "notes",
                "app": "headway",
                "unique_together": (("execution_id", "seq"),),
                "pk_attr": "id",
                "table_description": "A text that somebody wrote beside an execution; `seq` is of its event.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(INDEXES, "select 1"),
        ops.RunSQL(KEPT_OUTPUTS, "drop table kept_outputs"),
    ]
