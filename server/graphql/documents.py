"""The one cache of documents: text -> parsed, validated, measured. Also those persisted by their sha256."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    print_ast,
    validate,
)

from server.graphql.introspection import ROOTS, is_only_introspection
from server.graphql.limits import Limits, Measure, check_form, selection_sets
from server.graphql.requests import Rejected, Request, malformed

Value = TypeVar("Value")
_SIZE_VARIANTS = 64
_LONG = 1000
"""Characters."""


class Bounded(Generic[Value]):
    """A mapping that forgets what was least recently used, by number and by weight."""

    def __init__(self, count: int, weight: int) -> None:
        self._values: OrderedDict[str, tuple[Value, int]] = OrderedDict()
        self._count, self._max_weight, self._weight = count, weight, 0

    def get(self, key: str) -> Value | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: str, value: Value, weight: int) -> None:
        if key in self._values:
            self._weight -= self._values.pop(key)[1]
        self._values[key] = (value, weight)
        self._weight += weight
        while len(self._values) > self._count or self._weight > self._max_weight:
            self._weight -= self._values.popitem(last=False)[1][1]


@dataclass(slots=True)
class Document:
    """Parsed and valid, or with the refusal that every asker gets."""

    node: DocumentNode | None = None
    refusal: Rejected | None = None
    normalised: str = ""
    operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict)
    _sized_by: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    _prices: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        if name is None and len(self.operations) > 1:
            raise Rejected.because(
                "UNKNOWN_OPERATION",
                "Must provide operation name if query contains multiple operations.",
            )
        found = next(iter(self.operations.values()), None)
        if name is not None:
            found = self.operations.get(name)
        if found is None:
            what = (
                "Must provide an operation."
                if name is None
                else f"Unknown operation named '{name}'."
            )
            raise Rejected.because("UNKNOWN_OPERATION", what)
        return found

    def is_only_introspection(self, operation: OperationDefinitionNode) -> bool:
        if "__" not in self.normalised:
            return False
        assert self.node is not None
        return is_only_introspection(self.node, operation)

    def price(self, pricing: "Pricing", name: str | None, variables: Mapping[str, Any]) -> int:
        """Measures once for each set of page sizes; raises Rejected beyond the limits."""
        sized_by = self._sized_by.get(name)
        if sized_by is not None:
            known = self._prices.get(self._variant(name, sized_by, variables))
            if known is not None:
                return known
        measure, cost = self._measured(pricing, name, variables)
        self._sized_by[name] = tuple(sorted(measure.sized_by))
        if len(self._prices) < _SIZE_VARIANTS:
            self._prices[self._variant(name, self._sized_by[name], variables)] = cost
        return cost

    def _measured(
        self, pricing: "Pricing", name: str | None, variables: Mapping[str, Any]
    ) -> tuple[Measure, int]:
        assert self.node is not None
        limits, operation = pricing.limits, self.operation(name)
        measure = Measure(pricing.schema, self.node, variables, limits, pricing.bounds)
        depth, cost = measure.of(operation)
        if depth > limits.depth:
            raise Rejected.because(
                "TOO_DEEP", f"depth {depth} is beyond {limits.depth}; nest fewer fields"
            )
        if cost > limits.cost:
            raise Rejected.because(
                "TOO_COSTLY",
                f"cost {cost} is beyond {limits.cost}; ask for fewer fields, or less of each list with `first`",
            )
        most = limits.introspection_beside
        if measure.introspected > most and not is_only_introspection(self.node, operation):
            raise Rejected.because(
                "TOO_COSTLY",
                f"introspection beside other fields is beyond {most} fields; send it in a document of its own",
            )
        return measure, cost

    @staticmethod
    def _variant(
        name: str | None, sized_by: tuple[str, ...], variables: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        return (name, *(_sizing(variables.get(variable)) for variable in sized_by))


def _sizing(value: Any) -> Any:
    """All that a variable says about the size of an answer."""
    if isinstance(value, list):
        return f"{len(value)} items"
    return value if isinstance(value, int | str) else None


@dataclass(frozen=True, slots=True)
class Pricing:
    """`bounds` is how long lists without pages can be, by `Type.field`."""

    schema: GraphQLSchema
    limits: Limits
    bounds: Mapping[str, int]


class Documents:
    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        bounds: Mapping[str, int] | None = None,
        introspection: bool = True,
        count: int = 1000,
        weight: int = 8 * 1024 * 1024,
    ) -> None:
        self._schema = schema
        self.limits = limits or Limits()
        self.pricing = Pricing(schema, self.limits, bounds or {})
        self._introspection = introspection
        self._documents: Bounded[Document] = Bounded(count, weight)
        self._persisted: Bounded[str] = Bounded(count, weight)

    def has_to_be_read(self, request: Request) -> bool:
        """Whether it is new, and long enough to hold the event loop while it is validated."""
        text = request.query or ""
        return len(text) > _LONG and self._documents.get(text) is None

    async def read_beside(self, request: Request) -> None:
        """Reads a new document in a thread; `find` then knows it."""
        text = request.query or ""
        document = await asyncio.to_thread(self._read, text)
        self._documents.put(text, document, len(text))

    def find(self, request: Request) -> Document:
        """The valid document of a request; raises Rejected with what is wrong with it."""
        text = self._text(request)
        document = self._documents.get(text)
        if document is None:
            document = self._read(text)
            self._documents.put(text, document, len(text))
        if document.refusal is not None:
            # A new one each time: an exception keeps the frames that it was raised through.
            raise Rejected(document.refusal.errors)
        return document

    def _text(self, request: Request) -> str:
        if "persistedQuery" not in request.extensions:
            assert request.query is not None
            return request.query
        persisted = request.extensions["persistedQuery"]
        digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(digest, str) or persisted.get("version") != 1:
            raise malformed("extensions.persistedQuery must be {version: 1, sha256Hash: string}")
        if request.query is None:
            text = self._persisted.get(digest)
            if text is None:
                # The message is what clients of automatic persisted queries look for.
                raise Rejected.because("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            return text
        if sha256(request.query.encode()).hexdigest() != digest:
            raise malformed("provided sha does not match query")
        if self._documents.get(request.query) is None:
            self._documents.put(request.query, self._read(request.query), len(request.query))
        if (known := self._documents.get(request.query)) is not None and known.refusal is None:
            self._persisted.put(digest, request.query, len(request.query))
        return request.query

    def _read(self, text: str) -> Document:
        try:
            node = self._parse(text)
            check_form(node, self.limits)
            self._check_introspection(node)
        except Rejected as refusal:
            return Document(refusal=refusal)
        errors = validate(self._schema, node, max_errors=20, allow_empty_selection_sets=False)
        if errors:
            return Document(
                refusal=Rejected([written(e, "GRAPHQL_VALIDATION_FAILED") for e in errors])
            )
        operations = {
            definition.name.value if definition.name else None: definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        return Document(node, normalised=print_ast(node), operations=operations)

    def _parse(self, text: str) -> DocumentNode:
        limits = self.limits
        try:
            return parse(
                text,
                max_lexical_tokens=limits.tokens,
                max_comments=limits.tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLSyntaxError as error:
            code = (
                "TOO_MANY_TOKENS" if "Parsing aborted" in error.message else "GRAPHQL_PARSE_FAILED"
            )
            raise Rejected([written(error, code)]) from None
        except RecursionError:
            raise Rejected.because("TOO_DEEP", "the document is nested too deeply") from None

    def _check_introspection(self, node: DocumentNode) -> None:
        if self._introspection:
            return
        for selection_set in selection_sets(node):
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode) and selection.name.value in ROOTS:
                    raise Rejected.because("INTROSPECTION_OFF", "introspection is off here")


def written(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error that may be shown as it is, with a code."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {**formatted.get("extensions", {}), "code": code}
    return formatted
