"""The fields of the search language, for autocompletion."""

from collections.abc import Iterator, Mapping
from typing import Final, Self

import strawberry

from models.filters.filters import Field
from models.search import EXECUTIONS
from models.search.fields import TRIGGER_WORDS, Known, Takes
from models.search.terms import OPERATORS
from models.states import ExecutionState, Origin
from runner.store.lists.facets import FacetField

_FACETS: Final[Mapping[Field, FacetField]] = {
    **{field: FacetField[field.name] for field in Field if field.name in FacetField.__members__},
    Field.FINGERPRINT: FacetField.ERROR,
}
_OPERATORS: Final = (":", "=", "!=", "~", ">", ">=", "<", "<=")


@strawberry.type
class SearchField:
    name: str
    aliases: list[str]
    description: str
    operators: list[str]
    values: list[str]
    facet: FacetField | None
    keyed: bool

    @classmethod
    def of(cls, known: Known, aliases: list[str]) -> Self:
        return cls(
            name=known.name,
            aliases=aliases,
            description=known.about,
            operators=[each for each in _OPERATORS if each in OPERATORS[known.takes]],
            values=list(_values(known)),
            facet=_FACETS.get(known.field) if known.field else None,
            keyed=known.takes in (Takes.KEYED, Takes.METRIC),
        )


def search_fields() -> list[SearchField]:
    """Returns the fields in the order of their declaration."""
    aliases: dict[str, list[str]] = {}
    for word, known in EXECUTIONS.items():
        aliases.setdefault(known.name, []).extend([word] if word != known.name else [])
    return [SearchField.of(EXECUTIONS[name], words) for name, words in aliases.items()]


def _values(known: Known) -> Iterator[str]:
    """Yields the values that exist independently of the stored executions."""
    if known.flags:
        yield from known.flags
    elif known.takes is Takes.STATE:
        yield from (state.value.lower() for state in ExecutionState)
    elif known.takes is Takes.TRIGGER:
        yield from TRIGGER_WORDS
    elif known.field is Field.ORIGIN:
        yield from (origin.value.lower() for origin in Origin)
