"""Converts executions between rows and snapshots: loads them whole, and lists the columns for writing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from pydantic import TypeAdapter

from models.approval import ApprovalPolicy
from models.events.events import Parent, TaskError
from models.lifecycle.clock import Stopwatch
from models.lifecycle.snapshot import Approval, Attempt, CompiledFlow, Execution, TaskRun, Vote
from models.lifecycle.status import ChildStanding, Failure, Killing, Paused
from models.lifecycle.task_path import families_of, parse_path
from models.states import (
    ApprovalState,
    AttemptState,
    Condition,
    ExecutionState,
    FailureAction,
    Origin,
    TaskRunState,
    VoteDecision,
)
from runner.service.event_loop import Checkpoint
from runner.store.execution.run_options import CHANGING_OPTION, FIXED_OPTIONS, Column, options_of
from runner.store.json import dump, dump_or_none, load, plain
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import ApprovalRow, ExecutionRow, TaskRunRow, VoteRow
from runner.store.scopes import kept, scope_of

_POLICY = TypeAdapter(ApprovalPolicy)
_EXECUTIONS = "select * from executions where id = any($1::uuid[])"
_TASK_RUNS = """
select t.*, a.id as attempt_id, a.state as attempt_state, a.worker, a.lease, a.started_at as attempt_started_at,
       case when t.outputs_from is not null then coalesce(k.outputs, headway_results(s.id)) end as carried
from task_runs t left join attempts a on a.task_run_id = t.id and a.number = t.attempt
  left join task_runs s on s.id = t.outputs_from left join kept_outputs k on k.task_run_id = t.outputs_from
where t.execution_id = any($1::uuid[]) and ($2::text[] is null or t.state = any($2))
order by t.execution_id, t.position, t.path
"""
_APPROVALS = """
select distinct on (task_run_id) * from approvals where execution_id = any($1::uuid[])
order by task_run_id, attempt desc
"""
_VOTES = "select * from votes where approval_id = any($1::uuid[]) order by at, id"


class _TaskRunRow(TaskRunRow):
    """A task run with its newest attempt, whose columns are null when there is none, and the outputs that it reuses."""

    attempt_id: UUID | None
    attempt_state: str | None
    worker: str | None
    lease: UUID | None
    attempt_started_at: datetime | None
    carried: str | None


async def read_executions(
    pool: Pool, plans: Plans, ids: Sequence[UUID], states: Collection[str] | None = None
) -> dict[UUID, Execution]:
    """As `load_executions`, for callers without a lock: reads all rows in one database snapshot."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await load_executions(connection, plans, ids, states)


async def load_executions(
    connection: Connection, plans: Plans, ids: Sequence[UUID], states: Collection[str] | None = None
) -> dict[UUID, Execution]:
    """Loads the snapshots of those executions that exist; with `states`, only with their task runs in these states."""
    rows: list[ExecutionRow] = await connection.fetch(_EXECUTIONS, ids)
    approvals = await _approvals(connection, ids)
    tasks: dict[UUID, dict[str, TaskRun]] = {id: {} for id in ids}
    pace = Checkpoint()
    runs: list[_TaskRunRow] = await connection.fetch(_TASK_RUNS, ids, states and list(states))
    for run in runs:
        tasks[run["execution_id"]][run["path"]] = _task_run(run, approvals.get(run["id"]))
        await pace.keep()
    found = await plans.of_rows(connection, rows)
    return {
        row["id"]: _execution(plan, row, tasks[row["id"]])
        for plan, row in zip(found, rows, strict=True)
    }


async def _approvals(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Approval]:
    rows: list[ApprovalRow] = await connection.fetch(_APPROVALS, ids)
    votes: dict[UUID, list[Vote]] = {row["id"]: [] for row in rows}
    if rows:
        read_votes: list[VoteRow] = await connection.fetch(_VOTES, list(votes))
        for vote in read_votes:
            votes[vote["approval_id"]].append(_vote(vote))
    return {row["task_run_id"]: _approval(row, votes[row["id"]]) for row in rows}


def _execution(plan: CompiledFlow, row: ExecutionRow, tasks: Mapping[str, TaskRun]) -> Execution:
    return Execution(
        id=row["id"],
        plan=plan,
        name=row["name"],
        kind=row["kind"],
        state=ExecutionState(row["state"]),
        seq=row["seq"],
        state_seq=row["state_seq"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        inputs=load(row["inputs"]),
        labels=load(row["labels"]),
        on_failure=failure_action_of(row),
        options=options_of(row),
        trigger=load(row["trigger"]),
        tasks=tasks,
        families=families_of(tasks),
        rerun_of=row["rerun_of"],
        replay_of=row["replay_of"],
        original_id=row["original_id"],
        cached_from=row["cached_from"],
        parent=_parent(row),
        shares_slot=row["shares_slot"],
        cache_key=row["cache_key"],
        clock=clock_of(row["clock"]),
        restarted_by=tuple(load(row["restarted_by"])),
        starters=tuple(load(row["starters"])),
        scope=scope_of(row["scope"]),
        signals={name: tuple(queue) for name, queue in load(row["signals"]).items()},
        progress=row["progress"],
        outputs=load(row["outputs"]),
        properties=load(row["properties"]),
        tentative=load(row["tentative"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        failure=_made(Failure, row["failure"]),
        paused=_moment(Paused, row["paused"]),
        killing=_moment(Killing, row["killing"]),
        archived=row["archived"],
        origin=Origin(row["origin"]),
        git=load(row["git"]),
        recorded_at=row["recorded_at"],
    )


def failure_action_of(row: ExecutionRow) -> FailureAction:
    assert row["on_failure"] is not None  # every execution is stored with one
    return FailureAction(row["on_failure"])


def _parent(row: ExecutionRow) -> Parent | None:
    if row["parent_id"] is None:
        return None
    path, attempt = cast(str, row["parent_path"]), cast(int, row["parent_attempt"])
    return Parent(row["parent_id"], path, attempt)


def clock_of(text: str) -> Stopwatch:
    fields = load(text)
    since = fields.get("since")
    idle_since = fields.get("idle_since")
    return Stopwatch(
        fields.get("used", 0.0),
        datetime.fromisoformat(since) if since else None,
        fields.get("zero", 0.0),
        fields.get("idle", 0.0),
        datetime.fromisoformat(idle_since) if idle_since else None,
        fields.get("held"),
    )


def _task_run(row: _TaskRunRow, approval: Approval | None) -> TaskRun:
    return TaskRun(
        id=row["id"],
        path=row["path"],
        key=parse_path(row["path"]).key,
        position=row["position"],
        state=TaskRunState(row["state"]),
        attempt=row["attempt"],
        attempt_base=row["attempt_base"],
        lost=row["lost"],
        handed_back=row["handed_back"],
        progress=row["progress"],
        message=row["message"],
        inputs=load(row["inputs"]),
        outputs=load(row["outputs"]),
        error=_made(TaskError, row["error"]),
        retry_at=row["retry_at"],
        wake_at=row["wake_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        newest=_attempt(row),
        approval=approval,
        condition=Condition(row["condition"]) if row["condition"] else None,
        child=row["child_id"],
        standing=_standing(row["standing"]),
        clock_base=row["clock_base"],
        cache_key=row["cache_key"],
        outputs_from=row["outputs_from"],
        outputs_id=row["outputs_id"],
        carried=load(row["carried"]) if row["carried"] else {},
        decided_on=row["decided_on"],
    )


def _standing(text: str | None) -> ChildStanding | None:
    if text is None:
        return None
    fields = load(text)
    return ChildStanding(**{**fields, "state": ExecutionState(fields["state"])})


def _attempt(row: _TaskRunRow) -> Attempt | None:
    id, state, started_at = row["attempt_id"], row["attempt_state"], row["attempt_started_at"]
    if id is None or state is None or started_at is None:
        return None
    return Attempt(id, row["attempt"], AttemptState(state), row["worker"], row["lease"], started_at)


def _approval(row: ApprovalRow, votes: Iterable[Vote]) -> Approval:
    return Approval(
        id=row["id"],
        attempt=row["attempt"],
        state=ApprovalState(row["state"]),
        message=row["message"],
        policy=_POLICY.validate_python(load(row["policy"])),
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
        decided_at=row["decided_at"],
        escalated=tuple(load(row["escalated"])),
        votes=tuple(votes),
    )


def _vote(row: VoteRow) -> Vote:
    return Vote(
        row["id"],
        row["actor"],
        VoteDecision(row["decision"]),
        row["comment"],
        row["at"],
        row["override"],
        tuple(load(row["groups"])),
        load(row["form"]),
        row["key"],
    )


def _made(kind: type[Any], text: str | None) -> Any:
    return None if text is None else kind(**load(text))


def _moment(kind: type[Any], text: str | None) -> Any:
    if text is None:
        return None
    fields = load(text)
    return kind(**{**fields, "at": datetime.fromisoformat(fields["at"])})


# -- columns: name, array type, value of a snapshot -------------------------------------------------------------------

EXECUTION_COLUMNS: Sequence[Column] = (
    ("state", "text", lambda x: x.state.value),
    ("cache_key", "text", lambda x: x.cache_key),
    ("shares_slot", "bool", lambda x: x.shares_slot),
    ("seq", "bigint", lambda x: x.seq),
    ("state_seq", "bigint", lambda x: x.state_seq),
    ("progress", "float8", lambda x: x.progress),
    ("outputs", "jsonb", lambda x: dump(x.outputs)),
    ("labels", "jsonb", lambda x: dump(x.labels)),
    ("properties", "jsonb", lambda x: dump(x.properties)),
    ("tentative", "jsonb", lambda x: dump(x.tentative)),
    ("started_at", "timestamptz", lambda x: x.started_at),
    ("ended_at", "timestamptz", lambda x: x.ended_at),
    ("idle", "float8", lambda x: x.clock.idle),
    ("idle_since", "timestamptz", lambda x: x.clock.idle_since),
    ("failure", "jsonb", lambda x: dump_or_none(x.failure)),
    CHANGING_OPTION,
    ("clock", "jsonb", lambda x: dump(x.clock)),
    ("restarted_by", "jsonb", lambda x: dump(x.restarted_by)),
    ("signals", "jsonb", lambda x: dump(x.signals)),
    ("paused", "jsonb", lambda x: dump_or_none(x.paused)),
    ("killing", "jsonb", lambda x: dump_or_none(x.killing)),
    ("archived", "bool", lambda x: x.archived),
    ("git", "jsonb", lambda x: dump_or_none(x.git)),
    ("cached_from", "uuid", lambda x: x.cached_from),
    ("recorded_at", "timestamptz", lambda x: x.recorded_at),
)
"""The columns of an execution that may change."""

NEW_EXECUTION_COLUMNS: Sequence[Column] = (
    ("id", "uuid", lambda x: x.id),
    ("flow_id", "uuid", lambda x: x.plan.flow_id),
    ("revision_id", "uuid", lambda x: x.plan.revision_id),
    ("namespace", "text", lambda x: x.plan.spec.namespace),
    ("flow_key", "text", lambda x: x.plan.spec.id),
    ("kind", "text", lambda x: x.kind),
    ("revision", "int", lambda x: x.plan.revision),
    ("name", "text", lambda x: x.name),
    ("inputs", "jsonb", lambda x: dump(x.inputs)),
    ("on_failure", "text", lambda x: x.on_failure.value),
    ("trigger", "jsonb", lambda x: dump_or_none(x.trigger)),
    ("created_by", "text", lambda x: x.created_by),
    ("created_at", "timestamptz", lambda x: x.created_at),
    ("rerun_of", "uuid", lambda x: x.rerun_of),
    ("replay_of", "uuid", lambda x: x.replay_of),
    ("original_id", "uuid", lambda x: x.original_id),
    ("parent_id", "uuid", lambda x: x.parent.execution_id if x.parent else None),
    ("parent_path", "text", lambda x: x.parent.path if x.parent else None),
    ("parent_attempt", "int", lambda x: x.parent.attempt if x.parent else None),
    *FIXED_OPTIONS,
    ("starters", "jsonb", lambda x: dump(x.starters)),
    ("scope", "jsonb", lambda x: kept(x.scope)),
    ("origin", "text", lambda x: x.origin.value),
    *EXECUTION_COLUMNS,
)

TASK_RUN_COLUMNS: Sequence[Column] = (
    ("state", "text", lambda t: t.state.value),
    ("attempt", "int", lambda t: t.attempt),
    ("attempt_base", "int", lambda t: t.attempt_base),
    ("lost", "int", lambda t: t.lost),
    ("handed_back", "int", lambda t: t.handed_back),
    ("progress", "float8", lambda t: t.progress),
    ("message", "text", lambda t: plain(t.message)),
    ("inputs", "jsonb", lambda t: dump(t.inputs)),
    ("outputs", "jsonb", lambda t: dump(t.outputs)),
    ("error", "jsonb", lambda t: dump_or_none(t.error)),
    ("retry_at", "timestamptz", lambda t: t.retry_at),
    ("wake_at", "timestamptz", lambda t: t.wake_at),
    ("condition", "text", lambda t: t.condition and t.condition.value),
    ("child_id", "uuid", lambda t: t.child),
    ("standing", "jsonb", lambda t: dump_or_none(t.standing)),
    ("clock_base", "float8", lambda t: t.clock_base),
    ("cache_key", "text", lambda t: t.cache_key),
    ("outputs_from", "uuid", lambda t: t.outputs_from),
    ("outputs_id", "uuid", lambda t: t.outputs_id),
    ("decided_on", "text", lambda t: t.decided_on),
    ("started_at", "timestamptz", lambda t: t.started_at),
    ("ended_at", "timestamptz", lambda t: t.ended_at),
)
"""The columns of a task run that may change."""
