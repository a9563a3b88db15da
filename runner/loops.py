"""One loop, owned: it runs while its context is entered and ends with it."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class Loop:
    """Subclasses write `_go_round`, which never returns by itself. An exception in it ends the process's work:
    what a loop can survive, it catches."""

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()
        self._task: asyncio.Task[None] | None = None

    def _go_round(self) -> Coroutine[Any, Any, None]:
        raise AssertionError("a loop goes round")

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._task = self._tasks.create_task(self._go_round(), name=type(self).__name__)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task:
            self._task.cancel()
        await self._tasks.__aexit__(kind, error, trace)
