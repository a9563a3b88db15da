"""A pool that batches equal queries of several resolvers into one statement."""

from functools import partial
from typing import Any, cast

from runner.store.postgres.connection import Pool
from runner.store.together import fetch_each
from schema.context import Info


class _BatchedPool:
    def __init__(self, info: Info) -> None:
        self._pool = info.context.services.pool
        self._loaders = info.context.loaders

    async def fetch(self, query: str, *arguments: Any) -> Any:
        load = partial(fetch_each, self._pool, query)
        key = tuple(tuple(one) if isinstance(one, list) else one for one in arguments)
        return await self._loaders.once(("batched", query), load).load(key)

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        return next(iter(await self.fetch(query, *arguments)), None)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """Only for queries with one column. It is the last one, as batching adds columns before it."""
        row = await self.fetchrow(query, *arguments)
        return None if row is None else row[-1]


def batched_pool(info: Info) -> Pool:
    """Returns a read-only pool with `fetch`, `fetchrow`, and `fetchval` for queries with one column."""
    return cast(Pool, _BatchedPool(info))
