"""Batched reads, one set an operation: however many executions a page holds, each kind of row is read once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.lifecycle.snapshot import Execution
from models.viewer import Scope
from runner.store import flows, history, schedules, workers
from runner.store.connection import Pool
from runner.store.plans import Plans
from runner.store.snapshots import load_executions

Row = Any


class Loaders:
    def __init__(self, pool: Pool, scope: Scope, plans: Plans) -> None:
        self._pool = pool
        self._scope = scope
        self._plans = plans
        self._made: dict[str, DataLoader[Any, Any]] = {}

    @property
    def execution(self) -> DataLoader[UUID, Row | None]:
        return self._once("execution", self._executions)

    @property
    def snapshot(self) -> DataLoader[UUID, Execution | None]:
        return self._once("snapshot", self._snapshots)

    @property
    def flow(self) -> DataLoader[UUID, Row | None]:
        return self._once("flow", self._flows)

    @property
    def revision(self) -> DataLoader[UUID, Row | None]:
        return self._once("revision", self._revisions)

    @property
    def schedule(self) -> DataLoader[UUID, Row | None]:
        return self._once("schedule", self._schedules)

    @property
    def schedules_of(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(schedules.SCHEDULES_OF, "flow_id")

    @property
    def live_queues(self) -> DataLoader[None, frozenset[str]]:
        return self._once("live_queues", self._live_queues)

    @property
    def task_runs(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.TASK_RUNS_OF, "execution_id")

    @property
    def attempts(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.ATTEMPTS_OF, "task_run_id")

    @property
    def approvals(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.APPROVALS_OF, "execution_id")

    @property
    def votes(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.VOTES_OF, "approval_id")

    @property
    def moves(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.MOVES_OF, "execution_id")

    @property
    def metrics(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.METRICS_OF, "execution_id")

    @property
    def artifacts(self) -> DataLoader[UUID, list[Row]]:
        return self._grouped(history.ARTIFACTS_OF, "execution_id")

    def _once(self, name: str, load: Callable[[list[Any]], Awaitable[Any]]) -> DataLoader[Any, Any]:
        """Made when it is first asked for: most operations need one or two of them."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = DataLoader(load)
        return made

    def _grouped(self, sql: str, key: str) -> DataLoader[UUID, list[Row]]:
        async def load(ids: Sequence[UUID]) -> list[list[Row]]:
            return await history.grouped(self._pool, sql, key, ids)

        return self._once(sql, load)

    async def _executions(self, ids: Sequence[UUID]) -> list[Row | None]:
        found = await history.executions_by_id(self._pool, self._scope, ids)
        return [found.get(id) for id in ids]

    async def _snapshots(self, ids: Sequence[UUID]) -> list[Execution | None]:
        async with self._pool.acquire() as connection:
            found = await load_executions(connection, self._plans, list(ids))
        return [found.get(id) for id in ids]

    async def _flows(self, ids: Sequence[UUID]) -> list[Row | None]:
        return await self._by_id(flows.flows_by_id, ids)

    async def _revisions(self, ids: Sequence[UUID]) -> list[Row | None]:
        return await self._by_id(flows.revisions_by_id, ids)

    async def _schedules(self, ids: Sequence[UUID]) -> list[Row | None]:
        return await self._by_id(schedules.schedules_by_id, ids)

    async def _by_id(
        self,
        read: Callable[[Pool, Scope, Sequence[UUID]], Awaitable[dict[UUID, Row]]],
        ids: Sequence[UUID],
    ) -> list[Row | None]:
        found = await read(self._pool, self._scope, ids)
        return [found.get(id) for id in ids]

    async def _live_queues(self, keys: Sequence[None]) -> list[frozenset[str]]:
        return [await workers.live_queues(self._pool)] * len(keys)
