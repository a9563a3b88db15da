"""One query for many sets of arguments, as one statement."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from runner.store.json import turned
from runner.store.postgres.connection import Pool

_ARGUMENT: Final = re.compile(r"\$(\d+)")
# The rows of each in the order that the query gives them.
_EACH: Final = """
select asked.place, each_found.* from unnest({arrays}) with ordinality asked ({names}, place)
cross join lateral (select row_number() over () as nth, found.* from ({query}) found) each_found
order by asked.place, each_found.nth
"""
_types: dict[str, Sequence[str]] = {}
"""Of the arguments of each query that was asked: there are as many as the program has."""


async def fetch_each(pool: Pool, query: str, asked: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The rows of the query for each set of arguments. What is the same in all of them is so in the statement too, and
    its plan leaves out what nobody asks for."""
    columns = turned(asked)
    varied = [place for place, column in enumerate(columns) if _differs(column)]
    # Arrays of arrays have no elements that are one of each.
    if not varied or any(isinstance(asked[0][place], tuple) for place in varied):
        return [await pool.fetch(query, *arguments) for arguments in asked]
    types = await _types_of(pool, query)
    arrays = [f"${place + 1}::{types[place]}[]" for place in varied]
    statement = _EACH.format(
        arrays=", ".join(arrays),
        names=", ".join(f"a{place + 1}" for place in varied),
        query=_ARGUMENT.sub(partial(_value, types, varied), query),
    )
    values = [column if place in varied else column[0] for place, column in enumerate(columns)]
    found: list[list[Any]] = [[] for _ in asked]
    for row in await pool.fetch(statement, *values):
        found[row["place"] - 1].append(row)
    return found


def _differs(column: Sequence[Any]) -> bool:
    return any(value != column[0] for value in column)


def _value(types: Sequence[str], varied: Sequence[int], argument: re.Match[str]) -> str:
    place = int(argument[1]) - 1
    return f"asked.a{place + 1}" if place in varied else f"${place + 1}::{types[place]}"


async def _types_of(pool: Pool, query: str) -> Sequence[str]:
    found = _types.get(query)
    if found is None:
        async with pool.acquire() as connection:
            parameters = (await connection.prepare(query)).get_parameters()
        found = _types[query] = [one.name for one in parameters]
    return found
