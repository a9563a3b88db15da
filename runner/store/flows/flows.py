"""Flows and their revisions. Saving the same text makes no new revision."""

import hashlib
from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from models.links import links_of
from models.spec import FlowSpec
from runner.store import audit
from runner.store.flows import flow_links, schedules
from runner.store.json import dump, dump_or_none, to_columns
from runner.store.lists.facets import walked
from runner.store.pages import Page
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import FlowRow, RevisionRow
from runner.store.scopes import kept, scope_of
from runner.store.where import Arguments, compile_scope

_UPSERT = """
insert into flows (id, namespace, key, kind, description, labels, concurrency, latest_revision)
values ($1, $2, $3, $4, $5, $6, $7, 1)
on conflict (namespace, key) do update set updated_at = flows.updated_at returning *
"""
_REVIVE = (
    "update flows set deleted_at = null, enabled = true where id = $1 and deleted_at is not null"
)
_UPDATE = """
update flows set kind = $2, description = $3, labels = $4, concurrency = $5, latest_revision = $6, updated_at = now()
where id = $1 returning *
"""
_LATEST = "select * from revisions where flow_id = $1 and number = $2"
_INSERT_REVISION = """
insert into revisions (id, flow_id, number, source, digest, created_by, scope)
values ($1, $2, $3, $4, $5, $6, $7) returning *
"""

_EXTEND_SCOPE = """
with extended as (update revisions set scope = $3 where id = $1)
update schedules set scope = $3 where flow_id = $2 and source = 'FLOW' and scope is not distinct from $4::jsonb
"""


async def save_flow(
    connection: Connection,
    spec: FlowSpec,
    source: str,
    actor: str,
    origin: CommandOrigin | None = None,
    scope: Scope = EVERYWHERE,
) -> tuple[FlowRow, RevisionRow, bool]:
    """Saves a flow and the schedules that it declares. Returns the flow, its newest revision, and whether that is new:
    the same text makes no new revision.

    Concurrent saves wait for the lock on the flow's row. With an `origin` a new revision is recorded in the audit log.
    `scope` is that of the person who saves: executions of the revision are limited to it. Saving the same text again
    with a larger scope extends the revision's scope.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()
    limit = spec.concurrency.model_dump(mode="json") if spec.concurrency else None
    about = (spec.kind, spec.description, dump(spec.labels), dump_or_none(limit))
    async with connection.transaction():
        flow: FlowRow | None = await connection.fetchrow(
            _UPSERT, new_id(), spec.namespace, spec.id, *about
        )
        assert flow
        latest: RevisionRow | None = await connection.fetchrow(
            _LATEST, flow["id"], flow["latest_revision"]
        )
        revived = await connection.execute(_REVIVE, flow["id"]) == "UPDATE 1"
        if latest and latest["digest"] == digest:
            await _extend_scope(connection, latest, scope)
            if revived:
                await schedules.declare(connection, flow["id"], spec.triggers, actor, scope)
                flow = await connection.fetchrow(_UPDATE, flow["id"], *about, latest["number"])
                assert flow
            return flow, latest, False
        number = latest["number"] + 1 if latest else 1
        revision: RevisionRow | None = await connection.fetchrow(
            _INSERT_REVISION, new_id(), flow["id"], number, source, digest, actor, kept(scope)
        )
        assert revision
        await flow_links.note(connection, revision["id"], links_of(spec))
        if origin:
            target = audit.Target(typed("flow", flow["id"]), spec.id, spec.namespace)
            await audit.record(connection, origin, "SAVE_FLOW", target, {"revision": number})
        await schedules.declare(connection, flow["id"], spec.triggers, actor, scope)
        flow = await connection.fetchrow(_UPDATE, flow["id"], *about, number)
        assert flow
        return flow, revision, True


async def _extend_scope(connection: Connection, latest: RevisionRow, scope: Scope) -> None:
    """Extends the scope of a revision and its flow's schedules, if the new scope contains the old one."""
    before = scope_of(latest["scope"])
    if before != scope and before.within(scope) == before:
        await connection.execute(
            _EXTEND_SCOPE, latest["id"], latest["flow_id"], kept(scope), kept(before)
        )


async def find_flow(pool: Pool, scope: Scope, namespace: str, key: str) -> FlowRow | None:
    arguments = Arguments(namespace, key)
    condition = compile_scope(scope, arguments)
    return await pool.fetchrow(
        f"select * from flows where namespace = $1 and key = $2 and deleted_at is null and {condition}",
        *arguments.values,
    )


async def find_revision(pool: Pool, flow_id: UUID, number: int) -> RevisionRow | None:
    return await pool.fetchrow(_LATEST, flow_id, number)


_NUMBERED = """
select r.* from unnest($1::uuid[], $2::int[]) wanted (flow_id, number)
join revisions r on (r.flow_id, r.number) = (wanted.flow_id, wanted.number)
"""
_NEWEST = """
select r.* from unnest($1::uuid[]) wanted (flow_id) cross join lateral (
  select * from revisions r where r.flow_id = wanted.flow_id and r.number > 0 order by r.number desc limit $2) r
order by r.flow_id, r.number desc
"""


async def numbered_revisions(
    pool: Pool, places: Sequence[tuple[UUID, int]]
) -> list[RevisionRow | None]:
    """Revisions by flow and number, in the order of `places`; None for those that do not exist."""
    rows: list[RevisionRow] = await pool.fetch(_NUMBERED, *to_columns(places))
    found = {(row["flow_id"], row["number"]): row for row in rows}
    return [found.get(place) for place in places]


async def revisions_of(pool: Pool, first: int, flow_ids: Sequence[UUID]) -> list[list[RevisionRow]]:
    """The newest `first` revisions of each flow, the newest first, in the order of `flow_ids`."""
    found: dict[UUID, list[RevisionRow]] = {id: [] for id in flow_ids}
    rows: list[RevisionRow] = await pool.fetch(_NEWEST, list(flow_ids), first)
    for row in rows:
        found[row["flow_id"]].append(row)
    return [found[id] for id in flow_ids]


async def flows_by_id(pool: Pool, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, FlowRow]:
    arguments = Arguments(list(ids))
    condition = compile_scope(scope, arguments)
    rows: list[FlowRow] = await pool.fetch(
        f"select * from flows where id = any($1::uuid[]) and deleted_at is null and {condition}",
        *arguments.values,
    )
    return {row["id"]: row for row in rows}


async def revisions_by_id(pool: Pool, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, RevisionRow]:
    arguments = Arguments(list(ids))
    condition = compile_scope(scope, arguments, "f.namespace")
    rows: list[RevisionRow] = await pool.fetch(
        "select r.* from revisions r join flows f on f.id = r.flow_id "
        f"where r.id = any($1::uuid[]) and {condition}",
        *arguments.values,
    )
    return {row["id"]: row for row in rows}


class NamespaceRow(TypedDict):
    """A namespace, and the number of its flows."""

    namespace: str
    flows: int


async def namespaces(pool: Pool, listed: Scope, seen: Scope) -> Sequence[NamespaceRow]:
    """Namespaces that have flows in the scope `listed`, or executions in the scope `seen`."""
    arguments = Arguments()
    flows, executions = compile_scope(listed, arguments), compile_scope(seen, arguments)
    rows: list[NamespaceRow] = await pool.fetch(
        f"""with recursive {walked("flow_key")}
        select namespace, count(key) as flows
        from (select namespace, key from flows where deleted_at is null and {flows}
              union select namespace, null from walked where {executions}) known
        group by namespace order by namespace""",
        *arguments.values,
    )
    return rows


_ORDERS = {
    "NAME_ASC": ("namespace || '/' || key", False),
    "UPDATED_DESC": (
        "to_char(updated_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || id",
        True,
    ),
}


class PlacedFlow(FlowRow):
    """`position` is the text by which the row is ordered."""

    position: str


async def flows_page(
    pool: Pool,
    scope: Scope,
    condition: str,
    arguments: Arguments,
    order: str,
    size: int,
    cursor: str | None,
    backwards: bool,
) -> Page[PlacedFlow]:
    """A page of flows in one of two orders; the cursor is the text by which a row is ordered."""
    column, newest_first = _ORDERS[order]
    condition = f"{condition} and {compile_scope(scope, arguments)}"
    descending = newest_first != backwards
    if cursor is not None:
        condition += f" and {column} {'<' if descending else '>'} {arguments.add(cursor)}"
    rows: list[PlacedFlow] = await pool.fetch(
        f"select *, {column} as position from flows where {condition} "
        f"order by position {'desc' if descending else 'asc'} limit {arguments.add(size + 1)}",
        *arguments.values,
    )
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        return Page(rows[::-1], has_next=cursor is not None, has_previous=more)
    return Page(rows, has_next=more, has_previous=cursor is not None)
