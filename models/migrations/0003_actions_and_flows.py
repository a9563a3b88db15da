from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

INDEXES = """
create index executions_queued on executions (flow_id, priority desc, id) where state = 'QUEUED';
create index executions_parent on executions (parent_id) where parent_id is not null;
create index executions_rerun_of on executions (rerun_of) where rerun_of is not null;
create index executions_replay_of on executions (replay_of) where replay_of is not null;
create index executions_original on executions (original_id) where original_id is not null;
create index executions_cache on executions (flow_id, cache_key, id desc) where cache_key is not null;
create index task_runs_cache on task_runs (cache_key, ended_at desc) where cache_key is not null;
create index task_runs_outputs_from on task_runs (outputs_from) where outputs_from is not null;
"""

# What live rows of the former release say in the new words: a policy, and its event; a clock that starts now.
LIVE_ROWS = """
update approvals set policy = jsonb_build_object('comment', comment_rule, 'groups', jsonb_build_array(
  jsonb_build_object('name', '', 'users', users, 'roles', roles, 'required', required)));
update events set data = data - '{required,users,roles,comment_rule}'::text[] || jsonb_build_object('policy',
  jsonb_build_object('comment', data -> 'comment_rule', 'groups', jsonb_build_array(jsonb_build_object(
    'name', '', 'users', data -> 'users', 'roles', data -> 'roles', 'required', data -> 'required'))))
where type = 'APPROVAL_REQUESTED';
update executions set clock = jsonb_build_object('used', 0, 'since', now())
where state in ('RUNNING', 'FAILED_FINISHING');
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0002_history_and_queue")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Approval",
            name="escalated",
            field=fields.JSONField(
                db_default=SqlDefault("'[]'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Approval",
            name="expires_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Approval",
            name="policy",
            field=fields.JSONField(
                db_default=SqlDefault("'{}'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Execution",
            name="cache_key",
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name="Execution",
            name="clock",
            field=fields.JSONField(
                db_default=SqlDefault("'{}'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Execution", name="no_cache", field=fields.BooleanField(db_default=False)
        ),
        ops.AddField(
            model_name="Execution", name="parent_attempt", field=fields.IntField(null=True)
        ),
        ops.AddField(
            model_name="Execution",
            name="parent_path",
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name="Execution",
            name="restarted_by",
            field=fields.JSONField(
                db_default=SqlDefault("'[]'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Execution",
            name="scheduled_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Execution", name="shares_slot", field=fields.BooleanField(db_default=False)
        ),
        ops.AddField(
            model_name="Execution",
            name="signals",
            field=fields.JSONField(
                db_default=SqlDefault("'{}'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Flow",
            name="concurrency",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.RenameField(model_name="TaskRun", old_name="cached_from", new_name="outputs_from"),
        ops.AddField(model_name="TaskRun", name="child_id", field=fields.UUIDField(null=True)),
        ops.AddField(
            model_name="TaskRun", name="cache_key", field=fields.TextField(null=True, unique=False)
        ),
        ops.AddField(
            model_name="TaskRun", name="clock_base", field=fields.FloatField(db_default=0)
        ),
        ops.AddField(
            model_name="TaskRun", name="condition", field=fields.CharField(null=True, max_length=8)
        ),
        ops.AddField(
            model_name="Vote",
            name="form",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Vote",
            name="groups",
            field=fields.JSONField(
                db_default=SqlDefault("'[]'"), encoder=JSON_DUMPS, decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Vote", name="key", field=fields.TextField(null=True, unique=False)
        ),
        ops.RunSQL(INDEXES, "select 1"),
        ops.RunSQL(LIVE_ROWS, "select 1"),
    ]
