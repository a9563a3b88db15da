"""Executions of many flows: a page of each in one statement, and how many each has in another."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING
from runner.store.json import turned
from runner.store.lists.words import listed
from runner.store.pages import COUNT_LIMIT, Page
from runner.store.postgres.connection import Executes
from runner.store.where import Arguments

_WAY: Final = """
(select * from executions e where {way} and e.namespace = asked.namespace and e.flow_key = asked.flow_key
   and (asked.cursor is null or e.id {compare} asked.cursor) and {condition}
 order by e.id {order} limit asked.most + 1)
"""
# A branch for each way, so that each reads along the index; the one that is not asked for reads nothing.
_PAGES: Final = """
select asked.place, e.*, null as sort_key
from unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::boolean[])
  with ordinality asked (namespace, flow_key, most, cursor, backwards, place)
cross join lateral ({forwards} union all {backwards}) e
order by asked.place, e.id desc
"""
_COUNTS: Final = f"""
select asked.place, counted.number
from unnest($1::text[], $2::text[]) with ordinality asked (namespace, flow_key, place)
cross join lateral (
  select count(*) as number from (
    select from executions e where e.namespace = asked.namespace and e.flow_key = asked.flow_key and {{condition}}
    limit {COUNT_LIMIT + 1}) e) counted
order by asked.place
"""


class FlowPage(NamedTuple):
    """`most` executions of a flow, the newest first, after (or, `backwards`, before) the one with the id `cursor`."""

    namespace: str
    flow_key: str
    most: int
    cursor: UUID | None
    backwards: bool = False


async def pages(pool: Executes, scope: Scope, asked: Sequence[FlowPage]) -> list[Page]:
    arguments = Arguments(*turned(asked))
    condition = listed(scope, EVERYTHING, arguments)
    sql = _PAGES.format(
        forwards=_WAY.format(
            way="not asked.backwards", compare="<", order="desc", condition=condition
        ),
        backwards=_WAY.format(way="asked.backwards", compare=">", order="asc", condition=condition),
    )
    found: list[list[Any]] = [[] for _ in asked]
    for row in await pool.fetch(sql, *arguments.values):
        found[row["place"] - 1].append(row)
    return [_page(rows, page) for rows, page in zip(found, asked, strict=True)]


def _page(rows: Sequence[Any], asked: FlowPage) -> Page:
    """`rows` may hold one more than was asked for, on the side that the page goes on to."""
    more, beyond = len(rows) > asked.most, asked.cursor is not None
    if asked.backwards:
        return Page(rows[-asked.most :], has_next=beyond, has_previous=more)
    return Page(rows[: asked.most], has_next=more, has_previous=beyond)


async def counts(
    pool: Executes, scope: Scope, asked: Sequence[tuple[str, str]]
) -> list[tuple[int, bool]]:
    """Of each flow, and whether the number is exact: counting stops at 10 000."""
    arguments = Arguments(*turned(asked))
    condition = listed(scope, EVERYTHING, arguments)
    rows = await pool.fetch(_COUNTS.format(condition=condition), *arguments.values)
    return [(min(row["number"], COUNT_LIMIT), row["number"] <= COUNT_LIMIT) for row in rows]
