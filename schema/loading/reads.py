"""The reads of the loaders: each takes the keys of many callers, and returns a value for each key, in their order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from models.access.viewer import Scope
from models.lifecycle.apply.attempt_values import Given
from models.lifecycle.snapshot import Execution
from models.states import FAILED_ENDS
from runner.history.dependencies import FlowGraph
from runner.store import workers
from runner.store.artifacts import lineage
from runner.store.coalescer import Coalescer
from runner.store.execution import slots
from runner.store.execution.execution_changes import task_runs_by_id
from runner.store.execution.facts import given_of
from runner.store.execution.history import ExecutionInSnapshot
from runner.store.execution.items import items_of
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.execution.snapshots import read_executions
from runner.store.flows import flows, schedules
from runner.store.flows.flow_links import linked_flows
from runner.store.flows.schedules import ScheduleRow
from runner.store.lists import stats
from runner.store.lists.alike import Line
from runner.store.lists.snapshot_reads import last_metrics
from runner.store.lists.stats import Tally
from runner.store.lists.task_times import TaskTime, usual_task_durations
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool
from runner.store.rows import ArtifactRow, ExecutionRow, FlowRow, RevisionRow

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Reads:
    """The pool, scopes and plans that the loaders read with; `listed` is the scope of visible flows. It does not refer
    to the loaders: without cycles, reference counting frees the objects of an operation, and the garbage collector,
    which blocks the event loop, has less to do."""

    pool: Pool
    scope: Scope
    listed: Scope
    plans: Plans
    all_executions: Coalescer[UUID, ExecutionInSnapshot]

    async def executions(self, ids: Sequence[UUID]) -> list[ExecutionRow | None]:
        found = await self.all_executions.find(self.pool, ids)
        rows = [found.get(id) for id in ids]
        return [row if row and self.scope.covers(row["namespace"]) else None for row in rows]

    async def usual_durations(self, lines: Sequence[Line]) -> list[Tally | None]:
        found = await stats.usual_durations(self.pool, lines)
        return [found.get(line) for line in lines]

    async def usual_task_durations(self, lines: Sequence[Line]) -> list[Sequence[TaskTime]]:
        found = await usual_task_durations(self.pool, lines)
        return [found.get(line, ()) for line in lines]

    async def snapshots(self, ids: Sequence[UUID]) -> list[Execution | None]:
        found = await read_executions(self.pool, self.plans, list(ids))
        return [found.get(id) for id in ids]

    async def given(self, ids: Sequence[UUID]) -> list[Mapping[tuple[UUID, int], Given]]:
        found = await given_of(self.pool, ids)
        return [found[id] for id in ids]

    async def flows(self, ids: Sequence[UUID]) -> list[FlowRow | None]:
        return await self._by_id(flows.flows_by_id, ids, self.listed)

    async def revisions(self, ids: Sequence[UUID]) -> list[RevisionRow | None]:
        return await self._by_id(flows.revisions_by_id, ids, self.listed)

    async def last_metrics(
        self, wanted: Sequence[tuple[UUID, tuple[str, ...] | None]]
    ) -> list[Mapping[str, float]]:
        """Returns the last values of the named metrics of each execution, by name; None requests all."""
        every = any(names is None for _, names in wanted)
        names = None if every else sorted({name for _, some in wanted for name in some or ()})
        found = await last_metrics(self.pool, [id for id, _ in wanted], names)
        return [found[id] for id, _ in wanted]

    async def failed_tasks(self, ids: Sequence[UUID]) -> list[Execution | None]:
        found = await read_executions(self.pool, self.plans, list(ids), FAILED_ENDS)
        return [found.get(id) for id in ids]

    async def places_in_line(self, ids: Sequence[UUID]) -> list[slots.QueuePosition | None]:
        found = await slots.places_in_line(self.pool, ids)
        return [found.get(id) for id in ids]

    async def schedules(self, ids: Sequence[UUID]) -> list[ScheduleRow | None]:
        return await self._by_id(schedules.schedules_by_id, ids, self.listed)

    async def artifacts(self, ids: Sequence[UUID]) -> list[ArtifactRow | None]:
        return await self._by_id(lineage.artifacts_by_id, ids, self.scope)

    async def _by_id(
        self,
        read: Callable[[Pool, Scope, Sequence[UUID]], Awaitable[dict[UUID, Found]]],
        ids: Sequence[UUID],
        scope: Scope,
    ) -> list[Found | None]:
        found = await read(self.pool, scope, ids)
        return [found.get(id) for id in ids]

    async def flow_graph(self, keys: Sequence[None]) -> list[FlowGraph]:
        flows = await linked_flows(self.pool, self.plans)
        return [FlowGraph.of(flows, self.listed)] * len(keys)

    async def task_runs(self, ids: Sequence[UUID]) -> list[TaskRunWithResults | None]:
        found = {row["id"]: row for row in await task_runs_by_id(self.pool, ids)}
        return [found.get(id) for id in ids]

    async def items(self, ids: Sequence[UUID]) -> list[Mapping[str, Sequence[Any]]]:
        found = await items_of(self.pool, ids)
        return [found[id] for id in ids]

    async def live_queues(self, keys: Sequence[None]) -> list[frozenset[str]]:
        return [await workers.live_queues(self.pool)] * len(keys)
