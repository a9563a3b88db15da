"""Executions of many flows: a page of each in one statement, and how many each has in another."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.filters import EVERYTHING
from models.viewer import Scope
from runner.store.connection import Executes
from runner.store.history import COUNT_LIMIT, Page
from runner.store.json import turned
from runner.store.where import Arguments
from runner.store.words import listed

_PAGES: Final = """
select asked.place, e.*, null as sort_key
from unnest($1::text[], $2::text[], $3::int[], $4::uuid[])
  with ordinality asked (namespace, flow_key, most, after, place)
cross join lateral (
  select * from executions e where e.namespace = asked.namespace and e.flow_key = asked.flow_key
    and (asked.after is null or e.id < asked.after) and {condition}
  order by e.id desc limit asked.most + 1) e
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
    """`most` executions of a flow, the newest first, after one of them."""

    namespace: str
    flow_key: str
    most: int
    after: UUID | None


async def pages(pool: Executes, scope: Scope, asked: Sequence[FlowPage]) -> list[Page]:
    arguments = Arguments(*turned(asked))
    condition = listed(scope, EVERYTHING, arguments)
    found: list[list[Any]] = [[] for _ in asked]
    for row in await pool.fetch(_PAGES.format(condition=condition), *arguments.values):
        found[row["place"] - 1].append(row)
    return [
        Page(rows[: page.most], len(rows) > page.most, page.after is not None)
        for rows, page in zip(found, asked, strict=True)
    ]


async def counts(
    pool: Executes, scope: Scope, asked: Sequence[tuple[str, str]]
) -> list[tuple[int, bool]]:
    """Of each flow, and whether the number is exact: counting stops at 10 000."""
    arguments = Arguments(*turned(asked))
    condition = listed(scope, EVERYTHING, arguments)
    rows = await pool.fetch(_COUNTS.format(condition=condition), *arguments.values)
    return [(min(row["number"], COUNT_LIMIT), row["number"] <= COUNT_LIMIT) for row in rows]
