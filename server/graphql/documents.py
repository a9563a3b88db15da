"""The one cache of documents: text -> parsed, validated, measured. Also those persisted by their sha256."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

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

from server.graphql.bounded import Bounded
from server.graphql.introspection import ROOTS, is_only_introspection
from server.graphql.limits import Limits, check_form, selection_sets
from server.graphql.prices import Priced, Prices, Pricing, completed, priced
from server.graphql.requests import Rejected, Request, malformed

_LONG = 200
"""Characters. Validation takes long for short texts, too, when fragments spread fragments."""
_ASKS_ABOUT_SCHEMA = re.compile(rf"\b({'|'.join(ROOTS)})\b")


@dataclass(slots=True)
class Document:
    """Parsed and valid, or with the refusal that every asker gets."""

    node: DocumentNode | None = None
    refusal: Rejected | None = None
    normalised: str = ""
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
        if "__" not in self.normalised:
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
        count: int = 1000,
        weight: int = 8 * 1024 * 1024,
    ) -> None:
        self._schema = schema
        self.limits = limits or Limits()
        self.pricing = Pricing(schema, self.limits, bounds or {})
        self._introspection = introspection
        self._documents: Bounded[Document] = Bounded(count, weight)
        self._persisted: Bounded[str] = Bounded(count, weight)

    def is_at_hand(self, request: Request, variables: Mapping[str, Any]) -> bool:
        """Whether its document and price are known, or need too little time to hold up the event loop."""
        text = self._text(request)
        document = self._documents.get(text)
        if document is not None and document.refusal is not None:
            return True
        if len(text) <= _LONG and not _ASKS_ABOUT_SCHEMA.search(text):
            return True
        name = request.operation_name or None
        return document is not None and document.known_price(name, variables) is not None

    async def read_beside(self, request: Request, variables: Mapping[str, Any]) -> None:
        """Reads and measures in a thread; `find` then knows the document, and the document its price."""
        text, name = self._text(request), request.operation_name or None
        document = self._documents.get(text)
        if document is None:
            document = await asyncio.to_thread(self._read, text)
            self._documents.put(text, document, len(text))
        if document.refusal is None and document.known_price(name, variables) is None:
            found = await asyncio.to_thread(document.measured, self.pricing, name, variables)
            document.prices.keep(name, completed(document.operation(name), variables), found)
            self._documents.put(text, document, len(text))  # it may have been forgotten meanwhile

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
        if request.query is not None and "persistedQuery" in request.extensions:
            digest = request.extensions["persistedQuery"]["sha256Hash"]
            self._persisted.put(digest, text, len(text))
        return document

    def _text(self, request: Request) -> str:
        """The text of a request's document; raises Rejected for a hash that is unknown or another text's."""
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
