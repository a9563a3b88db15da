"""Lineage of executions and artifacts."""

from typing import Annotated

import strawberry

from models.ids import typed
from runner.history import lineage
from schema.enums import ArtifactDirection
from schema.types.artifact.artifact import Artifact
from schema.types.execution.execution import Execution

LineageNode = Annotated[Execution | Artifact, strawberry.union("LineageNode")]


@strawberry.type
class LineageEdge:
    source: strawberry.ID = strawberry.field(name="from")
    target: strawberry.ID = strawberry.field(name="to")
    direction: ArtifactDirection
    task_key: str | None

    @classmethod
    def of(cls, edge: lineage.Edge) -> "LineageEdge":
        """The edge points in the direction in which the data flows."""
        execution = strawberry.ID(typed("exec", edge.execution_id))
        artifact = strawberry.ID(typed("art", edge.artifact_id))
        used = edge.direction == ArtifactDirection.IN.value
        source, target = (artifact, execution) if used else (execution, artifact)
        return cls(
            source=source,
            target=target,
            direction=ArtifactDirection(edge.direction),
            task_key=edge.path,
        )


@strawberry.type
class LineageGraph:
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool

    @classmethod
    def of(cls, found: lineage.Lineage) -> "LineageGraph":
        executions = [Execution.of(row) for row in found.executions.values()]
        artifacts = [Artifact.of(row) for row in found.artifacts.values()]
        return cls(
            nodes=[*executions, *artifacts],
            edges=[LineageEdge.of(edge) for edge in found.edges],
            truncated=found.truncated,
        )


@strawberry.type
class Pipeline:
    namespace: str
    key: str
    kinds: list[str]
    execution_count: int
