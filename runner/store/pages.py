"""Pages of rows by key, and counts that stop at a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from runner.store.postgres.connection import Pool
from runner.store.where import Arguments

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)
COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an ordered list: `size` rows after (or, `backwards`, before) the row `cursor`."""

    size: int
    cursor: UUID | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Found_co]):
    rows: Sequence[Found_co]
    has_next: bool
    has_previous: bool


async def keyset_page(
    pool: Pool,
    table: str,
    condition: str,
    arguments: Arguments,
    window: Window,
    newest_first: bool = True,
) -> Page[Found]:
    """A page ordered by id: stable when rows are inserted, and the thousandth page is as cheap as the first. Its rows
    have all columns of the table; the caller states their type."""
    descending = newest_first != window.backwards
    if window.cursor:
        compare = "<" if descending else ">"
        condition += f" and id {compare} {arguments.add(window.cursor)}"
    order = "desc" if descending else "asc"
    limit = arguments.add(window.size + 1)
    rows: Sequence[Found] = await pool.fetch(
        f"select * from {table} where {condition} order by id {order} limit {limit}",
        *arguments.values,
    )
    more, rows = len(rows) > window.size, rows[: window.size]
    if window.backwards:
        return Page(rows[::-1], has_next=window.cursor is not None, has_previous=more)
    return Page(rows, has_next=more, has_previous=window.cursor is not None)


async def count(pool: Pool, table: str, condition: str, arguments: Arguments) -> tuple[int, bool]:
    """The number of rows, at most COUNT_LIMIT, and whether it is exact."""
    found: int = await pool.fetchval(
        f"select count(*) from (select 1 from {table} where {condition} limit {COUNT_LIMIT + 1}) x",
        *arguments.values,
    )
    return min(found, COUNT_LIMIT), found <= COUNT_LIMIT
