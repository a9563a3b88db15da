"""The one cache of documents: text -> parsed, validated, measured. Also those persisted by their sha256."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

from server.graphql.bounded import Bounded
from server.graphql.introspection import ROOTS, is_only_introspection
from server.graphql.limits import Limits, check_form, selection_sets
from server.graphql.persisted import Persisted
from server.graphql.prices import Priced, Prices, Pricing, completed, priced
from server.graphql.requests import Rejected, Request

_LONG = 200
"""Characters. Validation takes long for short texts, too, when fragments spread fragments."""
_TOKEN = 600
"""Bytes of memory that a token of a document takes, with its part of the tree: at most, as measured."""
_ERROR = 1000
_LEAST = 32 * 1024
"""Bytes of a document without its text and its tree: of its prices."""
_ASKS_ABOUT_SCHEMA = re.compile(rf"\b({'|'.join(ROOTS)})\b")


@dataclass(slots=True)
class Document:
    """Parsed and valid, or with the refusal that every asker gets."""

    node: DocumentNode | None = None
    refusal: Rejected | None = None
    digest: str = ""
    """The same for texts that differ in their form alone."""
    asks_about_schema: bool = False
    weight: int = 0
    """About the bytes of memory that it takes."""
    operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    _introspective: dict[int, bool] = field(default_factory=dict)

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
        if not self.asks_about_schema:
            return False
        assert self.node is not None
        known = self._introspective.get(id(operation))
        if known is None:
            known = is_only_introspection(self.node, operation)
            self._introspective[id(operation)] = known
        return known

    def known_price(self, name: str | None, variables: Mapping[str, Any]) -> Priced | None:
        return self.prices.known(name, completed(self.operation(name), variables))

    def price(self, pricing: Pricing, name: str | None, variables: Mapping[str, Any]) -> int:
        """Measures once for each set of page sizes; raises Rejected beyond the limits."""
        meant = completed(self.operation(name), variables)
        found = self.prices.known(name, meant)
        if found is None:
            found = self.measured(pricing, name, variables)
            self.prices.keep(name, meant, found)
        return found.accepted()

    def measured(self, pricing: Pricing, name: str | None, variables: Mapping[str, Any]) -> Priced:
        """The price, whether it is known or not. Changes nothing, so it can be called in a thread."""
        assert self.node is not None
        operation = self.operation(name)
        return priced(pricing, self.node, operation, completed(operation, variables))


class Documents:
    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        bounds: Mapping[str, int] | None = None,
        introspection: bool = True,
        suggestions: bool = True,
        persisted: Persisted | None = None,
        count: int = 1000,
        weight: int = 40 * 1024 * 1024,
    ) -> None:
        self._schema = schema
        self.limits = limits or Limits()
        self.pricing = Pricing(schema, self.limits, bounds or {})
        self._introspection = introspection
        self.suggestions = suggestions
        self._documents: Bounded[Document] = Bounded(count, weight)
        self._persisted = persisted or Persisted()

    def is_at_hand(self, request: Request) -> bool:
        """Whether its document and price are known, or need too little time to hold up the event loop."""
        text = self._persisted.text_of(request)
        document = self._documents.get(text)
        if document is not None and document.refusal is not None:
            return True
        if len(text) <= _LONG and not _ASKS_ABOUT_SCHEMA.search(text):
            return True
        name = request.operation_name or None
        return document is not None and document.known_price(name, request.variables) is not None

    async def read_beside(self, request: Request) -> None:
        """Reads and measures in a thread; `find` then knows the document, and the document its price."""
        text, name, variables = (
            self._persisted.text_of(request),
            request.operation_name or None,
            request.variables,
        )
        document = self._documents.get(text)
        if document is None:
            document = await asyncio.to_thread(self._read, text)
            self._documents.put(text, document, document.weight)
        if document.refusal is None and document.known_price(name, variables) is None:
            found = await asyncio.to_thread(document.measured, self.pricing, name, variables)
            document.prices.keep(name, completed(document.operation(name), variables), found)
            # It may have been forgotten meanwhile.
            self._documents.put(text, document, document.weight)

    def find(self, request: Request) -> Document:
        """The valid document of a request; raises Rejected with what is wrong with it."""
        text = self._persisted.text_of(request)
        document = self._documents.get(text)
        if document is None:
            document = self._read(text)
            self._documents.put(text, document, document.weight)
        if document.refusal is not None:
            # A new one each time: an exception keeps the frames that it was raised through.
            raise Rejected(document.refusal.errors)
        self._persisted.register(request)
        return document

    def _read(self, text: str) -> Document:
        weight = _LEAST + getsizeof(text)
        try:
            node = self._parse(text)
            check_form(node, self.limits)
            digest = self._persisted.check(node)
            introspects = _introspects(node)
            if introspects and not self._introspection:
                raise introspection_off()
        except Rejected as refusal:
            return Document(refusal=refusal, weight=weight + _size(refusal))
        errors = validate(
            self._schema,
            node,
            max_errors=20,
            allow_empty_selection_sets=False,
            hide_suggestions=not self.suggestions,
        )
        if errors:
            invalid = Rejected([written(e, "GRAPHQL_VALIDATION_FAILED") for e in errors])
            return Document(refusal=invalid, weight=weight + _size(invalid))
        operations = {
            definition.name.value if definition.name else None: definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        # The parts of the tree and their places hold all text once more.
        weight += getsizeof(text) + _tokens(node) * _TOKEN
        return Document(node, None, digest, introspects, weight, operations)

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


def _introspects(node: DocumentNode) -> bool:
    return any(
        isinstance(selection, FieldNode) and selection.name.value in ROOTS
        for selection_set in selection_sets(node)
        for selection in selection_set.selections
    )


def introspection_off() -> Rejected:
    return Rejected.because(
        "INTROSPECTION_OFF",
        "introspection is off here; the schema is in schema.graphql, which `headway schema` prints",
    )


def _tokens(node: DocumentNode) -> int:
    assert node.loc is not None
    count, token = 1, node.loc.start_token
    while token.next is not None:
        count, token = count + 1, token.next
    return count


def _size(refusal: Rejected) -> int:
    return sum(getsizeof(error["message"]) + _ERROR for error in refusal.errors)


def written(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error that may be shown as it is, with a code."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {**formatted.get("extensions", {}), "code": code}
    return formatted
