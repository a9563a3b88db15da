"""Counts executions by date in bars, and in each bar by state."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypedDict

from models.access.viewer import Scope
from models.filters.filters import And, Field, Filter, Operator, Term
from models.states import ExecutionState
from models.statistics.bars import Bars
from runner.store.lists.words import found_by
from runner.store.postgres.connection import Pool
from runner.store.where import EXECUTIONS, Arguments

_COUNTED: Final = """
select date_bin({length}::interval, {date}, {first}::timestamptz) as start, state, count(*) as number
from executions where {condition} group by 1, 2
"""


class _BarRow(TypedDict):
    start: datetime
    state: str
    number: int


async def histogram(
    pool: Pool, scope: Scope, where: Filter, since: datetime, until: datetime, bars: Bars
) -> Mapping[datetime, Mapping[ExecutionState, int]]:
    """Counts by the start of the bar, for dates from `since` to before `until`; empty bars are left out."""
    arguments = Arguments()
    dated = [Term(Field.DATE, Operator.GTE, since), Term(Field.DATE, Operator.LT, until)]
    statement = _COUNTED.format(
        length=arguments.add(bars.length),
        date=EXECUTIONS.columns[Field.DATE],
        first=arguments.add(bars.first),
        condition=found_by(scope, And([*dated, where]), arguments),
    )
    found: dict[datetime, dict[ExecutionState, int]] = defaultdict(dict)
    rows: list[_BarRow] = await pool.fetch(statement, *arguments.values)
    for row in rows:
        found[row["start"]][ExecutionState(row["state"])] = row["number"]
    return found
