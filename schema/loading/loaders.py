"""DataLoaders, one set for each operation: a page of executions reads each kind of row with one statement."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, TypeVar, overload
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.access.viewer import Scope
from models.lifecycle.apply.attempt_values import Given
from models.lifecycle.snapshot import CompiledFlow, Execution
from runner.history.dependencies import FlowGraph
from runner.history.point_in_time import HistoricalView, read_past
from runner.history.replay_cache import ReplayCache
from runner.store.artifacts import lineage
from runner.store.coalescer import Coalescer
from runner.store.execution import failures, history, slots
from runner.store.execution.history import ExecutionInSnapshot, MoveRow, TaskMoveRow
from runner.store.execution.nodes import RESULTS_OF, ResultsRow, TaskRunWithResults, UseRow
from runner.store.flows import schedules
from runner.store.flows.schedules import ScheduleRow
from runner.store.lists import comparison
from runner.store.lists.alike import Line
from runner.store.lists.comparison import MetricPointsRow, MetricValueRow, TaskTimeRow
from runner.store.lists.stats import Tally
from runner.store.lists.task_times import TaskTime
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool
from runner.store.rows import (
    ApprovalRow,
    ArtifactRow,
    AttemptRow,
    ExecutionRow,
    FlowRow,
    NoteRow,
    RevisionRow,
    VoteRow,
)
from schema.loading.historical import cache_key, with_history
from schema.loading.reads import Reads
from schema.loading.shared_loader import SharedLoader
from schema.loading.visibility import VisibilityLoaders, needs_filter, read_outside, read_runs, seen

OfTaskRun = TypeVar("OfTaskRun", AttemptRow, TaskMoveRow, ApprovalRow, UseRow)
_MAX_BATCH_SIZE: Final = 500
_GROUPED = {
    "task_runs": (history.TASK_RUNS_OF, "execution_id"),
    "skipped": (failures.SKIPPED_OF, "execution_id"),
    "attempts": (history.ATTEMPTS_OF, "task_run_id"),
    "attempts_in": (history.ATTEMPTS_IN, "execution_id"),
    "approvals": (history.APPROVALS_OF, "execution_id"),
    "votes": (history.VOTES_OF, "approval_id"),
    "moves": (history.MOVES_OF, "execution_id"),
    "results": (RESULTS_OF, "id"),
    "task_moves": (history.TASK_MOVES_OF, "execution_id"),
    "artifacts": (history.ARTIFACTS_OF, "execution_id"),
    "children": (history.CHILDREN_OF, "parent_id"),
    "notes": (history.NOTES_OF, "execution_id"),
    "schedules": (schedules.SCHEDULES_OF, "flow_id"),
    "uses": (lineage.USES_OF, "artifact_id"),
    "metric_values": (comparison.METRIC_VALUES_OF, "execution_id"),
    "metric_points": (comparison.METRIC_POINTS_OF, "execution_id"),
    "task_times": (comparison.TASK_TIMES_OF, "execution_id"),
}


class Loaders:
    def __init__(
        self,
        pool: Pool,
        scope: Scope,
        listed: Scope,
        plans: Plans,
        executions: Coalescer[UUID, ExecutionInSnapshot],
        retold: ReplayCache,
    ) -> None:
        self._reads = Reads(pool, scope, listed, plans, executions)
        self._retold = retold
        self._made: dict[Hashable, DataLoader[Any, Any]] = {}

    @property
    def execution(self) -> DataLoader[UUID, ExecutionRow | None]:
        return self._once("execution", self._reads.executions)

    @property
    def snapshot(self) -> DataLoader[UUID, Execution | None]:
        return self._once("snapshot", self._reads.snapshots)

    @property
    def flow(self) -> DataLoader[UUID, FlowRow | None]:
        return self._once("flow", self._reads.flows)

    @property
    def revision(self) -> DataLoader[UUID, RevisionRow | None]:
        return self._once("revision", self._reads.revisions)

    @property
    def schedule(self) -> DataLoader[UUID, ScheduleRow | None]:
        return self._once("schedule", self._reads.schedules)

    @property
    def schedules_of(self) -> DataLoader[UUID, list[ScheduleRow]]:
        return self._grouped("schedules")

    @property
    def usual_durations(self) -> DataLoader[Line, Tally | None]:
        return self._once("usual_durations", self._reads.usual_durations)

    @property
    def usual_task_durations(self) -> DataLoader[Line, Sequence[TaskTime]]:
        return self._once("usual_task_durations", self._reads.usual_task_durations)

    @property
    def live_queues(self) -> DataLoader[None, frozenset[str]]:
        return self._once("live_queues", self._reads.live_queues)

    @property
    def flow_graph(self) -> DataLoader[None, FlowGraph]:
        return self._once("flow_graph", self._reads.flow_graph)

    @property
    def task_runs(self) -> DataLoader[UUID, list[TaskRunWithResults]]:
        return self._grouped("task_runs")

    @property
    def task_run(self) -> DataLoader[UUID, TaskRunWithResults | None]:
        return self._once("task_run", self._reads.task_runs)

    @property
    def task_runs_by_path(self) -> DataLoader[UUID, Mapping[str, TaskRunWithResults]]:
        return self._once("task_runs_by_path", partial(_by_path, self.task_runs))

    @overload
    def by_task_run(
        self, kind: Literal["attempts_in"]
    ) -> DataLoader[UUID, Mapping[UUID | None, list[AttemptRow]]]: ...

    @overload
    def by_task_run(
        self, kind: Literal["task_moves"]
    ) -> DataLoader[UUID, Mapping[UUID | None, list[TaskMoveRow]]]: ...

    @overload
    def by_task_run(
        self, kind: Literal["approvals"]
    ) -> DataLoader[UUID, Mapping[UUID | None, list[ApprovalRow]]]: ...

    @overload
    def by_task_run(
        self, kind: Literal["artifacts"]
    ) -> DataLoader[UUID, Mapping[UUID | None, list[UseRow]]]: ...

    def by_task_run(self, kind: str) -> DataLoader[UUID, Any]:
        """Rows of one kind of an execution, grouped by task run."""
        return self._once(f"{kind}_by_task_run", partial(_by_task_run, self._grouped(kind)))

    @property
    def plan(self) -> DataLoader[UUID, CompiledFlow | None]:
        return self._once(
            "plan", partial(_plans, self._reads.pool, self._reads.plans, self.execution)
        )

    @property
    def visibility(self) -> VisibilityLoaders:
        outside = self._once(
            "outside", partial(read_outside, self._reads.scope, self.execution, self.plan)
        )
        runs = self._once("runs", partial(read_runs, self._reads.pool, outside))
        return VisibilityLoaders(self._reads.scope, outside, runs)

    @property
    def items(self) -> DataLoader[UUID, Mapping[str, Sequence[Any]]]:
        """The items of the foreach tasks of an execution, by task path."""
        return self._once("items", self._reads.items)

    @property
    def results(self) -> DataLoader[UUID, list[ResultsRow]]:
        return self._grouped("results")

    @property
    def given(self) -> DataLoader[UUID, Mapping[tuple[UUID, int], Given]]:
        return self._once("given", self._reads.given)

    @property
    def attempts(self) -> DataLoader[UUID, list[AttemptRow]]:
        return self._grouped("attempts")

    @property
    def approvals(self) -> DataLoader[UUID, list[ApprovalRow]]:
        return self._grouped("approvals")

    @property
    def votes(self) -> DataLoader[UUID, list[VoteRow]]:
        return self._grouped("votes")

    @property
    def moves(self) -> DataLoader[UUID, list[MoveRow]]:
        return self._grouped("moves")

    @property
    def task_moves(self) -> DataLoader[UUID, list[TaskMoveRow]]:
        return self._grouped("task_moves")

    @property
    def notes(self) -> DataLoader[UUID, list[NoteRow]]:
        return self._grouped("notes")

    @property
    def children(self) -> DataLoader[UUID, list[ExecutionRow]]:
        return self._grouped("children")

    @property
    def place_in_line(self) -> DataLoader[UUID, slots.QueuePosition | None]:
        return self._once("place_in_line", self._reads.places_in_line)

    @property
    def last_metrics(self) -> DataLoader[Any, Mapping[str, float]]:
        return self._once("last_metrics", self._reads.last_metrics)

    @property
    def failed_tasks(self) -> DataLoader[UUID, Execution | None]:
        """The snapshot of an execution, with its failed task runs only."""
        return self._once("failed_tasks", self._reads.failed_tasks)

    @property
    def task_run_at(self) -> DataLoader[tuple[UUID, str], TaskRunWithResults | None]:
        """A task run by execution and path."""
        return self._once("task_run_at", partial(failures.task_runs_at, self._reads.pool))

    @property
    def last_error_line(self) -> DataLoader[failures.OfAttempt, int | None]:
        return self._once("last_error_line", partial(failures.last_error_lines, self._reads.pool))

    @property
    def skipped(self) -> DataLoader[UUID, list[TaskRunWithResults]]:
        return self._grouped("skipped")

    @property
    def skipped_count(self) -> DataLoader[UUID, int]:
        return self._once("skipped_count", partial(failures.skipped_counts, self._reads.pool))

    @property
    def artifacts(self) -> DataLoader[UUID, list[UseRow]]:
        return self._grouped("artifacts")

    @property
    def metric_values(self) -> DataLoader[UUID, list[MetricValueRow]]:
        return self._grouped("metric_values")

    @property
    def metric_points(self) -> DataLoader[UUID, list[MetricPointsRow]]:
        return self._grouped("metric_points")

    @property
    def task_times(self) -> DataLoader[UUID, list[TaskTimeRow]]:
        return self._grouped("task_times")

    async def past(self, row: ExecutionRow, seq: int) -> HistoricalView:
        """Returns the execution of `row` as of `seq`. Keys in its rows load related rows of the same moment."""
        return await read_past(self._reads.pool, self._reads.plans, row, seq, self._retold)

    @property
    def uses(self) -> DataLoader[UUID, list[UseRow]]:
        return self._grouped("uses")

    @property
    def artifact(self) -> DataLoader[UUID, ArtifactRow | None]:
        return self._once("artifact", self._reads.artifacts)

    def once(
        self, name: Hashable, load: Callable[[list[Any]], Awaitable[Any]]
    ) -> DataLoader[Any, Any]:
        """Returns the loader of this name for current rows with keys other than ids, created on first use. A statement
        reads at most _MAX_BATCH_SIZE keys."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = SharedLoader(load, max_batch_size=_MAX_BATCH_SIZE)
        return made

    def _once(self, name: str, load: Callable[[list[Any]], Awaitable[Any]]) -> DataLoader[Any, Any]:
        """Returns the loader of this name, created on first use: most operations need only a few."""
        made = self._made.get(name)
        if made is None:
            read = with_history(name, load)
            if self._reads.scope.namespaces is not None and needs_filter(name):
                read = seen(name, self.visibility, read)
            made = self._made[name] = SharedLoader(read, cache_key_fn=cache_key)
        return made

    def _grouped(self, name: str) -> DataLoader[UUID, Any]:
        sql, key = _GROUPED[name]

        return self._once(name, partial(history.grouped, self._reads.pool, sql, key))


async def _by_path(
    task_runs: DataLoader[UUID, list[TaskRunWithResults]], ids: list[UUID]
) -> list[Mapping[str, TaskRunWithResults]]:
    return [{row["path"]: row for row in rows} for rows in await task_runs.load_many(ids)]


async def _by_task_run(
    loader: DataLoader[UUID, list[OfTaskRun]], ids: list[UUID]
) -> list[Mapping[UUID | None, list[OfTaskRun]]]:
    found: list[Mapping[UUID | None, list[OfTaskRun]]] = []
    for rows in await loader.load_many(ids):
        grouped: dict[UUID | None, list[OfTaskRun]] = {}
        for row in rows:
            grouped.setdefault(row["task_run_id"], []).append(row)
        found.append(grouped)
    return found


async def _plans(
    pool: Pool, plans: Plans, executions: DataLoader[UUID, ExecutionRow | None], ids: list[UUID]
) -> list[CompiledFlow | None]:
    rows = await executions.load_many(ids)
    kept = [plans.kept(row["revision_id"]) if row and row["revision_id"] else None for row in rows]
    if all(plan or row is None for plan, row in zip(kept, rows, strict=True)):
        return kept
    async with pool.acquire() as connection:
        found = iter(await plans.of_rows(connection, [row for row in rows if row]))
    return [next(found) if row else None for row in rows]
