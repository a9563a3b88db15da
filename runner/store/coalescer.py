"""Combines reads of many callers into one statement: reads requested while one is running share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from runner.store.postgres.connection import Pool

Key = TypeVar("Key")
Found = TypeVar("Found")

Read: TypeAlias = Callable[[Pool, Sequence[Key]], Awaitable[Mapping[Key, Found]]]


class _Round(Generic[Key, Found]):
    """One statement, run by the first caller that joined. `answer` is None when that caller was cancelled."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.answer: asyncio.Future[Mapping[Key, Found] | None] = (
            asyncio.get_running_loop().create_future()
        )


class Coalescer(Generic[Key, Found]):
    """One for each process and kind of read. It caches nothing: each answer was read after its request."""

    def __init__(self, read: Read[Key, Found]) -> None:
        self._read = read
        self._next: _Round[Key, Found] | None = None
        self._turn = asyncio.Lock()

    async def find(self, pool: Pool, keys: Collection[Key]) -> dict[Key, Found]:
        """The values of the keys that were found; raises what reading raises."""
        while True:
            joined, first = self._next or _Round(), self._next is None
            joined.keys.update(keys)
            if first:
                self._next = joined
                await self._run(pool, joined)
            answer = await asyncio.shield(joined.answer)
            if answer is not None:
                return {key: answer[key] for key in keys if key in answer}

    async def _run(self, pool: Pool, joined: _Round[Key, Found]) -> None:
        """Waits until the statement before has ended, then reads for all callers that have joined."""
        try:
            async with self._turn:
                self._next = None
                joined.answer.set_result(await self._read(pool, list(joined.keys)))
        except Exception as error:
            joined.answer.set_exception(error)
        finally:
            if self._next is joined:
                self._next = None
            if not joined.answer.done():
                joined.answer.set_result(None)
