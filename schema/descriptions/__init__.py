"""The descriptions in the SDL, for every type, field, argument, enum value and input field of this schema.

They are separate from the types so that they can be read together and kept in one style. Keys are `Type`,
`Type.field`, `Type.field(argument)` and `Enum.VALUE`, as the SDL spells them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import strawberry
from graphql import GraphQLSchema, is_specified_scalar_type

from schema.descriptions.access import ACCESS
from schema.descriptions.approvals import APPROVALS
from schema.descriptions.bulk import BULK
from schema.descriptions.debugging import DEBUGGING
from schema.descriptions.dependencies import DEPENDENCIES
from schema.descriptions.executions import EXECUTIONS
from schema.descriptions.flow_changes import FLOW_CHANGES
from schema.descriptions.flows import FLOWS
from schema.descriptions.history import HISTORY
from schema.descriptions.inputs import INPUTS
from schema.descriptions.live import LIVE
from schema.descriptions.measuring import MEASURING
from schema.descriptions.paging import PAGING
from schema.descriptions.payloads import PAYLOADS
from schema.descriptions.problems import PROBLEMS
from schema.descriptions.record import RECORD
from schema.descriptions.recording import RECORDING
from schema.descriptions.roots import ROOTS
from schema.descriptions.scalars import SCALARS
from schema.descriptions.schedules import SCHEDULES
from schema.descriptions.searches import SEARCHES
from schema.descriptions.secrets import SECRETS
from schema.descriptions.shared_texts import Descriptions
from schema.descriptions.states import STATES
from schema.descriptions.task_runs import TASK_RUNS
from schema.descriptions.viewer import VIEWER

_PARTS: Final[tuple[Descriptions, ...]] = (
    SCALARS,
    ROOTS,
    VIEWER,
    ACCESS,
    FLOWS,
    FLOW_CHANGES,
    EXECUTIONS,
    TASK_RUNS,
    STATES,
    HISTORY,
    APPROVALS,
    SCHEDULES,
    PROBLEMS,
    LIVE,
    PAGING,
    INPUTS,
    PAYLOADS,
    BULK,
    RECORD,
    RECORDING,
    SECRETS,
    SEARCHES,
    MEASURING,
    DEBUGGING,
    DEPENDENCIES,
)


def _flattened(parts: tuple[Descriptions, ...]) -> Iterator[tuple[str, str]]:
    for part in parts:
        for name, (sentence, members) in part.items():
            yield name, sentence
            for member, words in members.items():
                yield f"{name}.{member}", words


DESCRIPTIONS: Final[Mapping[str, str]] = dict(_flattened(_PARTS))


def describe(schema: strawberry.Schema) -> None:
    """Sets the description of every element that has one in `DESCRIPTIONS`; idempotent."""
    for name, element in _elements(schema._schema):
        if name in DESCRIPTIONS:
            element.description = DESCRIPTIONS[name]


def missing(schema: strawberry.Schema) -> list[str]:
    """Returns the elements of the schema that have no entry in `DESCRIPTIONS`."""
    return sorted({name for name, _ in _elements(schema._schema)} - DESCRIPTIONS.keys())


def surplus(schema: strawberry.Schema) -> list[str]:
    """Returns the keys of `DESCRIPTIONS` that are not in the schema."""
    return sorted(DESCRIPTIONS.keys() - {name for name, _ in _elements(schema._schema)})


def _elements(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yields the named types of this schema, and their members that can have a description."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        yield name, kind
        for value, definition in getattr(kind, "values", {}).items():
            yield f"{name}.{value}", definition
        for field, definition in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", definition
            for argument, inner in getattr(definition, "args", {}).items():
                yield f"{name}.{field}({argument})", inner
