from tortoise import fields, migrations
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

# A row of artifacts was one use of one; from here on it is the artifact, and its uses stand apart.
USES = """
insert into artifact_uses (id, artifact_id, execution_id, task_run_id, path, attempt, direction, uri,
                           digest, size, properties, created_at)
select a.id, first_value(a.id) over (partition by a.namespace, a.name, a.version order by a.id),
       a.execution_id, a.task_run_id, t.path, a.attempt, a.direction, a.uri, a.digest, a.size,
       a.properties, a.created_at
from artifacts a left join task_runs t on t.id = a.task_run_id;
delete from artifact_uses u using artifact_uses later
where (u.artifact_id, u.execution_id, u.direction, u.attempt) =
      (later.artifact_id, later.execution_id, later.direction, later.attempt)
  and u.path is not distinct from later.path and u.id < later.id;
delete from artifacts a where not exists (select from artifact_uses u where u.artifact_id = a.id);
drop index artifacts_name;
"""

# Values of an execution as a whole have no task run and no attempt.
TOLD_AT_LARGE = """
alter table metrics alter column task_run_id drop not null, alter column path drop not null,
  alter column attempt drop not null;
create unique index artifact_uses_once on artifact_uses
  (execution_id, artifact_id, direction, coalesce(path, ''), coalesce(attempt, 0));
create index artifact_uses_artifact on artifact_uses (artifact_id, direction);
create index artifacts_digest on artifacts (digest);
create index heartbeats_due on heartbeats (expires_at);
create index executions_pipeline on executions (namespace, flow_key, id desc) where flow_id is null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0006_schedules")]
    operations = [
        ops.CreateModel(
            name="ArtifactUse",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("artifact_id", fields.UUIDField()),
                ("execution_id", fields.UUIDField()),
                ("task_run_id", fields.UUIDField(null=True)),
                ("path", fields.TextField(null=True)),
                ("attempt", fields.IntField(null=True)),
                ("direction", fields.CharField(max_length=8)),
                ("uri", fields.TextField()),
                ("digest", fields.TextField(null=True)),
                ("size", fields.BigIntField(null=True)),
                ("properties", fields.JSONField(db_default=SqlDefault("'{}'"))),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "artifact_uses",
                "app": "headway",
                "pk_attr": "id",
                "table_description": "An execution, or one of its task runs, used or made an artifact; "
                "`uri` is of the copy that it meant.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Heartbeat",
            fields=[
                ("execution_id", fields.UUIDField(primary_key=True)),
                ("ttl", fields.FloatField()),
                ("expires_at", fields.DatetimeField()),
            ],
            options={
                "table": "heartbeats",
                "app": "headway",
                "pk_attr": "execution_id",
                "table_description": "When a sign of life is overdue of an execution that runs elsewhere; "
                "`ttl` in seconds.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(USES),
        ops.AlterModelOptions(
            name="Artifact",
            options={
                "table": "artifacts",
                "app": "headway",
                "unique_together": (("namespace", "name", "version"),),
                "pk_attr": "id",
                "table_description": "One version of something that executions use and make; "
                "uri, digest and size as they were first told.",
            },
        ),
        ops.RemoveField(model_name="Artifact", name="attempt"),
        ops.RemoveField(model_name="Artifact", name="direction"),
        ops.RemoveField(model_name="Artifact", name="execution_id"),
        ops.RemoveField(model_name="Artifact", name="task_run_id"),
        ops.AddConstraint(
            model_name="Artifact",
            constraint=UniqueConstraint(fields=("namespace", "name", "version"), name=None),
        ),
        ops.AddField(model_name="Execution", name="git", field=fields.JSONField(null=True)),
        ops.RunSQL(TOLD_AT_LARGE),
    ]
