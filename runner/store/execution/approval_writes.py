"""Applies events to the rows of approval requests and votes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.events import Event
from models.lifecycle.snapshot import Execution
from runner.store.json import dump, dump_or_none, plain, to_columns
from runner.store.postgres.connection import Connection

_INSERT_APPROVALS = """
insert into approvals (id, execution_id, task_run_id, attempt, state, message, required, users, roles,
                       comment_rule, policy, requested_at, expires_at)
select id, execution_id, task_run_id, attempt, 'PENDING', message, required, users, roles, comment_rule, policy, at,
       expires_at
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::int[], $7::jsonb[], $8::jsonb[],
            $9::text[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[])
  u (id, execution_id, task_run_id, attempt, message, required, users, roles, comment_rule, policy, at, expires_at)
"""
_ESCALATE_APPROVALS = """
update approvals a set escalated = u.roles, roles = a.roles || u.roles, expires_at = u.expires_at
from unnest($1::uuid[], $2::jsonb[], $3::timestamptz[]) u (id, roles, expires_at) where a.id = u.id
"""
_CLOSE_APPROVALS = """
update approvals a set state = u.state, decided_at = u.at
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) u (id, state, at)
where a.id = u.id and a.state = 'PENDING'
"""
_INSERT_VOTES = """
insert into votes (id, approval_id, actor, decision, comment, override, at, groups, form, key)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::timestamptz[],
                     $8::jsonb[], $9::jsonb[], $10::text[])
"""


Values = tuple[Any, ...]


async def write_approvals(
    connection: Connection, events: Sequence[tuple[Execution, Event]]
) -> None:
    rows: dict[type[Any], list[Values]] = {kind: [] for kind in _WRITES}
    for execution, event in events:
        if (kind := type(event.fact)) in rows:
            rows[kind].append(_WRITES[kind][1](execution, event, event.fact))
    for kind, (statement, _) in _WRITES.items():
        if rows[kind]:
            await connection.execute(statement, *to_columns(rows[kind]))


def _requested(execution: Execution, event: Event, fact: ApprovalRequested) -> Values:
    task = execution.tasks[fact.path]
    return (
        fact.id,
        execution.id,
        task.id,
        fact.attempt,
        plain(fact.message),
        fact.policy.required,
        dump(fact.policy.users),
        dump(fact.policy.roles),
        fact.policy.comment.value,
        dump(fact.policy),
        event.at,
        fact.expires_at,
    )


def _voted(_: Execution, event: Event, fact: ApprovalVoted) -> Values:
    return (
        fact.id,
        fact.approval_id,
        event.origin.actor,
        fact.decision.value,
        fact.comment,
        fact.override,
        event.at,
        dump(fact.groups),
        dump_or_none(fact.form),
        fact.key,
    )


def _closed(_: Execution, event: Event, fact: ApprovalClosed) -> Values:
    return (fact.approval_id, fact.state.value, event.at)


def _escalated(_: Execution, event: Event, fact: ApprovalEscalated) -> Values:
    return (fact.approval_id, dump(fact.roles), fact.expires_at)


_WRITES: Mapping[type[Any], tuple[str, Callable[[Execution, Event, Any], Values]]] = {
    ApprovalRequested: (_INSERT_APPROVALS, _requested),
    ApprovalVoted: (_INSERT_VOTES, _voted),
    ApprovalEscalated: (_ESCALATE_APPROVALS, _escalated),
    ApprovalClosed: (_CLOSE_APPROVALS, _closed),
}
