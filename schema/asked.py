"""What an operation asks of a field."""

from collections.abc import Iterator
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionSetNode

from schema.context import Info


def names_below(info: Info, *path: str) -> frozenset[str]:
    """The names of the fields that are asked of this one's objects, or, by a path, of those below. What a directive
    leaves out is among them."""
    raw = info._raw_info
    found = [node.selection_set for node in raw.field_nodes]
    for name in path:
        found = [
            node.selection_set
            for each in found
            for node in _fields(raw, each)
            if node.name.value == name
        ]
    return frozenset(node.name.value for each in found for node in _fields(raw, each))


def _fields(raw: GraphQLResolveInfo[Any], asked: SelectionSetNode | None) -> Iterator[FieldNode]:
    for node in asked.selections if asked else ():
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(raw, raw.fragments[node.name.value].selection_set)
        else:
            yield from _fields(raw, node.selection_set)  # type: ignore[attr-defined]
