"""Questions of many askers in one statement: those that come while one is under way go together in the next."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from runner.store.postgres.connection import Pool

Key = TypeVar("Key")
Found = TypeVar("Found")

Read: TypeAlias = Callable[[Pool, Sequence[Key]], Awaitable[Mapping[Key, Found]]]


class _Round(Generic[Key, Found]):
    """Asked in one statement by the first who came. `answer` is None where that one was cancelled."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.answer: asyncio.Future[Mapping[Key, Found] | None] = (
            asyncio.get_running_loop().create_future()
        )


class Coalescer(Generic[Key, Found]):
    """One a process and kind of question. Keeps nothing: each answer was read after it was asked for."""

    def __init__(self, read: Read[Key, Found]) -> None:
        self._read = read
        self._next: _Round[Key, Found] | None = None
        self._turn = asyncio.Lock()

    async def find(self, pool: Pool, keys: Collection[Key]) -> dict[Key, Found]:
        """The values that there are of these; raises what reading raises."""
        while True:
            joined, first = self._next or _Round(), self._next is None
            joined.keys.update(keys)
            if first:
                self._next = joined
                await self._ask(pool, joined)
            answer = await asyncio.shield(joined.answer)
            if answer is not None:
                return {key: answer[key] for key in keys if key in answer}

    async def _ask(self, pool: Pool, joined: _Round[Key, Found]) -> None:
        """For all who join until it is their turn."""
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
