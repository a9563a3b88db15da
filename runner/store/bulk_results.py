"""The results of a bulk action: the outcome of each of its executions."""

from uuid import UUID

from models.access.viewer import Scope
from models.bulk import BulkOutcome
from models.errors import Problem, ProblemCode
from runner.store.pages import Page
from runner.store.postgres.connection import Executes, Pool
from runner.store.rows import BulkItemRow
from runner.store.where import Arguments, compile_scope


async def page(
    pool: Pool,
    scope: Scope,
    id: UUID,
    outcome: BulkOutcome | None,
    size: int,
    cursor: int | None,
    backwards: bool = False,
) -> Page[BulkItemRow]:
    """Rows in the order of the set, after (or, `backwards`, before) the position `cursor`."""
    arguments, condition = _condition(scope, id, outcome)
    compare, order = ("<", "desc") if backwards else (">", "asc")
    if cursor is not None:
        condition += f" and position {compare} {arguments.add(cursor)}"
    limit = arguments.add(size + 1)
    rows: list[BulkItemRow] = await pool.fetch(
        f"select * from bulk_items where {condition} order by position {order} limit {limit}",
        *arguments.values,
    )
    more, beyond = len(rows) > size, cursor is not None
    if backwards:
        return Page(rows[:size][::-1], has_next=beyond, has_previous=more)
    return Page(rows[:size], has_next=more, has_previous=beyond)


async def find(pool: Executes, scope: Scope, id: UUID, position: int) -> BulkItemRow | None:
    arguments, condition = _condition(scope, id, None)
    rows: list[BulkItemRow] = await pool.fetch(
        f"select * from bulk_items where {condition} and position = {arguments.add(position)}",
        *arguments.values,
    )
    return next(iter(rows), None)


async def count(pool: Pool, scope: Scope, id: UUID, outcome: BulkOutcome | None) -> int:
    arguments, condition = _condition(scope, id, outcome)
    found: int = await pool.fetchval(
        f"select count(*) from bulk_items where {condition}", *arguments.values
    )
    return found


def _condition(scope: Scope, id: UUID, outcome: BulkOutcome | None) -> tuple[Arguments, str]:
    arguments = Arguments(id)
    condition = f"bulk_id = $1 and {compile_scope(scope, arguments)}"
    if outcome is BulkOutcome.LEFT:
        condition += " and outcome is null"
    elif outcome:
        condition += f" and outcome = {arguments.add(outcome.value)}"
    return arguments, condition


def problem_of(row: BulkItemRow) -> Problem | None:
    return Problem(ProblemCode(row["code"]), row["message"] or "") if row["code"] else None
