"""Graphs of the flows and executions that start each other."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

import strawberry

from models.errors import ProblemCode, Refused
from models.ids import Prefix, typed
from models.links import DependencyKind
from runner.history import dependencies
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.enums import LineageDirection
from schema.loading.batches import made_from
from schema.types.execution.execution import Execution
from schema.types.flow.flow import Flow

_DEFAULT_DEPTH, _MAX_DEPTH = 6, 50
_UP: Final = (LineageDirection.UPSTREAM, LineageDirection.BOTH)
_DOWN: Final = (LineageDirection.DOWNSTREAM, LineageDirection.BOTH)


@strawberry.type
class DependencyEdge:
    source: strawberry.ID = strawberry.field(name="from")
    target: strawberry.ID = strawberry.field(name="to")
    kind: DependencyKind
    task_key: str | None

    @classmethod
    def of(cls, prefix: Prefix, edge: dependencies.Edge) -> "DependencyEdge":
        return cls(
            source=strawberry.ID(typed(prefix, edge.source)),
            target=strawberry.ID(typed(prefix, edge.target)),
            kind=edge.kind,
            task_key=edge.task,
        )


@strawberry.type
class FlowDependencies:
    nodes: list[Flow]
    edges: list[DependencyEdge]
    truncated: bool


@strawberry.type
class ExecutionDependencies:
    nodes: list[Execution]
    edges: list[DependencyEdge]
    truncated: bool


async def dependencies_of_flow(
    info: Info, name: tuple[str, str], direction: LineageDirection, depth: int | None
) -> FlowDependencies:
    found = dependencies.flow_dependencies(
        await info.context.loaders.flow_graph.load(None),
        name,
        up=direction in _UP,
        down=direction in _DOWN,
        depth=_checked(depth),
    )
    return FlowDependencies(
        nodes=[Flow.of(row) for row in found.rows.values()],
        edges=[DependencyEdge.of("flow", edge) for edge in found.edges],
        truncated=found.truncated,
    )


async def dependencies_of_execution(
    info: Info, row: ExecutionRow, direction: LineageDirection, depth: int | None
) -> ExecutionDependencies:
    found = await dependencies.execution_dependencies(
        row,
        partial(_executions, info),
        partial(made_from, info, dependencies.MOST + 1),
        up=direction in _UP,
        down=direction in _DOWN,
        depth=_checked(depth),
    )
    return ExecutionDependencies(
        nodes=[Execution.of(row) for row in found.rows.values()],
        edges=[DependencyEdge.of("exec", edge) for edge in found.edges],
        truncated=found.truncated,
    )


async def _executions(info: Info, ids: Sequence[UUID]) -> Sequence[ExecutionRow]:
    rows = await info.context.loaders.execution.load_many(ids)
    return [row for row in rows if row]


def _checked(depth: int | None) -> int:
    depth = _DEFAULT_DEPTH if depth is None else depth
    if not 1 <= depth <= _MAX_DEPTH:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"depth must be between 1 and {_MAX_DEPTH}; got {depth}",
            "depth",
        )
    return depth
