"""One loop, owned: it runs while its context is entered and ends with it."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from models.errors import Refused, Unavailable
from runner.service.outage import UNREACHABLE


class Loop:
    """Subclasses write `_run_loop`, which never returns by itself. An exception in it ends the process's work:
    what each round does, it does within `log_errors`."""

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()
        self._task: asyncio.Task[None] | None = None

    def _run_loop(self) -> Coroutine[Any, Any, None]:
        raise AssertionError("a loop goes round")

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._task = self._tasks.create_task(self._run_loop(), name=type(self).__name__)
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


@dataclass(slots=True)
class Caught:
    """The failure that was survived, if there was any."""

    error: Exception | None = None

    def __bool__(self) -> bool:
        return self.error is not None

    @property
    def is_outage(self) -> bool:
        return self.error is not None and is_outage(self.error)


@contextmanager
def log_errors(logger: logging.Logger, what: str) -> Iterator[Caught]:
    """Logs what goes wrong within, alone or in a group of tasks, and lets its owner go on; a cancellation passes."""
    trouble = Caught()
    try:
        yield trouble
    except Exception as error:
        trouble.error = error
        if is_outage(error) or isinstance(error, Refused):
            logger.warning("%s: %s", what, _sentence(error))
        else:
            logger.exception("%s: %s", what, _sentence(error))


def is_outage(error: BaseException) -> bool:
    """Whether the database could not be reached, for one of a group at least."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_outage, error.exceptions))
    return isinstance(error, (Unavailable, *UNREACHABLE))


def _sentence(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_sentence, error.exceptions))
    return str(error) or type(error).__name__
