"""The flows that the newest revisions start, stored with each revision so that no read has to parse every document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from models.errors import Fault
from models.links import FlowLink, links_of
from runner.store.json import dump, load
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import FlowRow

_READ: TypeAdapter[list[FlowLink]] = TypeAdapter(list[FlowLink])
_NOTE = """
insert into revision_links (revision_id, links) values ($1, $2::jsonb) on conflict (revision_id) do nothing
"""
_NEWEST = """
select f.*, r.id as revision_id, l.links from flows f
join revisions r on r.flow_id = f.id and r.number = f.latest_revision
left join revision_links l on l.revision_id = r.id where f.deleted_at is null
"""


class _LinkedRow(FlowRow):
    revision_id: UUID
    links: str | None


@dataclass(frozen=True, slots=True)
class LinkedFlow:
    row: FlowRow
    links: Sequence[FlowLink]


async def note(connection: Connection, revision_id: UUID, links: Iterable[FlowLink]) -> None:
    """Stores the links of a revision, which never change."""
    await connection.execute(_NOTE, revision_id, dump(list(links)))


async def linked_flows(pool: Pool, plans: Plans) -> Mapping[tuple[str, str], LinkedFlow]:
    """Every flow by namespace and key, with the links of its newest revision."""
    rows: list[_LinkedRow] = await pool.fetch(_NEWEST)
    unread = [row["revision_id"] for row in rows if row["links"] is None]
    found = await _read_now(pool, plans, unread) if unread else {}
    return {
        (row["namespace"], row["key"]): LinkedFlow(
            row,
            found.get(row["revision_id"], ())
            if row["links"] is None
            else _READ.validate_python(load(row["links"])),
        )
        for row in rows
    }


async def _read_now(
    pool: Pool, plans: Plans, revisions: Sequence[UUID]
) -> dict[UUID, Sequence[FlowLink]]:
    found: dict[UUID, Sequence[FlowLink]] = {}
    async with pool.acquire() as connection:
        for id in revisions:
            try:
                found[id] = tuple(links_of((await plans.of(connection, id)).spec))
            except Fault:
                continue  # the links of a revision that this version cannot read are unknown
            await note(connection, id, found[id])
    return found
