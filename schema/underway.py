"""The tasks that work for one operation beside the one that answers it: with them its statements can be cancelled."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_TASKS: ContextVar[set["asyncio.Task[Any]"] | None] = ContextVar("underway", default=None)


@contextmanager
def cancelled_together() -> Iterator[None]:
    """Cancels, at the end, whatever joined meanwhile and still runs: nobody waits for it any more."""
    tasks: set[asyncio.Task[Any]] = set()
    token = _TASKS.set(tasks)
    try:
        yield
    finally:
        _TASKS.reset(token)
        for task in tasks:
            task.cancel()


def join() -> None:
    """The running task works for the operation in whose context it was started."""
    tasks, task = _TASKS.get(), asyncio.current_task()
    if tasks is not None and task is not None and task not in tasks:
        tasks.add(task)
        task.add_done_callback(tasks.discard)
