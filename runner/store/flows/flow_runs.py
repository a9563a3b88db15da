"""Executions of many flows: reads a page for each in one statement, and counts them in another."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypedDict
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING
from runner.store.json import to_columns
from runner.store.lists.words import listed
from runner.store.pages import COUNT_LIMIT, Page
from runner.store.postgres.connection import Executes
from runner.store.rows import ExecutionRow
from runner.store.where import Arguments

_WAY: Final = """
(select * from executions e where {way} and e.namespace = wanted.namespace and e.flow_key = wanted.flow_key
   and (wanted.cursor is null or e.id {compare} wanted.cursor) and {condition}
 order by e.id {order} limit wanted.most + 1)
"""
# One branch for each direction, so that each reads along the index; the other one reads nothing.
_PAGES: Final = """
select wanted.place, e.*, null as sort_key
from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::boolean[])
  with ordinality wanted (namespace, flow_key, most, cursor, backwards, place)
cross join lateral ({forwards} union all {backwards}) e
order by wanted.place, e.id desc
"""
_COUNTS: Final = f"""
select wanted.place, counted.number
from unnest($1::text[], $2::text[]) with ordinality wanted (namespace, flow_key, place)
cross join lateral (
  select count(*) as number from (
    select from executions e where e.namespace = wanted.namespace and e.flow_key = wanted.flow_key and {{condition}}
    limit {COUNT_LIMIT + 1}) e) counted
order by wanted.place
"""


class PlacedExecution(ExecutionRow):
    """`place` is that of the page, from 1. These pages have the order of the ids, and no other key to sort by."""

    place: int
    sort_key: str | None


class _Count(TypedDict):
    place: int
    number: int


class FlowPage(NamedTuple):
    """`most` executions of a flow, the newest first, after (or, `backwards`, before) the one with the id `cursor`."""

    namespace: str
    flow_key: str
    most: int
    cursor: UUID | None
    backwards: bool = False


async def pages(
    pool: Executes, scope: Scope, wanted: Sequence[FlowPage]
) -> list[Page[PlacedExecution]]:
    arguments = Arguments(*to_columns(wanted))
    condition = listed(scope, EVERYTHING, arguments)
    sql = _PAGES.format(
        forwards=_WAY.format(
            way="not wanted.backwards", compare="<", order="desc", condition=condition
        ),
        backwards=_WAY.format(
            way="wanted.backwards", compare=">", order="asc", condition=condition
        ),
    )
    found: list[list[PlacedExecution]] = [[] for _ in wanted]
    read: list[PlacedExecution] = await pool.fetch(sql, *arguments.values)
    for row in read:
        found[row["place"] - 1].append(row)
    return [_page(rows, page) for rows, page in zip(found, wanted, strict=True)]


def _page(rows: Sequence[PlacedExecution], wanted: FlowPage) -> Page[PlacedExecution]:
    """`rows` may have one more than the page, on the side where the list continues."""
    more, beyond = len(rows) > wanted.most, wanted.cursor is not None
    if wanted.backwards:
        return Page(rows[-wanted.most :], has_next=beyond, has_previous=more)
    return Page(rows[: wanted.most], has_next=more, has_previous=beyond)


async def counts(
    pool: Executes, scope: Scope, wanted: Sequence[tuple[str, str]]
) -> list[tuple[int, bool]]:
    """The number for each flow, and whether it is exact: counting stops at COUNT_LIMIT."""
    arguments = Arguments(*to_columns(wanted))
    condition = listed(scope, EVERYTHING, arguments)
    rows: list[_Count] = await pool.fetch(_COUNTS.format(condition=condition), *arguments.values)
    return [(min(row["number"], COUNT_LIMIT), row["number"] <= COUNT_LIMIT) for row in rows]
