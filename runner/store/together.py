"""Runs one query for many sets of arguments as one statement."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from runner.store.json import to_columns
from runner.store.postgres.connection import Pool

_ARGUMENT: Final = re.compile(r"\$(\d+)")
# Keeps the order of the query's rows for each set of arguments.
_EACH: Final = """
select wanted.place, each_found.* from unnest({arrays}) with ordinality wanted ({names}, place)
cross join lateral (select row_number() over () as nth, found.* from ({query}) found) each_found
order by wanted.place, each_found.nth
"""
_types: dict[str, Sequence[str]] = {}
"""The types of the arguments of each query; bounded, because the program has a fixed number of queries."""


async def fetch_each(
    pool: Pool, query: str, argument_sets: Sequence[tuple[Any, ...]]
) -> list[list[Any]]:
    """The rows of the query for each set of arguments. Arguments that are equal in all sets are passed once, so that
    the planner can use their values."""
    columns = to_columns(argument_sets)
    varied = [place for place, column in enumerate(columns) if _differs(column)]
    # unnest flattens arrays of arrays, so arguments that are arrays cannot vary within one statement.
    if not varied or any(isinstance(argument_sets[0][place], tuple) for place in varied):
        return [await pool.fetch(query, *arguments) for arguments in argument_sets]
    types = await _types_of(pool, query)
    arrays = [f"${place + 1}::{types[place]}[]" for place in varied]
    statement = _EACH.format(
        arrays=", ".join(arrays),
        names=", ".join(f"a{place + 1}" for place in varied),
        query=_ARGUMENT.sub(partial(_value, types, varied), query),
    )
    values = [column if place in varied else column[0] for place, column in enumerate(columns)]
    found: list[list[Any]] = [[] for _ in argument_sets]
    for row in await pool.fetch(statement, *values):
        found[row["place"] - 1].append(row)
    return found


def _differs(column: Sequence[Any]) -> bool:
    return any(value != column[0] for value in column)


def _value(types: Sequence[str], varied: Sequence[int], argument: re.Match[str]) -> str:
    place = int(argument[1]) - 1
    return f"wanted.a{place + 1}" if place in varied else f"${place + 1}::{types[place]}"


async def _types_of(pool: Pool, query: str) -> Sequence[str]:
    found = _types.get(query)
    if found is None:
        async with pool.acquire() as connection:
            parameters = (await connection.prepare(query)).get_parameters()
        found = _types[query] = [one.name for one in parameters]
    return found
