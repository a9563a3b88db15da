"""Computes the exact price of introspection: the schema is fixed, so the fields of a response can be counted."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from server.graphql.requests import Rejected

ROOTS = ("__schema", "__type")


class Introspection:
    """Counts the fields of an introspection response. Each part of the schema is counted once for each place in the
    document, however often the response contains it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        limit: int,
    ) -> None:
        self._schema, self._fragments, self._variables = schema, fragments, variables
        self._limit = limit
        self._info = SimpleNamespace(schema=schema)
        self._counted: dict[tuple[int, int, bool], tuple[int, int]] = {}
        self._visited = 0

    def of(self, node: FieldNode) -> tuple[int, int]:
        """Returns depth and number of fields of `__schema` or `__type`. Raises Rejected beyond the limit."""
        name = node.name.value
        source: Any = self._schema if name == "__schema" else self._named(node)
        assert node.selection_set is not None
        kind = self._schema.type_map["__Schema" if name == "__schema" else "__Type"]
        depth, fields = self._object(node.selection_set, kind, source)
        self._check(fields)
        return depth + 1, fields + 1

    def _check(self, fields: int) -> None:
        """Raises Rejected if `fields`, of a part of the response, is beyond the limit; the rest need not be counted."""
        if fields > self._limit:
            raise _too_costly(self._limit)

    def _named(self, node: FieldNode) -> GraphQLNamedType | None:
        value = (node.arguments or ())[0].value
        if isinstance(value, VariableNode):
            name = self._variables.get(value.name.value)
        else:
            name = value.value if isinstance(value, StringValueNode) else None
        return self._schema.type_map.get(name) if isinstance(name, str) else None

    def _object(self, selections: SelectionSetNode, kind: Any, source: Any) -> tuple[int, int]:
        if source is None:
            return 0, 0
        # The fields of a type come as tuples with their names, which are created anew each time.
        identity = id(source[1]) if isinstance(source, tuple) else id(source)
        key = (id(selections), identity, isinstance(source, tuple))
        found = self._counted.get(key)
        if found is None:
            self._check(len(self._counted))
            found = self._counted[key] = self._selections(selections, kind, source)
        return found

    def _selections(self, selections: SelectionSetNode, kind: Any, source: Any) -> tuple[int, int]:
        depth = fields = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                deeper, more = self._field(node, kind, source)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                deeper, more = self._object(fragment.selection_set, kind, source)
            else:
                deeper, more = self._object(node.selection_set, kind, source)  # type: ignore[attr-defined]
            depth, fields = max(depth, deeper), fields + more
            self._check(fields)
        return depth, fields

    def _field(self, node: FieldNode, kind: GraphQLObjectType, source: Any) -> tuple[int, int]:
        # Cached parts are not visited again, so the response has at least this number of fields.
        self._visited += 1
        self._check(self._visited)
        field = kind.fields.get(node.name.value)
        if field is None or node.selection_set is None or is_leaf_type(get_named_type(field.type)):
            return 1, 1
        assert field.resolve is not None
        # Whether deprecated ones are requested may depend on a variable; they are counted.
        arguments = {"includeDeprecated": True} if "includeDeprecated" in field.args else {}
        value = field.resolve(source, self._info, **arguments)
        of_type = field.type.of_type if is_non_null_type(field.type) else field.type
        values: Iterable[Any] = (value or ()) if is_list_type(of_type) else (value,)
        named, depth, fields = get_named_type(field.type), 0, 0
        for each in values:
            deeper, more = self._object(node.selection_set, named, each)
            depth, fields = max(depth, deeper), fields + more
            self._check(fields)
        return depth + 1, fields + 1


def _too_costly(limit: int) -> Rejected:
    return Rejected.because(
        "TOO_COSTLY",
        f"introspection may return at most {limit} fields, and this query has more; request fewer fields "
        "of the types, or use schema.graphql, which `headway schema` prints",
    )


def is_only_introspection(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether the operation queries only the schema, so that its response never changes."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    pending, roots = [operation.selection_set], 0
    visited: set[str] = set()
    while pending:
        for node in pending.pop().selections:
            if isinstance(node, FieldNode):
                if not node.name.value.startswith("__"):
                    return False
                roots += node.name.value in ROOTS
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in visited:  # each once: spreads of spreads multiply
                    visited.add(name)
                    pending.append(fragments[name].selection_set)
            else:
                pending.append(node.selection_set)  # type: ignore[attr-defined]
    return roots > 0
