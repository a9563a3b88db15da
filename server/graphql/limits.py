"""Limits of one document: tokens, depth, aliases, repeated fields, and a computed cost."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

from server.graphql.introspection import ROOTS, Introspection
from server.graphql.requests import Rejected

_PAGE = ("first", "last")
_DEFAULT_PAGE = 50
_UNKNOWN_LIST = 10
_LARGEST_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`repeats` is how often one selection set may select the same name; `cost` counts fields of the response.

    `introspection` limits the fields about the schema. A document of introspection alone is executed in a thread; one
    with other fields runs on the event loop, and may have at most `mixed_introspection` fields about the schema.
    """

    tokens: int = 4000
    depth: int = 20
    aliases: int = 100
    repeats: int = 3
    fragments: int = 20
    directives: int = 50
    cost: int = 5_000_000
    introspection: int = 60_000
    mixed_introspection: int = 2_000


def check_form(document: DocumentNode, limits: Limits) -> None:
    """Checks, before validation (which is quadratic in some of these), what the text alone shows."""
    aliases = directives = introspections = 0
    for selection_set in selection_sets(document):
        names: Counter[str] = Counter()
        fragments = 0
        for node in selection_set.selections:
            directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                aliases += node.alias is not None
                introspections += node.name.value in ROOTS
                names[(node.alias or node.name).value] += 1
            else:
                fragments += 1
        if fragments > limits.fragments or max(names.values(), default=0) > limits.repeats:
            raise Rejected.because(
                "TOO_MANY_REPEATS", "a field or fragments are repeated too often in one place"
            )
    if introspections > 1:
        raise Rejected.because(
            "TOO_COSTLY",
            "select __schema or __type once in a document; send further ones in documents of their own",
        )
    if aliases > limits.aliases:
        raise Rejected.because("TOO_MANY_ALIASES", f"more than {limits.aliases} aliases")
    if directives > limits.directives:
        raise Rejected.because("TOO_MANY_DIRECTIVES", f"more than {limits.directives} directives")


def selection_sets(document: DocumentNode) -> Iterator[SelectionSetNode]:
    pending = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(
            child
            for node in current.selections
            if (child := getattr(node, "selection_set", None)) is not None
        )


class Measure:
    """Computes depth and cost of one operation of a valid document, for given variables.

    The children of a list count as often as its page is long, or as the list can be (`bounds`, by `Type.field`).
    `sized_by` collects the variables that affect the size, each with a function that reads their effect, so that
    costs can be cached by those values. `introspected` is the part of the cost for introspection. `refusal` is set if
    introspection is too large to be counted: then the cost is too low, but `sized_by` is complete.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, Any],
        limits: Limits,
        bounds: Mapping[str, int],
    ) -> None:
        self._schema, self._bounds = schema, bounds
        self._variables = variables
        self._known: dict[str, tuple[int, int]] = {}
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._introspection = Introspection(
            schema, self._fragments, variables, limits.introspection
        )
        self.introspected = 0
        self.refusal: Rejected | None = None
        self.sized_by: dict[str, Callable[[Any], Any]] = {}

    def of(self, operation: OperationDefinitionNode) -> tuple[int, int]:
        root = self._schema.get_root_type(operation.operation)
        return self._selections(operation.selection_set, root)

    def _selections(
        self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None
    ) -> tuple[int, int]:
        depth = cost = 0
        for node in selection_set.selections:
            deeper, dearer = self._selection(node, parent)
            depth, cost = max(depth, deeper), cost + dearer
        return depth, cost

    def _selection(self, node: object, parent: GraphQLNamedType | None) -> tuple[int, int]:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        assert isinstance(node, InlineFragmentNode)
        condition = node.type_condition
        inner = self._schema.get_type(condition.name.value) if condition else parent
        return self._selections(node.selection_set, inner)

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            fragment = self._fragments[name]
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self._selections(fragment.selection_set, kind)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> tuple[int, int]:
        if node.selection_set is None:
            return 1, 1
        if node.name.value in ROOTS:
            return self._introspected(node)
        fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
        field = fields.get(node.name.value)
        depth, cost = self._selections(
            node.selection_set, get_named_type(field.type) if field else None
        )
        return depth + 1, 1 + self._size(node, parent, field) * cost

    def _introspected(self, node: FieldNode) -> tuple[int, int]:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.sized_by[argument.value.name.value] = self._known_name
        try:
            depth, cost = self._introspection.of(node)
        except Rejected as refusal:
            self.refusal = Rejected(refusal.errors)  # without this exception's frames
            return 1, 1
        self.introspected += cost
        return depth, cost

    def _known_name(self, value: object) -> str | None:
        """Returns None for the name of no type, because prices are cached by this value."""
        return value if isinstance(value, str) and value in self._schema.type_map else None

    def _size(
        self, node: FieldNode, parent: GraphQLNamedType | None, field: GraphQLField | None
    ) -> int:
        if field is None or parent is None:
            return 1
        kind = field.type.of_type if is_non_null_type(field.type) else field.type
        # The nodes of a connection were already counted by its page.
        if parent.name.endswith("Connection") and node.name.value in ("nodes", "edges"):
            return 1
        sizes = [
            self._page(argument.value)
            for argument in node.arguments or ()
            if argument.name.value in _PAGE
        ]
        pages = [size for size in sizes if size is not None]
        if pages:
            return max(pages)
        bound = self._bounds.get(f"{parent.name}.{node.name.value}")
        if bound is not None:
            return bound
        if any(name in field.args for name in _PAGE):
            return _DEFAULT_PAGE
        return self._by_id(node, field) if is_list_type(kind) else 1

    def _by_id(self, node: FieldNode, field: GraphQLField) -> int:
        """Returns the number of ids requested, for a list by id. One value is a list of one."""
        for argument in node.arguments or ():
            declared = field.args.get(argument.name.value)
            if declared is None or not is_list_type(get_nullable_type(declared.type)):
                continue
            if isinstance(argument.value, ListValueNode):
                return len(argument.value.values)
            if not isinstance(argument.value, VariableNode):
                return 1
            name = argument.value.name.value
            self.sized_by[name] = _length
            length = _length(self._variables.get(name))
            return _UNKNOWN_LIST if length is None else length
        return _UNKNOWN_LIST

    def _page(self, value: object) -> int | None:
        if isinstance(value, IntValueNode):
            return page_size(int(value.value))
        if isinstance(value, VariableNode):
            self.sized_by[value.name.value] = page_size
            return page_size(self._variables.get(value.name.value))
        return None


def page_size(value: object) -> int | None:
    """Returns None if no size is given: the list's default applies."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 200.0 is the integer 200 to GraphQL
    # A size beyond the maximum is refused by the resolver, so it is not refused here.
    return min(max(value, 1), _LARGEST_PAGE) if isinstance(value, int) else None


def _length(value: object) -> int | None:
    if value is None:
        return None
    return len(value) if isinstance(value, list) else 1
