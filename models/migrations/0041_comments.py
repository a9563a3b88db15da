# Changes the state of migrations only: descriptions of tables are comments in models/tables.py, and no longer recorded.
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("headway", "0040_servers")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="Artifact",
            options={
                "table": "artifacts",
                "app": "headway",
                "unique_together": (("namespace", "name", "version"),),
                "pk_attr": "id",
            },
        ),
        ops.AlterModelOptions(
            name="ArtifactUse",
            options={"table": "artifact_uses", "app": "headway", "pk_attr": "id"},
        ),
        ops.AlterModelOptions(
            name="Attempt",
            options={
                "table": "attempts",
                "app": "headway",
                "unique_together": (("task_run_id", "number"),),
                "pk_attr": "id",
            },
        ),
        ops.AlterModelOptions(
            name="AuditEntry", options={"table": "audit_log", "app": "headway", "pk_attr": "id"}
        ),
        ops.AlterModelOptions(
            name="DeferredCommand",
            options={"table": "deferred_commands", "app": "headway", "pk_attr": "id"},
        ),
        ops.AlterModelOptions(
            name="Execution", options={"table": "executions", "app": "headway", "pk_attr": "id"}
        ),
        ops.AlterModelOptions(
            name="Heartbeat",
            options={"table": "heartbeats", "app": "headway", "pk_attr": "execution_id"},
        ),
        ops.AlterModelOptions(
            name="Note",
            options={
                "table": "notes",
                "app": "headway",
                "unique_together": (("execution_id", "seq"),),
                "pk_attr": "id",
            },
        ),
        ops.AlterModelOptions(
            name="Schedule",
            options={
                "table": "schedules",
                "app": "headway",
                "unique_together": (("flow", "key"),),
                "pk_attr": "id",
            },
        ),
        ops.AlterModelOptions(
            name="Token",
            options={
                "table": "tokens",
                "app": "headway",
                "unique_together": (("digest",),),
                "pk_attr": "id",
                "table_description": "`digest` is that of the secret, which is shown once and never stored.",
            },
        ),
    ]
