"""Lets executions go by retention: which those are, and taking them out some at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.lifecycle.commands.records import Delete, RemoveFiles
from models.lifecycle.transition import Deferred
from models.retention import RetentionRule, shortest
from runner.store import deferred
from runner.store.execution.removal import remove
from runner.store.postgres.connection import Connection, Executes
from runner.store.where import Arguments, compile_under

# What others need is kept: what owes or is owed something, and what an execution that has not ended started from,
# was started by, or started.
_NEEDED: Final = """
(exists (select from deferred_commands d where d.execution_id = e.id)
 or exists (select from executions o where o.id = e.parent_id and o.ended_at is null)
 or exists (select from executions o where o.parent_id = e.id and o.ended_at is null)
 or exists (select from executions o where o.rerun_of = e.id and o.ended_at is null)
 or exists (select from executions o where o.replay_of = e.id and o.ended_at is null))
"""
FREE: Final = f"(not e.archived and not {_NEEDED})"
_TURN: Final = "hashtextextended('headway pruning', 0)"
_WITH_FILES: Final = (
    "select distinct execution_id from artifact_uses where execution_id = any($1::uuid[])"
)
# Nobody names them any more. Locked first and looked at again: who is about to name one holds it, or waits.
_UNNAMED: Final = "not exists (select from task_runs t where t.outputs_from = k.task_run_id)"
_LOCK_KEPT: Final = (
    f"select task_run_id from kept_outputs k where {_UNNAMED} for update of k skip locked"
)
_FORGET_KEPT: Final = (
    f"delete from kept_outputs k where task_run_id = any($1::uuid[]) and {_UNNAMED}"
)


@dataclass(frozen=True, slots=True)
class Count:
    """Of a flow and an end: how many are past their time, and of these go, are archived, are needed by others."""

    namespace: str
    flow: str
    state: str
    gone: int
    archived: int
    needed: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Some executions that went, and where to look on."""

    rows: Sequence[Any]
    place: tuple[datetime, UUID] | None


async def take_turn(connection: Connection) -> bool:
    """Whether this connection is the one that prunes now, until it is closed."""
    taken: bool = await connection.fetchval(f"select pg_try_advisory_lock({_TURN})")
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


async def take_some(
    connection: Connection,
    rules: Sequence[RetentionRule],
    place: tuple[datetime, UUID] | None,
    most: int,
) -> Gone:
    """The next ones in the order of their ends, with all that is theirs; within the caller's transaction.

    What is locked by somebody is passed over. Events and log lines of months that go as a whole stay for their drop.
    """
    arguments = Arguments()
    condition = f"{due(rules, arguments)} and {FREE}"
    if place:
        moment, id = map(arguments.add, place)
        condition += f" and (e.ended_at, e.id) > ({moment}, {id})"
    rows = await connection.fetch(
        f"""select e.id, e.namespace, e.flow_key, e.state, e.ended_at, {_IN_PRUNED_MONTH} as whole from executions e
            where {condition} order by e.ended_at, e.id limit {arguments.add(most)} for update of e skip locked""",
        *arguments.values,
    )
    if not rows:
        return Gone((), None)
    ids = [row["id"] for row in rows]
    stored = await connection.fetch(_WITH_FILES, ids)
    whole = frozenset(row["id"] for row in rows if row["whole"])
    await remove(connection, dict.fromkeys(ids, Delete()), history_stays=whole)
    promise = Deferred(RemoveFiles(), due=rows[0]["ended_at"])
    await deferred.store(connection, [(row["execution_id"], promise) for row in stored])
    return Gone(rows, (rows[-1]["ended_at"], rows[-1]["id"]))


_IN_PRUNED_MONTH: Final = """
exists (select from pruned_months m where e.id >= headway_least_id(m.month::timestamp at time zone 'utc')
  and e.id < headway_least_id((m.month + interval '1 month') at time zone 'utc'))
"""


async def forget_kept_outputs(connection: Connection) -> None:
    """In a transaction."""
    rows = await connection.fetch(_LOCK_KEPT)
    await connection.execute(_FORGET_KEPT, [row["task_run_id"] for row in rows])


# Whoever tells of the past is not done at once, and may want to archive it, or a rule of its own for it.
_JUST_TOLD: Final = """
(e.origin = 'EXTERNAL' and exists (
  select from events v where v.execution_id = e.id and v.at > now() - interval '1 day'))
"""


def due(rules: Sequence[RetentionRule], arguments: Arguments) -> str:
    """A condition on `executions e`: past the time for which the first rule that it meets keeps it. What ran elsewhere
    ended when it was told to have, and stays for a day after it was last told of."""
    soonest = shortest(tuple(rules))
    if soonest is None:
        return "false"
    bound = f"now() - make_interval(secs => {arguments.add(soonest)}::float8)"
    cases = " ".join(
        f"when {_meets(rule, arguments)} then {arguments.add(rule.keep)}::float8" for rule in rules
    )
    return (
        f"(e.ended_at is not null and e.ended_at < {bound} "
        f"and e.ended_at < now() - make_interval(secs => case {cases} end) and not {_JUST_TOLD})"
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
