"""The tables. runner/store bypasses these models and uses SQL for frequent reads and writes.

Tables with composite keys are in the migrations only: events, logs, metrics, log heads, idempotency keys, bulk items.
So are the sets of bulk items, and the monthly partitions that pruning drops.
"""

from tortoise import fields
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.models import Model

from models.schedule import CatchUp, ScheduleSource
from models.states import (
    ApprovalState,
    AttemptState,
    Channel,
    CommentRule,
    ExecutionState,
    FailureAction,
    Origin,
    TaskRunState,
    VoteDecision,
)

_EMPTY_OBJECT = SqlDefault("'{}'")
_EMPTY_LIST = SqlDefault("'[]'")


# The row of a deleted flow stays for its executions, and is used again if the flow is saved again.
class Flow(Model):
    id = fields.UUIDField(primary_key=True)
    namespace = fields.TextField()
    key = fields.TextField()
    kind = fields.TextField()
    description = fields.TextField(null=True)
    labels = fields.JSONField[dict[str, str]](db_default=_EMPTY_OBJECT)
    enabled = fields.BooleanField(db_default=True)
    concurrency = fields.JSONField[dict[str, object]](null=True)
    latest_revision = fields.IntField()
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_default=Now())
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        app = "headway"
        table = "flows"
        unique_together = (("namespace", "key"),)


# Numbered from 1; unsaved documents of test runs have negative numbers and are never listed.
class Revision(Model):
    id = fields.UUIDField(primary_key=True)
    flow: fields.ForeignKeyRelation[Flow] = fields.ForeignKeyField(
        "headway.Flow", related_name="revisions", on_delete=fields.NO_ACTION
    )
    number = fields.IntField()
    source = fields.TextField()
    digest = fields.TextField()
    created_by = fields.TextField()
    scope = fields.JSONField[list[str]](null=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        app = "headway"
        table = "revisions"
        unique_together = (("flow", "number"),)


# The snapshot of an execution, computed from its events. Only the engine writes it.
class Execution(Model):
    id = fields.UUIDField(primary_key=True)
    flow_id = fields.UUIDField(null=True)
    revision_id = fields.UUIDField(null=True)
    namespace = fields.TextField()
    flow_key = fields.TextField()
    kind = fields.TextField()
    revision = fields.IntField(null=True)
    name = fields.TextField()
    state = fields.CharEnumField(ExecutionState, max_length=32, description="")
    seq: fields.Field[int] = fields.BigIntField()
    state_seq: fields.Field[int] = fields.BigIntField()
    progress = fields.FloatField(db_default=0)
    inputs = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    outputs = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    labels = fields.JSONField[dict[str, str]](db_default=_EMPTY_OBJECT)
    properties = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    tentative = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    on_failure = fields.CharEnumField(FailureAction, max_length=32, description="", null=True)
    priority = fields.IntField(db_default=0)
    disabled_tasks = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    origin = fields.CharEnumField(Origin, max_length=32, description="", db_default=Origin.HEADWAY)
    trigger = fields.JSONField[dict[str, object]](null=True)
    created_by = fields.TextField()
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    idle = fields.FloatField(db_default=0)
    idle_since = fields.DatetimeField(null=True)
    failure = fields.JSONField[dict[str, object]](null=True)
    paused = fields.JSONField[dict[str, object]](null=True)
    killing = fields.JSONField[dict[str, object]](null=True)
    git = fields.JSONField[dict[str, object]](null=True)
    rerun_of = fields.UUIDField(null=True)
    replay_of = fields.UUIDField(null=True)
    original_id = fields.UUIDField(null=True)
    cached_from = fields.UUIDField(null=True)
    parent_id = fields.UUIDField(null=True)
    parent_path = fields.TextField(null=True)
    parent_attempt = fields.IntField(null=True)
    shares_slot = fields.BooleanField(db_default=False)
    no_cache = fields.BooleanField(db_default=False)
    cache_key = fields.TextField(null=True)
    scheduled_at = fields.DatetimeField(null=True)
    clock = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    restarted_by = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    starters = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    scope = fields.JSONField[list[str]](null=True)
    signals = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    archived = fields.BooleanField(db_default=False)
    recorded_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "executions"


class TaskRun(Model):
    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    path = fields.TextField()
    position = fields.IntField()
    type = fields.TextField()
    queue = fields.TextField()
    state = fields.CharEnumField(TaskRunState, max_length=32, description="")
    attempt = fields.IntField(db_default=0)
    attempt_base = fields.IntField(db_default=0)
    lost = fields.IntField(db_default=0)
    handed_back = fields.IntField(db_default=0)
    progress = fields.FloatField(db_default=0)
    message = fields.TextField(null=True)
    inputs = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    outputs = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    error = fields.JSONField[dict[str, object]](null=True)
    retry_at = fields.DatetimeField(null=True)
    wake_at = fields.DatetimeField(null=True)
    condition = fields.CharField(max_length=8, null=True)
    child_id = fields.UUIDField(null=True)
    standing = fields.JSONField[dict[str, object]](null=True)
    clock_base = fields.FloatField(db_default=0)
    cache_key = fields.TextField(null=True)
    outputs_from = fields.UUIDField(null=True)
    outputs_id = fields.UUIDField(null=True)
    decided_on = fields.TextField(null=True)
    started_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "task_runs"
        unique_together = (("execution_id", "path"),)


# An attempt without a lease belongs to the engine: a wait or an approval.
class Attempt(Model):
    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    task_run_id = fields.UUIDField()
    number = fields.IntField()
    state = fields.CharEnumField(AttemptState, max_length=32, description="")
    worker = fields.TextField(null=True)
    lease = fields.UUIDField(null=True)
    lease_expires_at = fields.DatetimeField(null=True)
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    exit_code = fields.IntField(null=True)
    error = fields.JSONField[dict[str, object]](null=True)
    resources = fields.JSONField[dict[str, object]](null=True)

    class Meta:
        app = "headway"
        table = "attempts"
        unique_together = (("task_run_id", "number"),)


class Approval(Model):
    # users, roles and required are the union over the policy's groups; the inbox filters by them
    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    task_run_id = fields.UUIDField()
    attempt = fields.IntField()
    state = fields.CharEnumField(ApprovalState, max_length=32, description="")
    message = fields.TextField()
    required = fields.IntField(db_default=1)
    users = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    roles = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    comment_rule = fields.CharEnumField(
        CommentRule, max_length=32, description="", db_default=CommentRule.NEVER
    )
    policy = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    escalated = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    requested_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "approvals"
        unique_together = (("task_run_id", "attempt"),)


class Vote(Model):
    id = fields.UUIDField(primary_key=True)
    approval_id = fields.UUIDField()
    actor = fields.TextField()
    decision = fields.CharEnumField(VoteDecision, max_length=32, description="")
    comment = fields.TextField(null=True)
    override = fields.BooleanField(db_default=False)
    groups = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    form = fields.JSONField[dict[str, object]](null=True)
    key = fields.TextField(null=True)
    at = fields.DatetimeField()

    class Meta:
        app = "headway"
        table = "votes"
        unique_together = (("approval_id", "actor"),)


# A note that a person added to an execution; `seq` is that of its event.
class Note(Model):
    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    seq: fields.Field[int] = fields.BigIntField()
    author = fields.TextField()
    text = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        app = "headway"
        table = "notes"
        unique_together = (("execution_id", "seq"),)


# An act of a person or program; it outlives its object. `seq` is that of the event that it caused.
class AuditEntry(Model):
    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.TextField()
    channel = fields.CharEnumField(Channel, max_length=16, description="")
    action = fields.TextField()
    reason = fields.TextField(null=True)
    target = fields.TextField(null=True)
    target_name = fields.TextField(null=True)
    namespace = fields.TextField(null=True)
    execution_id = fields.UUIDField(null=True)
    seq: fields.Field[int | None] = fields.BigIntField(null=True)
    data = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)

    class Meta:
        app = "headway"
        table = "audit_log"


# One version of an artifact; uri, digest and size are those of the first report.
class Artifact(Model):
    id = fields.UUIDField(primary_key=True)
    namespace = fields.TextField()
    name = fields.TextField()
    version = fields.TextField()
    type = fields.TextField()
    uri = fields.TextField()
    digest = fields.TextField(null=True)
    size: fields.Field[int | None] = fields.BigIntField(null=True)
    properties = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    created_at = fields.DatetimeField()

    class Meta:
        app = "headway"
        table = "artifacts"
        unique_together = (("namespace", "name", "version"),)


# The use or production of an artifact by an execution or one of its task runs; `uri` is that of its copy.
class ArtifactUse(Model):
    id = fields.UUIDField(primary_key=True)
    artifact_id = fields.UUIDField()
    execution_id = fields.UUIDField()
    task_run_id = fields.UUIDField(null=True)
    path = fields.TextField(null=True)
    attempt = fields.IntField(null=True)
    direction = fields.CharField(max_length=8)
    uri = fields.TextField()
    digest = fields.TextField(null=True)
    size: fields.Field[int | None] = fields.BigIntField(null=True)
    properties = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    created_at = fields.DatetimeField()

    class Meta:
        app = "headway"
        table = "artifact_uses"


# The heartbeat deadline of an external run; `ttl` is in seconds.
class Heartbeat(Model):
    execution_id = fields.UUIDField(primary_key=True)
    ttl = fields.FloatField()
    expires_at = fields.DatetimeField()

    class Meta:
        app = "headway"
        table = "heartbeats"


# A command that is due later or for another execution; the deferred command runner runs it.
class DeferredCommand(Model):
    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    due_at = fields.DatetimeField()
    claimed_until = fields.DatetimeField(null=True)
    command = fields.JSONField[dict[str, object]]()
    failures = fields.IntField(db_default=0)

    class Meta:
        app = "headway"
        table = "deferred_commands"


class Worker(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    host = fields.TextField()
    pid = fields.IntField()
    queues = fields.JSONField[list[str]]()
    concurrency = fields.IntField()
    started_at = fields.DatetimeField(db_default=Now())
    heartbeat_at = fields.DatetimeField(db_default=Now())
    stopped_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "workers"


# `next_at` is the first tick that was not handled; null if the schedule is disabled or has no more ticks.
class Schedule(Model):
    id = fields.UUIDField(primary_key=True)
    flow: fields.ForeignKeyRelation[Flow] = fields.ForeignKeyField(
        "headway.Flow", related_name="schedules", on_delete=fields.CASCADE
    )
    key = fields.TextField()
    source = fields.CharEnumField(ScheduleSource, max_length=32, description="")
    cron = fields.TextField()
    timezone = fields.TextField()
    inputs = fields.JSONField[dict[str, object]](db_default=_EMPTY_OBJECT)
    labels = fields.JSONField[dict[str, str]](db_default=_EMPTY_OBJECT)
    catch_up = fields.CharEnumField(CatchUp, max_length=32, description="")
    enabled = fields.BooleanField(db_default=True)
    next_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)
    last_at = fields.DatetimeField(null=True)
    last_execution_id = fields.UUIDField(null=True)
    last_error = fields.TextField(null=True)
    updated_by = fields.TextField()
    scope = fields.JSONField[list[str]](null=True)
    created_at = fields.DatetimeField(db_default=Now())
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        app = "headway"
        table = "schedules"
        unique_together = (("flow", "key"),)
