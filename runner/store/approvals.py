"""Reads approval requests for lists. A request is visible to everyone who may see its execution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.access.viewer import Scope
from models.filters.inbox import Person, Request, Wish
from runner.store.json import load
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Pool
from runner.store.rows import ApprovalRow
from runner.store.where import Arguments, compile_scope

_READ: Final = """
select a.*, (select namespace from executions x where x.id = a.execution_id) as namespace,
  (select count(*) from votes v where v.approval_id = a.id) as vote_count
from (select * from approvals where {condition} order by id limit {limit}) a order by a.id
"""
# Has one row for each request, and one with is_gone for each execution that does not exist.
_REQUESTS_OF: Final = """
select wanted.id as wanted_id, x.id is null as is_gone, x.namespace, a.*,
  (select count(*) from votes v where v.approval_id = a.id) as vote_count
from unnest($1::uuid[]) wanted (id) left join executions x on x.id = wanted.id
left join approvals a on a.execution_id = x.id
where x.id is null or a.id is not null
"""


def condition(arguments: Arguments, wish: Wish) -> str:
    visible = compile_scope(wish.scope, arguments, "x.namespace")
    parts = [f"exists (select from executions x where x.id = execution_id and {visible})"]
    if wish.states is not None:
        parts.append(f"state = any({arguments.add(sorted(wish.states))}::text[])")
    if wish.execution_id is not None:
        parts.append(f"execution_id = {arguments.add(wish.execution_id)}")
    if wish.decider is not None:
        parts.append(_decidable(arguments, wish.decider))
    return " and ".join(parts)


def _decidable(arguments: Arguments, person: Person) -> str:
    either = [f"users = '[]' and roles = '[]' or users ? {arguments.add(person.name)}"]
    by_scope: dict[Scope, list[str]] = {}
    for role, scope in person.roles:
        by_scope.setdefault(scope, []).append(role)
    for scope, roles in by_scope.items():
        held = f"{arguments.add(sorted(roles))}::text[]"
        there = compile_scope(scope, arguments, "x.namespace")
        either.append(
            f"(roles ?| {held} or escalated ?| {held}) "
            f"and exists (select from executions x where x.id = execution_id and {there})"
        )
    return f"({' or '.join(either)})"


async def approvals_page(pool: Pool, wish: Wish, window: Window) -> Page[ApprovalRow]:
    """Oldest first."""
    arguments = Arguments()
    where = condition(arguments, wish)
    return await keyset_page(pool, "approvals", where, arguments, window, newest_first=False)


async def count_approvals(pool: Pool, wish: Wish) -> tuple[int, bool]:
    arguments = Arguments()
    return await count(pool, "approvals", condition(arguments, wish), arguments)


class _RequestRow(ApprovalRow):
    """`namespace` is None when the execution does not exist."""

    namespace: str | None
    vote_count: int


class _WantedRow(_RequestRow):
    """With `is_gone` all columns of the request are null."""

    wanted_id: UUID
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Requests:
    """The oldest requests of an inbox, and the number of all; `whole` when `found` has all of them."""

    found: Sequence[Request[ApprovalRow]]
    total: int
    exact: bool
    whole: bool


async def read_inbox(pool: Pool, wish: Wish, most: int) -> Requests:
    arguments = Arguments()
    where = condition(arguments, wish)
    limit = arguments.add(most + 1)
    rows: list[_RequestRow] = await pool.fetch(
        _READ.format(condition=where, limit=limit), *arguments.values
    )
    found = [_request(row, there) for row in rows[:most] if (there := row["namespace"]) is not None]
    if len(rows) <= most:
        return Requests(found, len(found), exact=True, whole=True)
    total, exact = await count_approvals(pool, wish)
    return Requests(found, total, exact, whole=False)


async def requests_of(
    pool: Pool, execution_ids: Sequence[UUID]
) -> tuple[list[Request[ApprovalRow]], frozenset[UUID]]:
    """Returns all requests of these executions, and the ids of those executions that do not exist."""
    rows: list[_WantedRow] = await pool.fetch(_REQUESTS_OF, execution_ids)
    found = [_request(row, there) for row in rows if (there := row["namespace"]) is not None]
    return found, frozenset(row["wanted_id"] for row in rows if row["is_gone"])


def _request(row: _RequestRow, namespace: str) -> Request[ApprovalRow]:
    return Request(
        row,
        row["id"],
        row["execution_id"],
        namespace,
        row["state"],
        frozenset(load(row["users"])),
        frozenset(load(row["roles"])),
        frozenset(load(row["escalated"])),
        (row["state"], row["expires_at"], row["escalated"], row["vote_count"]),
    )
