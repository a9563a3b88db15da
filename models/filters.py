"""A filter over executions as a tree. The `where` of the API and, later, the search language both become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.labels import TEST


class Field(StrEnum):
    NAMESPACE = "namespace"
    FLOW = "flow"
    STATE = "state"
    KIND = "kind"
    LABEL = "label"
    LABEL_KEY = "label_key"
    CREATED_AT = "created_at"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    ARCHIVED = "archived"
    TESTS = "tests"
    """Holds of everything; where it is said, tests are listed too."""
    ORIGIN = "origin"
    COMMIT = "commit"
    BRANCH = "branch"


class Operator(StrEnum):
    EQ = "eq"
    IN = "in"
    NOT_IN = "not_in"
    PREFIX = "prefix"
    GTE = "gte"
    GT = "gt"
    LT = "lt"
    LTE = "lte"
    HAS = "has"


@dataclass(frozen=True, slots=True)
class Term:
    field: Field
    operator: Operator
    value: Any


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


def mentions(node: Filter, field: Field) -> bool:
    match node:
        case Term():
            return node.field is field
        case Not(part):
            return mentions(part, field)
        case And(parts) | Or(parts):
            return any(mentions(part, field) for part in parts)


def speaks_of_tests(node: Filter) -> bool:
    """Whether a filter asks for tests, by itself or by their label."""
    match node:
        case Term(Field.LABEL, _, value):
            return TEST in value
        case Term(Field.LABEL_KEY, _, value):
            return bool(value == TEST)
        case Term():
            return node.field is Field.TESTS
        case Not(part):
            return speaks_of_tests(part)
        case And(parts) | Or(parts):
            return any(speaks_of_tests(part) for part in parts)
