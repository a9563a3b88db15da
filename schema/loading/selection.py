"""The selection of an operation, read field by field."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionSetNode

from schema.context import Info

Asked: TypeAlias = Sequence[SelectionSetNode | None]
"""Selection sets below a field, one for each place of a document that selects the field."""


def names_below(info: Info) -> frozenset[str]:
    """The names of the fields that are asked of this one's objects. What a directive leaves out is among them."""
    raw = info._raw_info
    below = [node.selection_set for node in raw.field_nodes]
    return frozenset(node.name.value for node in _fields(raw, below))


def fields_below(
    raw: GraphQLResolveInfo[Any], kind: Any, below: Asked
) -> Iterator[tuple[str, Any, Asked]]:
    """The fields that are asked of objects of a type, each with its own type and what is asked below it."""
    for node in _fields(raw, below):
        field = getattr(kind, "fields", {}).get(node.name.value)
        if field:
            yield node.name.value, field.type, [node.selection_set]


def _fields(raw: GraphQLResolveInfo[Any], below: Asked) -> Iterator[FieldNode]:
    for asked in below:
        for node in asked.selections if asked else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from _fields(raw, [raw.fragments[node.name.value].selection_set])
            else:
                yield from _fields(raw, [node.selection_set])  # type: ignore[attr-defined]
