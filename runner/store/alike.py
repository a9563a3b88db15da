"""Which executions are compared with each other: those of the same flow, or recorded pipeline, and the same kind."""

from typing import Any
from uuid import UUID

from runner.store.where import Arguments

Line = tuple[UUID | None, str, str, str]
"""The line that like executions share: the flow, if Headway ran them, the namespace, the key and the kind."""


def line_of(row: Any) -> Line:
    return row["flow_id"], row["namespace"], row["flow_key"], row["kind"]


def alike_to(row: Any, arguments: Arguments) -> str:
    """The condition on `executions e` for those like the one of this row."""
    return alike(*(arguments.add(value) for value in line_of(row)))


def alike(flow: str, namespace: str, key: str, kind: str) -> str:
    """The same, of expressions."""
    same_flow = f"(e.flow_id = {flow} or e.flow_id is null and {flow}::uuid is null)"
    return f"({same_flow} and e.namespace = {namespace} and e.flow_key = {key} and e.kind = {kind})"
