"""Reads the selected fields of an operation."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionSetNode

from schema.context import Info

Selections: TypeAlias = Sequence[SelectionSetNode | None]
"""Selection sets of a field, one for each place in the document that selects the field."""


def names_below(info: Info) -> frozenset[str]:
    """Returns the names of the fields selected below this field, including those that a directive skips."""
    raw = info._raw_info
    below = [node.selection_set for node in raw.field_nodes]
    return frozenset(node.name.value for node in _fields(raw, below))


def fields_below(
    raw: GraphQLResolveInfo[Any], kind: Any, below: Selections
) -> Iterator[tuple[str, Any, Selections]]:
    """Yields the selected fields of a type, each with its type and its own selection sets."""
    for node in _fields(raw, below):
        field = getattr(kind, "fields", {}).get(node.name.value)
        if field:
            yield node.name.value, field.type, [node.selection_set]


def _fields(raw: GraphQLResolveInfo[Any], below: Selections) -> Iterator[FieldNode]:
    for selection_set in below:
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from _fields(raw, [raw.fragments[node.name.value].selection_set])
            else:
                yield from _fields(raw, [node.selection_set])  # type: ignore[attr-defined]
