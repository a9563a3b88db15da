"""Traces lineage along the uses of artifacts: up to the sources of an artifact or execution, and down to its
results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

from models.access.viewer import Scope
from runner.store.artifacts.lineage import Side, artifacts_by_id, step
from runner.store.execution.history import executions_by_id
from runner.store.postgres.connection import Pool
from runner.store.rows import ArtifactRow, ExecutionRow

MOST_NODES: Final = 1_000
Node = TypeVar("Node", bound=Mapping[str, Any])
_OTHER: Final[Mapping[Side, Side]] = {"execution_id": "artifact_id", "artifact_id": "execution_id"}
_UP: Final[Mapping[Side, str]] = {"execution_id": "IN", "artifact_id": "OUT"}
_DOWN: Final[Mapping[Side, str]] = {"execution_id": "OUT", "artifact_id": "IN"}


@dataclass(frozen=True, slots=True)
class Edge:
    """An execution used (`direction` IN) or made (OUT) an artifact; `path` is that of the task run."""

    execution_id: UUID
    artifact_id: UUID
    direction: str
    path: str | None


@dataclass(slots=True)
class Lineage:
    """`truncated` when there is more than MOST_NODES. Nodes that the viewer may not see are left out, not traversed."""

    executions: dict[UUID, ExecutionRow] = field(default_factory=dict)
    artifacts: dict[UUID, ArtifactRow] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    truncated: bool = False

    def nodes_of(self, side: Side) -> Mapping[UUID, ExecutionRow | ArtifactRow]:
        return self.executions if side == "execution_id" else self.artifacts


async def trace(
    pool: Pool, scope: Scope, side: Side, id: UUID, *, up: bool, down: bool, depth: int
) -> Lineage:
    """Traces at most `depth` edges from one execution (side `execution_id`) or artifact (`artifact_id`). Empty if it
    does not exist."""
    found = Lineage()
    await _add_visible(pool, scope, found, side, [id], MOST_NODES)
    if not found.nodes_of(side):
        return found
    for wanted, directions in ((up, _UP), (down, _DOWN)):
        if wanted:
            await _walk(pool, scope, found, side, id, directions, depth)
    return found


async def _walk(
    pool: Pool,
    scope: Scope,
    found: Lineage,
    side: Side,
    start: UUID,
    directions: Mapping[Side, str],
    depth: int,
) -> None:
    """Searches breadth first; expands each node once in each direction, so cycles end."""
    front = [start]
    left: set[UUID] = set()
    for _ in range(depth):
        left |= set(front)
        other = _OTHER[side]
        room = MOST_NODES - len(found.executions) - len(found.artifacts)
        uses = await step(pool, side, front, directions[side], 10 * MOST_NODES)
        new = {row[other] for row in uses} - found.nodes_of(other).keys()
        more = await _add_visible(pool, scope, found, other, new, room)
        found.truncated = found.truncated or more or len(uses) == 10 * MOST_NODES
        known = [row for row in uses if row[other] in found.nodes_of(other)]
        found.edges.update({Edge(**row): None for row in known})
        front = list({row[other]: None for row in known if row[other] not in left})
        side = other
        if not front:
            return


async def _add_visible(
    pool: Pool, scope: Scope, found: Lineage, side: Side, ids: Iterable[UUID], room: int
) -> bool:
    """Adds the visible nodes, the newest first, up to `room`; returns whether there are more."""
    wanted = sorted(ids, reverse=True)
    if side == "execution_id":
        return _add(found.executions, await executions_by_id(pool, scope, wanted), room)
    return _add(found.artifacts, await artifacts_by_id(pool, scope, wanted), room)


def _add(nodes: dict[UUID, Node], new: Mapping[UUID, Node], room: int) -> bool:
    nodes.update({id: new[id] for id in sorted(new, reverse=True)[: max(room, 0)]})
    return len(new) > room
