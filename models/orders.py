"""The orders of lists of executions. Ties are sorted by creation, in the same direction."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from models.errors import ProblemCode, Refused
from models.filters.filters import Field


class SortDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class ExecutionOrder(StrEnum):
    CREATED_DESC = "CREATED_DESC"
    CREATED_ASC = "CREATED_ASC"
    STARTED_DESC = "STARTED_DESC"
    STARTED_ASC = "STARTED_ASC"
    ENDED_DESC = "ENDED_DESC"
    ENDED_ASC = "ENDED_ASC"
    DURATION_DESC = "DURATION_DESC"
    DURATION_ASC = "DURATION_ASC"
    FLOW_DESC = "FLOW_DESC"
    FLOW_ASC = "FLOW_ASC"
    STATE_DESC = "STATE_DESC"
    STATE_ASC = "STATE_ASC"
    PROGRESS_DESC = "PROGRESS_DESC"
    PROGRESS_ASC = "PROGRESS_ASC"

    @property
    def column(self) -> str:
        return self.value.rpartition("_")[0]

    @property
    def descending(self) -> bool:
        return self.value.endswith("_DESC")


TEXTS: Final = {
    "name": Field.NAME,
    "namespace": Field.NAMESPACE,
    "kind": Field.KIND,
    "createdBy": Field.CREATED_BY,
    "triggerKind": Field.TRIGGER,
    "schedule": Field.SCHEDULE,
    "origin": Field.ORIGIN,
    "branch": Field.BRANCH,
    "commit": Field.COMMIT,
}
"""Text columns without an ExecutionOrder, by name."""
KEYED: Final = {
    "metric": Field.METRIC,
    "property": Field.PROPERTY,
    "input": Field.INPUT,
    "label": Field.LABEL,
}
"""Fields with keys, by the word before the dot in a column's name."""
LONGEST_KEY: Final = 300
"""Characters of a key in the name of a column."""


@dataclass(frozen=True, slots=True)
class ByValue:
    """Sorts by the values of a column: numbers first, then text, and in either direction missing values last. `key` is
    empty if the field has no keys."""

    field: Field
    key: str
    descending: bool

    @classmethod
    def of(cls, column: str, direction: SortDirection) -> "ByValue":
        """Raises Refused for an unknown column."""
        descending = direction is SortDirection.DESC
        if column in TEXTS:
            return cls(TEXTS[column], "", descending)
        word, _, key = column.partition(".")
        if word not in KEYED or not 0 < len(key) <= LONGEST_KEY or not _is_storable(key):
            known = ", ".join((*(f"{one}.KEY" for one in KEYED), *TEXTS))
            raise Refused.because(
                ProblemCode.VALIDATION,
                f"cannot order by {column[:100]!r}; name one of {known}, for example metric.loss",
                "orderByValue",
                "column",
            )
        return cls(KEYED[word], key, descending)

    @property
    def column(self) -> str:
        return f"{self.field.value}.{self.key}"


def _is_storable(key: str) -> bool:
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in key)


Order: TypeAlias = ExecutionOrder | ByValue
