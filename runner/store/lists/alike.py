"""Finds executions that are comparable: those of the same flow (or recorded pipeline) and the same kind."""

from typing import TypedDict
from uuid import UUID

Line = tuple[UUID | None, str, str, str]
"""The line of comparable executions: the flow (None for external runs), the namespace, the key and the kind."""


class LineRow(TypedDict):
    """The columns of an execution that say which line it belongs to."""

    flow_id: UUID | None
    namespace: str
    flow_key: str
    kind: str


def line_of(row: LineRow) -> Line:
    return row["flow_id"], row["namespace"], row["flow_key"], row["kind"]


def alike(flow: str, namespace: str, key: str, kind: str) -> str:
    """The condition on `executions e` for the line that these SQL expressions give."""
    same_flow = f"(e.flow_id = {flow} or e.flow_id is null and {flow}::uuid is null)"
    return f"({same_flow} and e.namespace = {namespace} and e.flow_key = {key} and e.kind = {kind})"
