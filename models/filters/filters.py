"""Filters over executions or flows, as trees. Both the API's `where` and the search language are read into them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.errors import ProblemCode, Refused
from models.labels import TEST

MOST_TERMS = 100
DEEPEST = 20


class Field(StrEnum):
    """The subject of a term. LABEL, PROPERTY, INPUT and METRIC also have a key."""

    ID = "id"
    NAMESPACE = "namespace"
    FLOW = "flow"
    NAME = "name"
    STATE = "state"
    KIND = "kind"
    LABEL = "label"
    PROPERTY = "property"
    INPUT = "input"
    METRIC = "metric"
    CREATED_BY = "created_by"
    DATE = "date"
    """The start, or the creation if it has not started."""
    CREATED_AT = "created_at"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    DURATION = "duration"
    PROGRESS = "progress"
    ORIGIN = "origin"
    COMMIT = "commit"
    BRANCH = "branch"
    TEXT = "text"
    """Words of an execution's name, flow and error, or of a flow's names and description."""
    ARCHIVED = "archived"
    TESTS = "tests"
    """Matches everything; its presence makes lists include tests."""
    RETRIED = "retried"
    ERROR = "error"
    FINGERPRINT = "fingerprint"
    """The fingerprint of the error: equal for equal errors."""
    NOTES = "notes"
    CHILDREN = "children"
    CHILD = "child"
    """True if a subflow task of another execution started it."""
    TRIGGER = "trigger"
    SCHEDULE = "schedule"
    """The key of the schedule that started it, on time or as a backfill."""
    ENABLED = "enabled"


class Operator(StrEnum):
    EQ = "eq"
    IN = "in"
    PREFIX = "prefix"
    UNDER = "under"
    """A namespace and those below it."""
    CONTAINS = "contains"
    GTE = "gte"
    GT = "gt"
    LT = "lt"
    LTE = "lte"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Ago:
    """A relative time: so many seconds before now, or before the last midnight in UTC."""

    seconds: float
    midnight: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A condition on one field. A missing value fails every term; `!=` is a Not, which a missing value matches."""

    field: Field
    operator: Operator
    value: Any
    key: str | None = None


@dataclass(frozen=True, slots=True)
class And:
    parts: Sequence["Filter"]


@dataclass(frozen=True, slots=True)
class Or:
    parts: Sequence["Filter"]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


Filter = Term | And | Or | Not
EVERYTHING = And(())


def terms_of(node: Filter) -> Iterator[Term]:
    match node:
        case Term():
            yield node
        case Not(part):
            yield from terms_of(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from terms_of(part)


def mentions(node: Filter, field: Field) -> bool:
    return any(term.field is field for term in terms_of(node))


def mentions_tests(node: Filter) -> bool:
    """Returns whether a filter has a TESTS term or a term on the label of tests."""
    return any(
        term.field is Field.TESTS or (term.field is Field.LABEL and term.key == TEST)
        for term in terms_of(node)
    )


def depth_of(node: Filter) -> int:
    match node:
        case Term():
            return 1
        case Not(part):
            return 1 + depth_of(part)
        case And(parts) | Or(parts):
            return 1 + max(map(depth_of, parts), default=0)


def check_size(node: Filter, path: str) -> Filter:
    """Returns the filter. Raises Refused if it is larger than a person would write."""
    if depth_of(node) > DEEPEST:
        sentence = f"nested too deeply: at most {DEEPEST} levels; remove parentheses or `not`"
        raise Refused.because(ProblemCode.VALIDATION, sentence, path)
    count = sum(1 for _ in terms_of(node))
    if count > MOST_TERMS:
        sentence = f"{count} terms are too many; at most {MOST_TERMS}"
        raise Refused.because(ProblemCode.VALIDATION, sentence, path)
    return node
