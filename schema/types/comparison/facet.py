"""Facets: the values of a field, with counts."""

import re
from typing import Self

import strawberry

from runner.store.lists.facets import FacetField, FacetValue
from schema.types.paging import Count

_NAMES = {FacetField.CREATED_BY: "by"}


@strawberry.type
class Facet:
    key: str | None
    value: str
    count: Count
    search: str

    @classmethod
    def of(cls, field: FacetField, found: FacetValue) -> Self:
        return cls(
            key=found.key,
            value=found.value,
            count=Count(value=found.count, exact=found.exact),
            search=_term(field, found),
        )


def _term(field: FacetField, found: FacetValue) -> str:
    """Returns the search term that finds the executions with this value."""
    if field is FacetField.LABEL_KEY:
        return f"label:{_word(found.value)}"
    if field is FacetField.ERROR:
        return f"error:{found.key}"
    if found.key is not None:
        return f"label:{_word(found.key)}={_word(found.value)}"
    return f"{_NAMES.get(field, field.value.lower())}:{_word(found.value)}"


def _word(text: str) -> str:
    if re.fullmatch(r"[\w./@-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
