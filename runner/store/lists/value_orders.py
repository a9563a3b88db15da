"""Orders executions by a value: a metric, a property, an input, a label, or a text column.

There cannot be an index for every key, so all matches are sorted, and their number is limited.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from math import isinf
from typing import Any, Final

from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.filters.filters import EVERYTHING, And, Field, Filter, mentions
from models.orders import ByValue
from runner.store.lists.orders import KeysetPosition, ListedRow
from runner.store.lists.words import found_by
from runner.store.postgres.connection import Executes
from runner.store.where import EXECUTIONS, Arguments
from runner.store.where.terms import LAST_FIRST

MOST: Final = 50_000
"""The most executions that are sorted for a page."""
_MAX_TEXT: Final = 200
"""Characters by which text is ordered."""
_NUMBER, _WORD, _NONE = 0, 1, 2
_LONGEST_KEY: Final = 2000
_KEY: Final = re.compile(r"(n-?([0-9]+(\.[0-9]+)?(e[+-][0-9]+)?|Infinity)|t[^\0]*)?", re.ASCII)
"""The key of a row in a cursor: n and a number, t and a text, or empty for a row without a value."""
_MEASURED: Final = f"""(select nullif(m.value, 'NaN') from metrics m where m.execution_id = executions.id
  and m.name = {{key}} order by {LAST_FIRST} limit 1)"""
_NEED_LOOKUPS: Final = (Field.METRIC, Field.RETRIED, Field.NOTES, Field.CHILDREN)
"""Fields that need a lookup for each execution."""


async def value_page(
    pool: Executes,
    scope: Scope,
    where: Filter,
    order: ByValue,
    place: KeysetPosition | None,
    backwards: bool,
    limit: int,
) -> Sequence[ListedRow]:
    """Raises Refused when too many match."""
    await _check_number(pool, scope, where)
    arguments = Arguments()
    ordered = _ordered(scope, where, order, place, backwards, arguments)
    return await pool.fetch(f"{ordered} limit {arguments.add(limit)}", *arguments.values)


def all_by_value(scope: Scope, where: Filter, order: ByValue) -> tuple[str, list[Any]]:
    """A statement for all matches in this order, without a limit, and its arguments."""
    arguments = Arguments()
    return _ordered(scope, where, order, None, False, arguments), arguments.values


def digest_of(order: ByValue) -> str:
    """A digest of the order's column, by which its cursors are recognised, in either direction."""
    return sha256(order.column.encode()).hexdigest()[:12]


def check_value_place(order: ByValue, place: KeysetPosition) -> None:
    """Raises ValueError for a key that no row of this order can have."""
    key = place.key
    if key is None or len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise ValueError(key)
    if not key.startswith("n"):
        if key and order.field is Field.METRIC:
            raise ValueError(key)
    elif order.field is Field.METRIC:
        _check_float(key)
    elif "e" in key or "I" in key:
        raise ValueError(key)


def _check_float(key: str) -> None:
    """Raises ValueError for numbers that Python rounds to zero or infinity: PostgreSQL refuses them."""
    number = Decimal(key[1:])
    if not number.is_infinite() and (isinf(float(number)) or bool(number) != bool(float(number))):
        raise ValueError(key)


def _ordered(
    scope: Scope,
    where: Filter,
    order: ByValue,
    place: KeysetPosition | None,
    backwards: bool,
    arguments: Arguments,
) -> str:
    number, word = _values(order, arguments)
    kind = _number_type(order)
    direction = "desc" if order.descending != backwards else "asc"
    rank = "desc" if backwards else "asc"
    by = f"class {rank}, number {direction}, word {direction}, id {direction}"
    after = _after(kind, place, direction, backwards, arguments) if place else "true"
    return f"""select executions.*,
        case class when {_NUMBER} then 'n' || number::text when {_WORD} then 't' || word else '' end as sort_key
      from (
        select id, number, case when number is null then word end as word,
          case when number is not null then {_NUMBER} when word is not null then {_WORD} else {_NONE} end as class
        from (select id, {number} as number, {word} collate "C" as word
              from executions where {found_by(scope, where, arguments)} offset 0) valued) placed
      join executions using (id) where {after} order by {by}"""


def _number_type(order: ByValue) -> str:
    return "float8" if order.field is Field.METRIC else "numeric"


def _values(order: ByValue, arguments: Arguments) -> tuple[str, str]:
    """SQL for the number of an execution under the key, and for its text; both are null for encrypted values."""
    if not order.key:
        return "null::numeric", f"left({EXECUTIONS.columns[order.field]}::text, {_MAX_TEXT})"
    key = arguments.add(order.key)
    if order.field is Field.METRIC:
        return _MEASURED.format(key=key), "null::text"
    value = f"({EXECUTIONS.columns[order.field]} -> {key}::text)"
    word = f"case when jsonb_typeof({value}) in ('string', 'boolean') then left({value} #>> '{{}}', {_MAX_TEXT}) end"
    return f"headway_number({value})", word


def _after(
    kind: str, place: KeysetPosition, direction: str, backwards: bool, arguments: Arguments
) -> str:
    """The condition for rows after a position."""
    compare, beyond = (">" if direction == "asc" else "<"), ("<" if backwards else ">")
    id, key = arguments.add(place.id), place.key or ""
    if not key:
        return f"(class {beyond} {_NONE} or class = {_NONE} and id {compare} {id}::uuid)"
    at, column, type = (_NUMBER, "number", kind) if key[0] == "n" else (_WORD, "word", "text")
    value = f"{arguments.add(key[1:])}::text::{type}"
    return (
        f"(class {beyond} {at} or class = {at} and ({column}, id) {compare} ({value}, {id}::uuid))"
    )


async def _check_number(pool: Executes, scope: Scope, where: Filter) -> None:
    arguments = Arguments()
    condition = found_by(scope, _without_lookups(where), arguments)
    number: int = await pool.fetchval(
        f"select count(*) from (select from executions where {condition} limit {MOST + 1}) found",
        *arguments.values,
    )
    if number > MOST:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"more than {MOST} executions would have to be sorted for this order; narrow them down, "
            "as by flow:KEY, state:failed or date:-7d TO now, or use `orderBy`",
            "orderByValue",
        )


def _without_lookups(node: Filter) -> Filter:
    """The filter without terms that need a lookup for each execution; it matches the same executions and more."""
    if isinstance(node, And):
        return And([_without_lookups(part) for part in node.parts])
    return EVERYTHING if any(mentions(node, field) for field in _NEED_LOOKUPS) else node
