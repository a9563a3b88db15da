"""The task runs of an execution as a graph."""

import strawberry

from schema.types.execution.task_run import TaskRun


@strawberry.type
class GraphEdge:
    source: str = strawberry.field(name="from")
    target: str = strawberry.field(name="to")


@strawberry.type
class ExecutionGraph:
    nodes: list[TaskRun]
    edges: list[GraphEdge]
