"""The document cache: text to parsed, validated and priced document. Also resolves persisted documents."""

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

from server.graphql.introspection import ROOTS, is_only_introspection
from server.graphql.limits import Limits, check_form, selection_sets
from server.graphql.lru_cache import LruCache
from server.graphql.persisted import Persisted
from server.graphql.prices import Priced, Prices, Pricing, completed, priced
from server.graphql.requests import Rejected, Request

_LONG = 200
"""Characters. Shorter texts, too, can take long to validate if fragments spread fragments."""
_TOKEN = 600
"""Maximum bytes of memory for each token of a document, with its part of the syntax tree, as measured."""
_ERROR = 1000
_OVERHEAD = 32 * 1024
"""Bytes of a document without its text and tree: its prices."""
_QUERIES_SCHEMA = re.compile(rf"\b({'|'.join(ROOTS)})\b")


@dataclass(slots=True)
class Document:
    """A parsed and valid document, or the refusal that every client gets."""

    node: DocumentNode | None = None
    refusal: Rejected | None = None
    digest: str = ""
    """Equal for texts that differ only in formatting."""
    queries_schema: bool = False
    weight: int = 0
    """Approximate bytes of memory."""
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
        if not self.queries_schema:
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
        """Measures once for each set of page sizes. Raises Rejected beyond the limits."""
        meant = completed(self.operation(name), variables)
        found = self.prices.known(name, meant)
        if found is None:
            found = self.measured(pricing, name, variables)
            self.prices.keep(name, meant, found)
        return found.accepted()

    def measured(self, pricing: Pricing, name: str | None, variables: Mapping[str, Any]) -> Priced:
        """Measures the price without the cache. Changes nothing, so it may run in a thread."""
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
        self._documents: LruCache[Document] = LruCache(count, weight)
        self._persisted = persisted or Persisted()

    def is_at_hand(self, request: Request) -> bool:
        """Whether document and price are cached, or small enough to handle on the event loop."""
        text = self._persisted.text_of(request)
        document = self._documents.get(text)
        if document is not None and document.refusal is not None:
            return True
        if len(text) <= _LONG and not _QUERIES_SCHEMA.search(text):
            return True
        name = request.operation_name or None
        return document is not None and document.known_price(name, request.variables) is not None

    async def read_in_thread(self, request: Request) -> None:
        """Reads and measures in a thread, and caches both for `find`."""
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
            # It may have been evicted in the meantime.
            self._documents.put(text, document, document.weight)

    def find(self, request: Request) -> Document:
        """Returns the valid document of a request. Raises Rejected with its errors."""
        text = self._persisted.text_of(request)
        document = self._documents.get(text)
        if document is None:
            document = self._read(text)
            self._documents.put(text, document, document.weight)
        if document.refusal is not None:
            # A new exception each time, because an exception keeps the frames through which it was raised.
            raise Rejected(document.refusal.errors)
        self._persisted.register(request)
        return document

    def _read(self, text: str) -> Document:
        weight = _OVERHEAD + getsizeof(text)
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
        # The tree and its locations hold all text once more.
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
        "INTROSPECTION_OFF", "introspection is disabled; `headway schema` prints the schema"
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
    """Formats an error whose message may be shown, with a code."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {**formatted.get("extensions", {}), "code": code}
    return formatted
