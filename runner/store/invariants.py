"""SQL of the invariants: each query returns the executions that violate one, with a message."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from models.lifecycle.admission import FORCED_PRIORITY
from models.states import ATTEMPT_ENDS, EXECUTION_ENDS, OCCUPIES_SLOT, TASK_RUN_ENDS
from runner.store.execution.ids import IdRow
from runner.store.execution.slots import HAS_ITS_OWN
from runner.store.postgres.connection import Executes
from runner.store.rows import StoredEventRow


def _sql_list(states: Collection[StrEnum]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


_HAS_ITS_OWN = HAS_ITS_OWN.format("h")
"""True unless an execution shares the slot of its parent: subflows orphaned by the same parent share its slot."""
_ENDED = f"({_sql_list(EXECUTION_ENDS)})"
_HOLDING = f"({_sql_list(OCCUPIES_SLOT)})"
_TASK_ENDED = f"({_sql_list(TASK_RUN_ENDS)})"
_ATTEMPT_ENDED = f"({_sql_list(ATTEMPT_ENDS)})"

_QUERIES: Final[Mapping[str, str]] = {
    "events of each execution are 1..n without a gap": """
        select e.id, format('seq %s, but %s events up to %s', e.seq, count(v.seq), max(v.seq))
        from executions e left join events v on v.execution_id = e.id
        group by e.id, e.seq having count(v.seq) <> e.seq or max(v.seq) is distinct from e.seq""",
    "no task run has two attempts running": """
        select execution_id, format('task run %s has %s', task_run_id, count(*)) from attempts
        where state = 'RUNNING' group by execution_id, task_run_id having count(*) > 1""",
    "no task run or attempt is active in an ended execution": f"""
        select e.id, format('%s is %s', t.path, t.state) from executions e join task_runs t on t.execution_id = e.id
        where e.state in {_ENDED} and t.state not in {_TASK_ENDED}
        union all
        select e.id, format('an attempt is %s', a.state) from executions e join attempts a on a.execution_id = e.id
        where e.state in {_ENDED} and a.state not in {_ATTEMPT_ENDED}""",
    "every row of a finished bulk action has an outcome, and no row of one that was never run": """
        select i.execution_id, format('row %s of bulk %s, %s, has the outcome %s', i.position, s.id, s.state, i.outcome)
        from bulk_sets s join bulk_items i on i.bulk_id = s.id
        where (s.state = 'DONE' and i.outcome is null) or (s.state is null and i.outcome is not null)""",
    "ended executions have an end time, active ones have none": f"""
        select id, state from executions where (state in {_ENDED}) <> (ended_at is not null)""",
    "every job belongs to a task run that waits for it": """
        select (convert_from(q.payload, 'utf8')::jsonb ->> 0)::uuid, format('job %s', q.id) from pgqueuer q
        where not exists (
          select from task_runs t where q.dedupe_key = t.id || ':' || t.attempt + 1
            and t.state in ('QUEUED', 'RETRYING'))""",
    "every task run that waits for a worker has a job": """
        select t.execution_id, format('%s is %s', t.path, t.state)
        from task_runs t join executions e on e.id = t.execution_id
        where t.state in ('QUEUED', 'RETRYING') and e.state <> 'PAUSED' and e.origin = 'HEADWAY'
          and not exists (select from pgqueuer q where q.dedupe_key = t.id || ':' || t.attempt + 1)
          and not exists (select from deferred_commands d where d.execution_id = e.id
            and d.command ->> 'kind' = 'WakeUp' and d.command ->> 'path' = t.path)""",
    "every execution that has not ended has pending work": f"""
        select e.id, format('%s, and has no attempt, job or deferred command', e.state) from executions e
        where e.state not in {_ENDED} and e.state not in ('PAUSED', 'QUEUED') and e.origin = 'HEADWAY'
          and not exists (select from attempts a where a.execution_id = e.id and a.state = 'RUNNING')
          and not exists (select from task_runs t where t.execution_id = e.id and t.state in ('QUEUED', 'RETRYING'))
          and not exists (select from deferred_commands d where d.execution_id = e.id)""",
    "no heartbeat is expected from an execution that has ended": f"""
        select e.id, e.state from executions e join heartbeats h on h.execution_id = e.id
        where e.state in {_ENDED}""",
    "external runs, and only these, have no revision": """
        select id, origin from executions where (origin = 'EXTERNAL') <> (revision_id is null)""",
    "every artifact that was used or made exists": """
        select u.execution_id, format('use %s', u.id) from artifact_uses u
        where not exists (select from artifacts a where a.id = u.artifact_id)""",
    "a task run that waits for approval has a pending approval request": """
        select t.execution_id, t.path from task_runs t join executions e on e.id = t.execution_id
        where t.state = 'WAITING_FOR_APPROVAL' and e.state <> 'PAUSED'
          and not exists (select from approvals a where a.task_run_id = t.id and a.state = 'PENDING')""",
    "an execution is queued only if others hold all slots": f"""
        select e.id, format('%s of %s slots are held', count(h.id), f.concurrency ->> 'limit')
        from executions e join flows f on f.id = e.flow_id
          left join executions h on h.flow_id = e.flow_id and h.state in {_HOLDING} and {_HAS_ITS_OWN}
        where e.state = 'QUEUED'
        group by e.id, f.concurrency having count(h.id) < coalesce((f.concurrency ->> 'limit')::int, 1)""",
    "no more executions hold a slot than their flow's limit": f"""
        with recursive lent as (
          select h.id as holder, h.flow_id, h.id as source, h.parent_id, h.shares_slot as borrowed, 0 as steps
          from executions h join flows f on f.id = h.flow_id
          where h.state in {_HOLDING} and {_HAS_ITS_OWN} and f.concurrency is not null
            and h.priority < {FORCED_PRIORITY} and h.started_at >= f.updated_at
          union all
          select l.holder, l.flow_id, l.parent_id, p.parent_id,
            p.id is not null and (p.flow_id is distinct from l.flow_id or p.shares_slot), l.steps + 1
          from lent l left join executions p on p.id = l.parent_id
          where l.borrowed and l.parent_id is not null),
        held as (select distinct on (holder) holder, flow_id, source from lent order by holder, steps desc)
        select (array_agg(h.holder))[1],
          format('%s hold one of %s', count(distinct h.source), f.concurrency ->> 'limit')
        from held h join flows f on f.id = h.flow_id
        group by f.id having count(distinct h.source) > (f.concurrency ->> 'limit')::int""",
    "a pending approval request has a task run that waits for approval": """
        select a.execution_id, format('%s is %s, its request %s', t.path, t.state, a.state)
        from approvals a join task_runs t on t.id = a.task_run_id
        where a.state = 'PENDING' and (t.state <> 'WAITING_FOR_APPROVAL' or t.attempt <> a.attempt)""",
    "a running attempt is the newest one of an active task run": """
        select a.execution_id, format('attempt %s of %s runs, which is %s in %s', a.number, t.path, t.state, t.attempt)
        from attempts a join task_runs t on t.id = a.task_run_id
        where a.state = 'RUNNING' and (t.attempt <> a.number
          or t.state not in ('RUNNING', 'KILLING', 'WAITING_FOR_APPROVAL'))""",
    "a task run that waits for a child waits for an active one, or will be notified of its end": f"""
        select t.execution_id, format('%s waits for %s, which is %s', t.path, c.name, c.state)
        from task_runs t join executions c on c.id = t.child_id
        where t.state in ('RUNNING', 'KILLING') and c.state in {_ENDED}
          and not exists (select from deferred_commands d where d.execution_id in (t.execution_id, c.id)
            and d.command ->> 'kind' in ('ChildEnded', 'StopChild'))""",
    "a running subflow has a child, or will start one": """
        select t.execution_id, t.path from task_runs t join executions e on e.id = t.execution_id
        where t.type = 'subflow' and t.state = 'RUNNING' and t.child_id is null and e.state <> 'PAUSED'
          and not exists (select from deferred_commands d where d.execution_id = e.id
            and d.command ->> 'kind' in ('Evaluate', 'StartChild') and d.command ->> 'path' = t.path)""",
    "no stopped execution has ended before its children": f"""
        select e.id, format('%s is %s, and %s %s', t.path, t.state, c.name, c.state)
        from executions e join task_runs t on t.execution_id = e.id join executions c on c.id = t.child_id
        where e.state in {_ENDED} and e.state <> 'ERROR' and c.state not in {_ENDED} and c.restarted_by = '[]'
          and (t.state = 'KILLED' or t.error ->> 'code' = 'TIMED_OUT')
          and coalesce((e.killing ->> 'cascade')::boolean, true)""",
    "progress is 1 exactly at the end": f"""
        select id, format('%s at %s', state, progress) from executions
        where (state in {_ENDED}) <> (progress = 1) and origin = 'HEADWAY'""",
    "no occurrence of a schedule has two executions": """
        select (array_agg(id))[1],
          format('%s executions of %s at %s', count(*), trigger ->> 'id', trigger ->> 'scheduledAt')
        from executions where starts_with(created_by, 'schedule:') and rerun_of is null and replay_of is null
        group by trigger ->> 'id', trigger ->> 'scheduledAt' having count(*) > 1""",
    "nothing of an attempt is stored after its end": """
        select a.execution_id, format('attempt %s of %s has %s', a.number, a.task_run_id, late.what)
        from attempts a join lateral (
          select format('line %s, and its log ended at %s', max(l.line), a.lines_at_end) as what from logs l
          where l.execution_id = a.execution_id and l.line > a.lines_at_end and l.task_run_id = a.task_run_id
            and l.attempt = a.number having count(*) > 0
          union all
          select format('%s later metrics', count(*)) from metrics m
          where m.execution_id = a.execution_id and m.task_run_id = a.task_run_id and m.attempt = a.number
            and not pg_visible_in_snapshot(m.xid, a.seen_at_end) having count(*) > 0
          union all
          select format('%s later uses of artifacts', count(*)) from artifact_uses u
          where u.execution_id = a.execution_id and u.task_run_id = a.task_run_id and u.attempt = a.number
            and not pg_visible_in_snapshot(u.xid, a.seen_at_end) having count(*) > 0) late on true
        where a.seen_at_end is not null""",
    "log lines of each execution are 1..n without a gap": """
        select execution_id, format('%s lines up to %s', count(*), max(line)) from logs
        group by execution_id having count(*) <> max(line)""",
    "the blocks of a log count its lines": """
        select e.id, format('%s lines, %s counted', l.lines, b.lines) from executions e
        left join (select execution_id, count(*) as lines from logs group by 1) l on l.execution_id = e.id
        left join (select execution_id, sum(lines) as lines from log_blocks group by 1) b on b.execution_id = e.id
        where l.lines is distinct from b.lines""",
}
_ONLY_AT_REST: Final = frozenset({"an execution is queued only if others hold all slots"})


_EVENTS: Final = "select * from events where execution_id = $1 order by seq"
_NEWER: Final = "select id from executions where $1::uuid is null or id > $1 order by id"


class Violating(NamedTuple):
    """An execution that violates an invariant, if one does, and how."""

    execution_id: UUID | None
    message: str


def queries(at_rest: bool) -> Mapping[str, str]:
    """The queries by the invariant; without those that hold only at rest, unless the database is `at_rest`."""
    return {name: sql for name, sql in _QUERIES.items() if at_rest or name not in _ONLY_AT_REST}


async def violations(pool: Executes, sql: str) -> list[Violating]:
    return [Violating(row[0], row[1]) for row in await pool.fetch(sql)]


async def executions_after(pool: Executes, since: UUID | None) -> list[UUID]:
    """The executions that are newer than this one, or all; the oldest first."""
    rows: list[IdRow] = await pool.fetch(_NEWER, since)
    return [row["id"] for row in rows]


async def events_of(connection: Executes, execution: UUID) -> list[StoredEventRow]:
    """All events of an execution, in their order."""
    rows: list[StoredEventRow] = await connection.fetch(_EVENTS, execution)
    return rows
