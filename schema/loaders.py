"""Batched reads, one set an operation: however many executions a page holds, each kind of row is read once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.lifecycle.snapshot import Execution
from models.viewer import Scope
from runner.store import flows, history, workers
from runner.store.connection import Pool
from runner.store.plans import Plans
from runner.store.snapshots import load_executions

Row = Any


class Loaders:
    def __init__(self, pool: Pool, scope: Scope, plans: Plans) -> None:
        self._pool = pool
        self._scope = scope
        self._plans = plans
        self.execution: DataLoader[UUID, Row | None] = DataLoader(self._executions)
        self.snapshot: DataLoader[UUID, Execution | None] = DataLoader(self._snapshots)
        self.flow: DataLoader[UUID, Row | None] = DataLoader(self._flows)
        self.revision: DataLoader[UUID, Row | None] = DataLoader(self._revisions)
        self.task_runs = self._grouped(history.TASK_RUNS_OF, "execution_id")
        self.attempts = self._grouped(history.ATTEMPTS_OF, "task_run_id")
        self.approvals = self._grouped(history.APPROVALS_OF, "execution_id")
        self.votes = self._grouped(history.VOTES_OF, "approval_id")
        self.moves = self._grouped(history.MOVES_OF, "execution_id")
        self.metrics = self._grouped(history.METRICS_OF, "execution_id")
        self.artifacts = self._grouped(history.ARTIFACTS_OF, "execution_id")
        self.live_queues: DataLoader[None, frozenset[str]] = DataLoader(self._live_queues)

    def _grouped(self, sql: str, key: str) -> DataLoader[UUID, list[Row]]:
        async def load(ids: Sequence[UUID]) -> list[list[Row]]:
            return await history.grouped(self._pool, sql, key, ids)

        return DataLoader(load)

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

    async def _by_id(
        self,
        read: Callable[[Pool, Scope, Sequence[UUID]], Awaitable[dict[UUID, Row]]],
        ids: Sequence[UUID],
    ) -> list[Row | None]:
        found = await read(self._pool, self._scope, ids)
        return [found.get(id) for id in ids]

    async def _live_queues(self, keys: Sequence[None]) -> list[frozenset[str]]:
        return [await workers.live_queues(self._pool)] * len(keys)
