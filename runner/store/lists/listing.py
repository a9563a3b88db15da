"""Reads pages and counts of executions, by any filter and in any order, within a viewer's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING, Field, Filter, mentions
from models.orders import ByValue, ExecutionOrder, Order
from runner.store.lists.orders import COLUMNS, Column, KeysetPosition, ListedRow, Part, beyond
from runner.store.lists.value_orders import value_page
from runner.store.lists.words import Words, listed, matching_words, wanted_words
from runner.store.pages import COUNT_LIMIT, Page
from runner.store.postgres.connection import Executes, Pool
from runner.store.where import Arguments

NEWEST: Final = 5_000
"""The number of the newest executions among which filters are counted that need a lookup for each execution."""
_MAX_SCANNED: Final = 20_000
"""The number of the newest executions that are scanned for a frequent word, before its index is used."""


@dataclass(frozen=True, slots=True)
class View:
    """`size` rows of an ordered list after (or, `backwards`, before) a position."""

    size: int
    order: Order = ExecutionOrder.CREATED_DESC
    place: KeysetPosition | None = None
    backwards: bool = False

    @property
    def descending(self) -> bool:
        return self.order.descending != self.backwards


@dataclass(frozen=True, slots=True)
class CountedPage:
    """The first page and the total number, both of one snapshot."""

    rows: Sequence[ListedRow]
    count: int
    exact: bool


class _IdRow(TypedDict):
    id: UUID


class _CountsRow(TypedDict):
    seen: int
    found: int


async def counted_page(
    pool: Pool, scope: Scope, where: Filter, view: View, likely_full: bool
) -> CountedPage:
    """Reads a page with its count. A page that is not full needs no count; one that is `likely_full` is
    read in one snapshot with its count at once."""
    if not likely_full:
        rows = (await executions_page(pool, scope, where, view)).rows
        if len(rows) < view.size:
            return CountedPage(rows, len(rows), exact=True)
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows = (await executions_page(connection, scope, where, view)).rows
        if len(rows) < view.size:
            return CountedPage(rows, len(rows), exact=True)
        return CountedPage(rows, *await count_executions(connection, scope, where))


async def executions_page(
    pool: Executes, scope: Scope, where: Filter = EVERYTHING, view: View = View(50)
) -> Page[ListedRow]:
    """Rows with `sort_key`, their key in this order. The thousandth page is as cheap as the first."""
    rows = await _rows(pool, scope, where, view)
    more, rows = len(rows) > view.size, rows[: view.size]
    if view.backwards:
        return Page(rows[::-1], has_next=view.place is not None, has_previous=more)
    return Page(rows, has_next=more, has_previous=view.place is not None)


async def _rows(pool: Executes, scope: Scope, where: Filter, view: View) -> Sequence[ListedRow]:
    """The rows of the page, and one more if there is one."""
    if isinstance(view.order, ByValue):
        return await value_page(
            pool, scope, where, view.order, view.place, view.backwards, view.size + 1
        )
    rows: Sequence[ListedRow] = ()
    words = wanted_words(where)
    if words and view.order.column == "CREATED" and await words.are_frequent(pool):
        rows = await _among_newest(pool, scope, where, view)
    if len(rows) <= view.size:
        rows = await _page(pool, scope, where, view, words)
    return rows


async def _among_newest(
    pool: Executes, scope: Scope, where: Filter, view: View
) -> Sequence[ListedRow]:
    """Scans the newest executions, where a frequent word is found soon; its index would return all that have it."""
    arguments = Arguments()
    part, direction = COLUMNS["CREATED"].parts[0], _direction(view)
    after = _after(COLUMNS["CREATED"], part, view, arguments)
    condition = listed(scope, where, arguments)
    return await pool.fetch(
        f"""select *, null as sort_key from (
              select * from executions where {after} order by id {direction} limit {_MAX_SCANNED}) executions
            where {condition} order by id {direction} limit {arguments.add(view.size + 1)}""",
        *arguments.values,
    )


async def _page(
    pool: Executes, scope: Scope, where: Filter, view: View, words: Words | None
) -> Sequence[ListedRow]:
    arguments = Arguments()
    column, direction = COLUMNS[view.order.column], _direction(view)
    condition = (
        f"id = any(array({matching_words(scope, where, words, arguments)}))"
        if words
        else listed(scope, where, arguments)
    )
    limit = arguments.add(view.size + 1)
    parts = [
        f"""(select *, {part.key} as sort_value from executions
             where {part.condition} and {_after(column, part, view, arguments)} and {condition}
             order by {_ordered(part, direction)} limit {limit})"""
        for part in column.parts
    ]
    shown = "null" if column.type == "uuid" else "sort_value::text"
    return await pool.fetch(
        f"""select *, {shown} as sort_key from ({" union all ".join(parts)}) found
            order by sort_value {direction}, id {direction} limit {limit}""",
        *arguments.values,
    )


def _direction(view: View) -> str:
    return "desc" if view.descending else "asc"


def _after(column: Column, part: Part, view: View, arguments: Arguments) -> str:
    if view.place is None:
        return "true"
    return beyond(column, part, view.place, view.descending, arguments)


def _ordered(part: Part, direction: str) -> str:
    if part.constant is not None or part.key == "id":
        return f"id {direction}"
    return f"{part.key} {direction}, id {direction}"


async def matching(pool: Pool, scope: Scope, where: Filter, ids: Sequence[UUID]) -> set[UUID]:
    """Returns those of the ids that are in the list, on any page."""
    arguments = Arguments(list(ids))
    condition = listed(scope, where, arguments)
    rows: list[_IdRow] = await pool.fetch(
        f"select id from executions where id = any($1::uuid[]) and {condition}", *arguments.values
    )
    return {row["id"] for row in rows}


async def count_executions(pool: Executes, scope: Scope, where: Filter) -> tuple[int, bool]:
    """The number of matches, and whether it is exact: counting stops at COUNT_LIMIT."""
    arguments = Arguments()
    if mentions(where, Field.METRIC):
        return await _count_newest(pool, listed(scope, where, arguments), arguments)
    words = wanted_words(where)
    found = (
        matching_words(scope, where, words, arguments)
        if words
        else f"select from executions where {listed(scope, where, arguments)}"
    )
    number: int = await pool.fetchval(
        f"select count(*) from ({found} limit {COUNT_LIMIT + 1}) found", *arguments.values
    )
    return min(number, COUNT_LIMIT), number <= COUNT_LIMIT


async def _count_newest(pool: Executes, condition: str, arguments: Arguments) -> tuple[int, bool]:
    """Counts among the NEWEST executions, for filters that need a lookup for each; exact if there are no more."""
    row: _CountsRow | None = await pool.fetchrow(
        f"""select count(*) as seen, count(*) filter (where {condition}) as found
            from (select * from executions order by id desc limit {NEWEST + 1}) executions""",
        *arguments.values,
    )
    assert row
    return min(row["found"], COUNT_LIMIT), row["seen"] <= NEWEST
