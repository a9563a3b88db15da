from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.migrations import operations as ops

from models.schedule import CatchUp, ScheduleSource

# Looked at every second by every server: only what ticks at all stands in it.
INDEXES = "create index schedules_due on schedules (next_at) where next_at is not null;"


class Migration(migrations.Migration):
    dependencies = [("headway", "0005_secrets_and_files")]
    operations = [
        ops.CreateModel(
            name="Schedule",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "flow",
                    fields.ForeignKeyField(
                        "headway.Flow",
                        source_field="flow_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="schedules",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.TextField()),
                (
                    "source",
                    fields.CharEnumField(description="", enum_type=ScheduleSource, max_length=32),
                ),
                ("cron", fields.TextField()),
                ("timezone", fields.TextField()),
                ("inputs", fields.JSONField(db_default=SqlDefault("'{}'"))),
                ("labels", fields.JSONField(db_default=SqlDefault("'{}'"))),
                (
                    "catch_up",
                    fields.CharEnumField(description="", enum_type=CatchUp, max_length=32),
                ),
                ("enabled", fields.BooleanField(db_default=True)),
                ("next_at", fields.DatetimeField(null=True)),
                ("claimed_until", fields.DatetimeField(null=True)),
                ("last_at", fields.DatetimeField(null=True)),
                ("last_execution_id", fields.UUIDField(null=True)),
                ("last_error", fields.TextField(null=True)),
                ("updated_by", fields.TextField()),
                ("created_at", fields.DatetimeField(db_default=Now())),
                ("updated_at", fields.DatetimeField(db_default=Now())),
            ],
            options={
                "table": "schedules",
                "app": "headway",
                "unique_together": (("flow", "key"),),
                "pk_attr": "id",
                "table_description": "`next_at` is the first tick that was not seen to; "
                "null while it is disabled, or where none will come.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(INDEXES),
    ]
