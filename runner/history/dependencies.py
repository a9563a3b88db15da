"""Finds dependencies: which flows start which by their documents, and which executions started which. Handles cycles;
flows and executions that the viewer may not see are left out, and not traversed."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeAlias, TypedDict, TypeVar
from uuid import UUID

from models.access.viewer import Scope
from models.links import DependencyKind
from runner.store.flows.flow_links import LinkedFlow
from runner.store.rows import ExecutionRow, FlowRow

MOST: Final = 500
Name: TypeAlias = tuple[str, str]
"""Namespace and key of a flow."""
Read: TypeAlias = Callable[[Sequence[UUID]], Awaitable[Sequence[ExecutionRow]]]
_COLUMNS: Final[Mapping[Literal["parent_id", "rerun_of", "replay_of"], DependencyKind]] = {
    "parent_id": DependencyKind.SUBFLOW,
    "rerun_of": DependencyKind.RERUN,
    "replay_of": DependencyKind.REPLAY,
}


class _Identified(TypedDict):
    id: UUID


Node = TypeVar("Node", bound=_Identified)


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` was started or derived from `source`; `task` is the task of the source that started it."""

    source: UUID
    target: UUID
    kind: DependencyKind
    task: str | None = None


@dataclass(slots=True)
class Dependencies(Generic[Node]):
    """`rows` are by id, the starting point first; `truncated` when there are more than MOST."""

    rows: dict[UUID, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    truncated: bool = False

    def take(self, rows: Iterable[Node]) -> list[Node]:
        """Adds rows up to MOST; returns those that are new."""
        new = [row for row in rows if row["id"] not in self.rows]
        room = max(0, MOST - len(self.rows))
        self.truncated = self.truncated or len(new) > room
        self.rows |= {row["id"]: row for row in new[:room]}
        return new[:room]


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """The flows that a viewer may see, and which start which; built once for many queries."""

    seen: Mapping[Name, LinkedFlow]
    starts: Mapping[Name, Sequence[Name]]
    started_by: Mapping[Name, Sequence[Name]]

    @classmethod
    def of(cls, flows: Mapping[Name, LinkedFlow], scope: Scope) -> "FlowGraph":
        seen = {name: flow for name, flow in flows.items() if scope.covers(name[0])}
        starts = {name: _targets(flow, seen) for name, flow in seen.items()}
        started_by: dict[Name, list[Name]] = {name: [] for name in seen}
        for name, targets in starts.items():
            for target in targets:
                started_by[target].append(name)
        return cls(seen, starts, started_by)


def flow_dependencies(
    graph: FlowGraph, start: Name, *, up: bool, down: bool, depth: int
) -> Dependencies[FlowRow]:
    """Follows at most `depth` steps to flows that a flow starts (down) or that start it (up). Empty if the flow does
    not exist or may not be seen."""
    found: Dependencies[FlowRow] = Dependencies()
    seen = graph.seen
    if start not in seen:
        return found
    found.take([seen[start].row])
    for wanted, steps in ((up, graph.started_by), (down, graph.starts)):
        front = [start] if wanted else []
        for _ in range(depth):
            beyond = dict.fromkeys(name for one in front for name in steps[one])
            front = [_name(row) for row in found.take(seen[name].row for name in beyond)]
    found.edges = list(_flow_edges(found, seen))
    return found


async def execution_dependencies(
    row: ExecutionRow, read: Read, made: Read, *, up: bool, down: bool, depth: int
) -> Dependencies[ExecutionRow]:
    """Finds parents, children, reruns and replays. `read` returns the visible executions of some ids, `made` those that
    were started or derived from some; each is called once for a step."""
    found: Dependencies[ExecutionRow] = Dependencies()
    found.take([row])
    for wanted, read_next, next_of in ((up, read, _above), (down, made, _ids)):
        front = [row] if wanted else []
        for _ in range(depth):
            ids = next_of(front)
            front = found.take(await read_next(ids)) if ids else []
    found.edges = list(_execution_edges(found))
    return found


def _above(front: Sequence[ExecutionRow]) -> list[UUID]:
    return list(dict.fromkeys(id for row in front for name in _COLUMNS if (id := row[name])))


def _ids(front: Sequence[ExecutionRow]) -> list[UUID]:
    return [row["id"] for row in front]


def _execution_edges(found: Dependencies[ExecutionRow]) -> Iterator[Edge]:
    """All edges between executions that were found."""
    for id, row in found.rows.items():
        for name, kind in _COLUMNS.items():
            source = row[name]
            if source in found.rows:
                task = row["parent_path"] if name == "parent_id" else None
                yield Edge(source, id, kind, task)


def _flow_edges(found: Dependencies[FlowRow], seen: Mapping[Name, LinkedFlow]) -> Iterator[Edge]:
    for id, row in found.rows.items():
        for link in seen[_name(row)].links:
            target = seen.get((link.namespace, link.flow))
            if target and target.row["id"] in found.rows:
                yield Edge(id, target.row["id"], link.kind, link.task)


def _targets(flow: LinkedFlow, seen: Mapping[Name, LinkedFlow]) -> list[Name]:
    names = dict.fromkeys((link.namespace, link.flow) for link in flow.links)
    return [name for name in names if name in seen]


def _name(row: FlowRow) -> Name:
    return row["namespace"], row["key"]
