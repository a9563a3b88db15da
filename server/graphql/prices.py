"""Caches prices of operations, one for each set of page sizes. Refusals are cached like prices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, value_from_ast_untyped

from server.graphql.introspection import is_only_introspection
from server.graphql.limits import Limits, Measure
from server.graphql.lru_cache import LruCache
from server.graphql.requests import Rejected

_VARIANTS = 64


@dataclass(frozen=True, slots=True)
class Pricing:
    """`bounds` is the maximum length of lists without pages, by `Type.field`."""

    schema: GraphQLSchema
    limits: Limits
    bounds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Priced:
    """The price of one operation for given variables. `sized_by` reads from a variable what affects the price."""

    sized_by: Mapping[str, Callable[[Any], Any]]
    cost: int
    refusal: Rejected | None = None

    def accepted(self) -> int:
        """Returns the cost. Raises Rejected beyond the limits."""
        if self.refusal is not None:
            # A new exception each time, because an exception keeps the frames through which it was raised.
            raise Rejected(self.refusal.errors)
        return self.cost


class Prices:
    """The prices of one document's operations. Not thread-safe: measure in any thread, look up and store in one."""

    def __init__(self) -> None:
        self._sized_by: dict[str | None, Mapping[str, Callable[[Any], Any]]] = {}
        self._kept: LruCache[Priced] = LruCache(_VARIANTS, _VARIANTS)

    def known(self, name: str | None, variables: Mapping[str, Any]) -> Priced | None:
        """`variables` must include the operation's defaults."""
        sized_by = self._sized_by.get(name)
        return None if sized_by is None else self._kept.get(_variant(name, sized_by, variables))

    def keep(self, name: str | None, variables: Mapping[str, Any], priced: Priced) -> None:
        self._sized_by[name] = priced.sized_by
        self._kept.put(_variant(name, priced.sized_by, variables), priced, 1)


def _variant(
    name: str | None, sized_by: Mapping[str, Callable[[Any], Any]], variables: Mapping[str, Any]
) -> tuple[Any, ...]:
    return (name, *(read(variables.get(variable)) for variable, read in sized_by.items()))


def completed(
    operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Returns the variables that the operation declares, with defaults for missing ones."""
    found = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in variables:
            found[name] = variables[name]
        elif definition.default_value is not None:
            found[name] = value_from_ast_untyped(definition.default_value)
    return found


def priced(
    pricing: Pricing,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Priced:
    """Measures an operation of a valid document."""
    limits = pricing.limits
    measure = Measure(pricing.schema, document, variables, limits, pricing.bounds)
    depth, cost = measure.of(operation)
    refusal = measure.refusal or _beyond(limits, depth, cost)
    most = limits.mixed_introspection
    if (
        refusal is None
        and measure.introspected > most
        and not is_only_introspection(document, operation)
    ):
        refusal = Rejected.because(
            "TOO_COSTLY",
            f"introspection next to other fields may have at most {most} fields; send it in a document of its own",
        )
    return Priced(dict(sorted(measure.sized_by.items())), cost, refusal)


def _beyond(limits: Limits, depth: int, cost: int) -> Rejected | None:
    if depth > limits.depth:
        return Rejected.because(
            "TOO_DEEP", f"depth {depth} is beyond the limit of {limits.depth}; nest fewer fields"
        )
    if cost > limits.cost:
        return Rejected.because(
            "TOO_COSTLY",
            f"cost {cost} is beyond the limit of {limits.cost}; select fewer fields, or less of each list with `first`",
        )
    return None
