"""Counts the values of a field among the executions of a filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypedDict

from models.access.viewer import Scope
from models.filters.filters import Filter
from runner.store.lists.words import found_by
from runner.store.pages import COUNT_LIMIT
from runner.store.postgres.connection import Pool
from runner.store.where import Arguments, compile_scope
from runner.store.where.terms import FINGERPRINT, SCHEDULE_KEY, TRIGGER_KIND


class FacetField(StrEnum):
    STATE = "STATE"
    NAMESPACE = "NAMESPACE"
    FLOW = "FLOW"
    KIND = "KIND"
    LABEL_KEY = "LABEL_KEY"
    LABEL = "LABEL"
    CREATED_BY = "CREATED_BY"
    BRANCH = "BRANCH"
    COMMIT = "COMMIT"
    ORIGIN = "ORIGIN"
    TRIGGER = "TRIGGER"
    SCHEDULE = "SCHEDULE"
    ERROR = "ERROR"
    PROPERTY = "PROPERTY"
    INPUT = "INPUT"
    METRIC = "METRIC"


class _FacetRow(TypedDict):
    key: str | None
    value: str
    number: int
    exact: bool


@dataclass(frozen=True, slots=True)
class FacetValue:
    """`exact` is false when not all executions were counted."""

    key: str | None
    value: str
    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class FacetWish:
    """The `first` most frequent values of a field that contain a text; case is ignored for A to Z."""

    field: FacetField
    first: int = 50
    contains: str = ""


_LONGEST_ERROR: Final = 1000
"""Characters of the message that is shown for a fingerprint."""
_COLUMNS: Final[Mapping[FacetField, str]] = {
    FacetField.STATE: "state",
    FacetField.NAMESPACE: "namespace",
    FacetField.FLOW: "flow_key",
    FacetField.KIND: "kind",
    FacetField.CREATED_BY: "created_by",
    FacetField.BRANCH: "git ->> 'branch'",
    FacetField.COMMIT: "git ->> 'commit'",
    FacetField.ORIGIN: "origin",
    FacetField.TRIGGER: TRIGGER_KIND,
    FacetField.SCHEDULE: SCHEDULE_KEY,
    FacetField.LABEL: "labels",
    FacetField.LABEL_KEY: "labels",
    FacetField.PROPERTY: "properties",
    FacetField.INPUT: "inputs",
    FacetField.METRIC: "id",
}
_VALUES: Final = "select null::text as key, it::text as value from counted where it is not null"
_KEYS: Final = "select null::text as key, l as value from counted, jsonb_object_keys(it) l"
# Goes from name to name in the index that has the last value of each.
_NAMES: Final = """
select null::text as key, named.name as value from counted cross join lateral (
  with recursive walked as (
    select (select min(name) from metrics where execution_id = it) as name
    union all
    select (select min(m.name) from metrics m where m.execution_id = it and m.name > w.name)
    from walked w where w.name is not null)
  select name from walked where name is not null) named
"""
_OTHERS: Final[Mapping[FacetField, str]] = {
    FacetField.LABEL: "select l.key, l.value from counted, jsonb_each_text(it) l "
    "where not starts_with(l.key, 'system.')",
    FacetField.LABEL_KEY: _KEYS,
    FacetField.PROPERTY: _KEYS,
    FacetField.INPUT: _KEYS,
    FacetField.METRIC: _NAMES,
}
MOST_COUNTED: Final[Mapping[FacetField, int]] = {
    FacetField.LABEL: 2000,
    FacetField.LABEL_KEY: 2000,
    FacetField.PROPERTY: 2000,
    FacetField.INPUT: 2000,
    FacetField.METRIC: 2000,
}
"""Fewer rows are counted for fields with many values in each row."""
_MOST_RARE: Final = 100
"""The limit for counting a value that none of the newest executions has."""
_WALKED: Final[Mapping[FacetField, str]] = {
    FacetField.NAMESPACE: "flow_key",
    FacetField.FLOW: "flow_key",
    FacetField.KIND: "kind",
}
"""Fields of which every value is found, however old its executions are; with the column that follows the namespace in
the index that is walked from value to value."""


async def facets(pool: Pool, scope: Scope, where: Filter, wish: FacetWish) -> Sequence[FacetValue]:
    """The most frequent values first. Counts among the newest COUNT_LIMIT matches, or MOST_COUNTED for some fields."""
    if "\0" in wish.contains:
        return []
    most = MOST_COUNTED.get(wish.field, COUNT_LIMIT)
    arguments = Arguments()
    condition = found_by(scope, where, arguments)
    if wish.field is FacetField.ERROR:
        return await _errors(pool, condition, wish, arguments)
    sql = f"""with recursive counted as materialized (
        select {_COLUMNS[wish.field]} as it from executions where {condition} order by id desc limit {most + 1}),
      total as materialized (select count(*) as number from counted),
      found as materialized (
        select key, value, count(*) as number, (select number from total) <= {most} as exact
        from ({_OTHERS.get(wish.field, _VALUES)}) x
        where {_holds("concat_ws('=', key, value)", wish, arguments)} group by key, value)"""
    rows = "select * from found"
    if wish.field in _WALKED:
        sql += f", {walked(_WALKED[wish.field])}, {_rare(scope, condition, wish, most, arguments)}"
        rows += " union all select * from rare"
    found: list[_FacetRow] = await pool.fetch(
        f"{sql} {rows} order by number desc, key, value limit {arguments.add(wish.first)}",
        *arguments.values,
    )
    return [FacetValue(row["key"], row["value"], row["number"], row["exact"]) for row in found]


async def _errors(
    pool: Pool, condition: str, wish: FacetWish, arguments: Arguments
) -> Sequence[FacetValue]:
    """Errors by fingerprint, each with its newest message that contains the text. Identical failures are grouped first,
    so that each fingerprint is computed only once."""
    holds = _holds("message", wish, arguments)
    rows: list[_FacetRow] = await pool.fetch(
        f"""with counted as materialized (
              select id, failure ->> 'path' as path, failure ->> 'code' as code, failure ->> 'message' as message
              from executions where failure is not null and {condition} order by id desc limit {COUNT_LIMIT + 1}),
            alike as materialized (
              select jsonb_build_object('path', path, 'code', code, 'message', message) as failure,
                left(message, {_LONGEST_ERROR}) as message, max(id::text) as newest, count(*) as number
              from counted group by path, code, counted.message)
            select {FINGERPRINT} as key, (array_agg(message order by newest desc) filter (where {holds}))[1] as value,
              sum(number)::bigint as number, (select count(*) from counted) <= {COUNT_LIMIT} as exact
            from alike group by 1 having bool_or({holds})
            order by number desc, value, key limit {arguments.add(wish.first)}""",
        *arguments.values,
    )
    return [FacetValue(row["key"], row["value"], row["number"], row["exact"]) for row in rows]


def walked(column: str) -> str:
    """SQL for the table `walked`: every namespace with every value of the column in it, by one index lookup for
    each."""
    return f"""walked as (
        (select namespace, {column} as value from executions order by namespace, {column} limit 1)
        union all
        select n.* from walked w, lateral (
          select e.namespace, e.{column} from executions e where (e.namespace, e.{column}) > (w.namespace, w.value)
          order by e.namespace, e.{column} limit 1) n)"""


def _rare(scope: Scope, condition: str, wish: FacetWish, most: int, arguments: Arguments) -> str:
    """SQL for the table `rare`: values that none of the counted executions has. There may be some if not all were
    counted.

    Each is looked up with bounds and an order that only the index has: for an equality with a limit, the planner would
    scan all rows, as if the value were as frequent as any other.
    """
    name, columns, bound = "value", f"namespace, {_COLUMNS[wish.field]}", "space, k.name"
    if wish.field is FacetField.NAMESPACE:
        name, columns, bound = "namespace", "namespace", "space"
    return f"""known as materialized (
        select {name} as name, array_agg(distinct namespace) as spaces from walked
        where {compile_scope(scope, arguments)} and {_holds(name, wish, arguments)}
          and (select number from total) > {most} and {name} not in (select value from found)
        group by {name}),
      rare as (
        select null::text as key, name as value, least(number, {_MOST_RARE}), number <= {_MOST_RARE} as exact
        from (select * from known order by name) k cross join lateral (
          select count(*) as number from unnest(k.spaces) space cross join lateral (
            select from executions where ({columns}) >= ({bound}) and ({columns}) <= ({bound}) and {condition}
            order by {columns} limit {_MOST_RARE + 1}) seen) c
        where number > 0 limit {arguments.add(wish.first)})"""


def _holds(value: str, wish: FacetWish, arguments: Arguments) -> str:
    if not wish.contains:
        return "true"
    wanted = f'lower({arguments.add(wish.contains)}::text collate "C")'
    return f'strpos(lower({value} collate "C"), {wanted}) > 0'
