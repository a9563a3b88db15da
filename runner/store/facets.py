"""What values a field has among the executions of a filter, and how many each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from models.filters import Filter
from models.viewer import Scope
from runner.store.connection import Pool
from runner.store.history import COUNT_LIMIT
from runner.store.where import Arguments, compile_listed, compile_scope
from runner.store.words import matching_words, wanted_words


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


@dataclass(frozen=True, slots=True)
class FacetValue:
    """`exact` is false when there are more executions than were counted through."""

    key: str | None
    value: str
    count: int
    exact: bool


_COLUMNS: Final[Mapping[FacetField, str]] = {
    FacetField.STATE: "state",
    FacetField.NAMESPACE: "namespace",
    FacetField.FLOW: "flow_key",
    FacetField.KIND: "kind",
    FacetField.CREATED_BY: "created_by",
    FacetField.BRANCH: "git ->> 'branch'",
    FacetField.COMMIT: "git ->> 'commit'",
    FacetField.ORIGIN: "origin",
    FacetField.LABEL: "labels",
    FacetField.LABEL_KEY: "labels",
}
_VALUES: Final = "select null::text as key, it::text as value from counted where it is not null"
_OTHERS: Final[Mapping[FacetField, str]] = {
    FacetField.LABEL: "select l.key, l.value from counted, jsonb_each_text(it) l "
    "where not starts_with(l.key, 'system.')",
    FacetField.LABEL_KEY: "select null::text as key, l as value from counted, jsonb_object_keys(it) l",
}
MOST_COUNTED: Final[Mapping[FacetField, int]] = {FacetField.LABEL: 2000, FacetField.LABEL_KEY: 2000}
"""Where a row has many values, fewer rows are counted."""


async def facets(
    pool: Pool, scope: Scope, where: Filter, field: FacetField, first: int
) -> Sequence[FacetValue]:
    """The most frequent first. Counting goes through the newest 10 000 that match, of labels 2000."""
    most = MOST_COUNTED.get(field, COUNT_LIMIT)
    arguments = Arguments()
    if words := wanted_words(where):
        condition = f"id = any(array({matching_words(scope, where, words, arguments)}))"
    else:
        condition = f"{compile_scope(scope, arguments)} and {compile_listed(where, arguments)}"
    rows: Sequence[Any] = await pool.fetch(
        f"""with counted as materialized (
              select {_COLUMNS[field]} as it from executions where {condition} order by id desc limit {most + 1})
            select key, value, count(*) as number, (select count(*) from counted) as total
            from ({_OTHERS.get(field, _VALUES)}) x
            group by key, value order by number desc, key, value limit {arguments.add(first)}""",
        *arguments.values,
    )
    return [
        FacetValue(row["key"], row["value"], row["number"], row["total"] <= most) for row in rows
    ]
