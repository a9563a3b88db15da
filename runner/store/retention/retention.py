"""Prunes executions by retention rules: finds those that are due, and deletes them in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from models.lifecycle.commands.records import Delete, RemoveFiles
from models.lifecycle.transition import Deferred
from models.retention import RetentionRule, shortest
from runner.store import deferred
from runner.store.execution.removal import remove
from runner.store.postgres.connection import Connection, Executes
from runner.store.where import Arguments, compile_under

# Kept because others need it: an execution with pending deferred commands, and the source, parent and children of an
# execution that has not ended.
_NEEDED: Final = """
(exists (select from deferred_commands d where d.execution_id = e.id)
 or exists (select from executions o where o.id = e.parent_id and o.ended_at is null)
 or exists (select from executions o where o.parent_id = e.id and o.ended_at is null)
 or exists (select from executions o where o.rerun_of = e.id and o.ended_at is null)
 or exists (select from executions o where o.replay_of = e.id and o.ended_at is null))
"""
FREE: Final = f"(not e.archived and not {_NEEDED})"
_PRUNING_LOCK: Final = "hashtextextended('headway pruning', 0)"
_WITH_FILES: Final = (
    "select distinct execution_id from artifact_uses where execution_id = any($1::uuid[])"
)
# No task run refers to them. They are locked first and checked again, because a transaction that is about to refer to
# one either holds its lock or waits for it.
_UNNAMED: Final = "not exists (select from task_runs t where t.outputs_from = k.task_run_id)"
_LOCK_KEPT: Final = (
    f"select task_run_id from kept_outputs k where {_UNNAMED} for update of k skip locked"
)
_FORGET_KEPT: Final = (
    f"delete from kept_outputs k where task_run_id = any($1::uuid[]) and {_UNNAMED}"
)


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of executions of a flow and state that are past their time: `gone` are pruned, the others are kept
    because they are archived or needed by others."""

    namespace: str
    flow: str
    state: str
    gone: int
    archived: int
    needed: int


class _WithFiles(TypedDict):
    execution_id: UUID


class _Kept(TypedDict):
    task_run_id: UUID


class DeletedExecution(TypedDict):
    """`whole`: the month of its events and log lines is dropped as a whole."""

    id: UUID
    namespace: str
    flow_key: str
    state: str
    ended_at: datetime
    whole: bool


@dataclass(frozen=True, slots=True)
class DeletedBatch:
    """A batch of deleted executions, and the place after which the next batch begins; None when there is no more."""

    rows: Sequence[DeletedExecution]
    place: tuple[datetime, UUID] | None


async def try_lock_pruning(connection: Connection) -> bool:
    """Tries to take the lock for pruning, which is held until the connection is closed; returns whether it was free."""
    taken: bool = await connection.fetchval(f"select pg_try_advisory_lock({_PRUNING_LOCK})")
    return taken


async def counts(pool: Executes, rules: Sequence[RetentionRule]) -> list[Count]:
    arguments = Arguments()
    rows = await pool.fetch(
        f"""select namespace, flow_key, state, count(*) filter (where {FREE}) as gone,
                   count(*) filter (where archived) as archived,
                   count(*) filter (where not archived and not {FREE}) as needed
            from executions e where {due(rules, arguments)} group by 1, 2, 3 order by 1, 2, 3""",
        *arguments.values,
    )
    return [Count(*row) for row in rows]


async def delete_batch(
    connection: Connection,
    rules: Sequence[RetentionRule],
    place: tuple[datetime, UUID] | None,
    most: int,
) -> DeletedBatch:
    """Deletes the next executions, in the order of their ends, in the caller's transaction.

    Locked executions are skipped. Events and log lines of months that are dropped as a whole are left for the drop.
    """
    arguments = Arguments()
    condition = f"{due(rules, arguments)} and {FREE}"
    if place:
        moment, id = map(arguments.add, place)
        condition += f" and (e.ended_at, e.id) > ({moment}, {id})"
    rows: list[DeletedExecution] = await connection.fetch(
        f"""select e.id, e.namespace, e.flow_key, e.state, e.ended_at, {_IN_PRUNED_MONTH} as whole from executions e
            where {condition} order by e.ended_at, e.id limit {arguments.add(most)} for update of e skip locked""",
        *arguments.values,
    )
    if not rows:
        return DeletedBatch((), None)
    ids = [row["id"] for row in rows]
    stored: list[_WithFiles] = await connection.fetch(_WITH_FILES, ids)
    whole = frozenset(row["id"] for row in rows if row["whole"])
    await remove(connection, dict.fromkeys(ids, Delete()), history_stays=whole)
    removal = Deferred(RemoveFiles(), due=rows[0]["ended_at"])
    await deferred.store(connection, [(row["execution_id"], removal) for row in stored])
    return DeletedBatch(rows, (rows[-1]["ended_at"], rows[-1]["id"]))


_IN_PRUNED_MONTH: Final = """
exists (select from pruned_months m where e.id >= headway_least_id(m.month::timestamp at time zone 'utc')
  and e.id < headway_least_id((m.month + interval '1 month') at time zone 'utc'))
"""


async def forget_kept_outputs(connection: Connection) -> None:
    """Deletes kept outputs to which no task run refers, in the caller's transaction."""
    rows: list[_Kept] = await connection.fetch(_LOCK_KEPT)
    await connection.execute(_FORGET_KEPT, [row["task_run_id"] for row in rows])


# An external run may end long before it is reported. It is kept for a day, so that its recorder can report the rest,
# archive it, or add a rule for it.
_JUST_REPORTED: Final = """
(e.origin = 'EXTERNAL' and exists (
  select from events v where v.execution_id = e.id and v.at > now() - interval '1 day'))
"""


def due(rules: Sequence[RetentionRule], arguments: Arguments) -> str:
    """A condition on `executions e`: past the time for which the first matching rule keeps it. An external run ended at
    its reported time, and is also kept for a day after the last report."""
    soonest = shortest(tuple(rules))
    if soonest is None:
        return "false"
    bound = f"now() - make_interval(secs => {arguments.add(soonest)}::float8)"
    cases = " ".join(
        f"when {_meets(rule, arguments)} then {arguments.add(rule.keep)}::float8" for rule in rules
    )
    return (
        f"(e.ended_at is not null and e.ended_at < {bound} "
        f"and e.ended_at < now() - make_interval(secs => case {cases} end) and not {_JUST_REPORTED})"
    )


def _meets(rule: RetentionRule, arguments: Arguments) -> str:
    parts = ["true"]
    if rule.namespace is not None:
        parts.append(compile_under("e.namespace", rule.namespace, arguments))
    if rule.flow is not None:
        parts.append(f"e.flow_key = {arguments.add(rule.flow)}")
    if rule.states:
        states = [state.value for state in rule.states]
        parts.append(f"e.state = any({arguments.add(states)}::text[])")
    return " and ".join(parts)
