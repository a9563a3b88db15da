"""Background loops as context managers, and the handling of their errors."""

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
    """Runs `_run_loop`, which subclasses implement as an endless loop, while the context is entered. An exception in it
    ends the whole process, so each iteration should use `log_errors`."""

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()
        self._task: asyncio.Task[None] | None = None

    def _run_loop(self) -> Coroutine[Any, Any, None]:
        raise AssertionError("subclasses implement this method")

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
    """The error that `log_errors` caught, if there was one."""

    error: Exception | None = None

    def __bool__(self) -> bool:
        return self.error is not None

    @property
    def is_outage(self) -> bool:
        return self.error is not None and is_outage(self.error)


@contextmanager
def log_errors(logger: logging.Logger, what: str, *args: object) -> Iterator[Caught]:
    """Logs an exception or a group of them, prefixed by `what`, and suppresses it. Does not catch cancellations.

    With `args`, `what` is their format, as for the logger.
    """
    caught = Caught()
    try:
        yield caught
    except Exception as error:
        caught.error = error
        message = f"{what if args else what.replace('%', '%%')}: %s"
        if is_outage(error) or isinstance(error, Refused):
            logger.warning(message, *args, _sentence(error))
        else:
            logger.exception(message, *args, _sentence(error))


def is_outage(error: BaseException) -> bool:
    """True if the error, or one within a group, means that the database could not be reached."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_outage, error.exceptions))
    return isinstance(error, (Unavailable, *UNREACHABLE))


def _sentence(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_sentence, error.exceptions))
    return str(error) or type(error).__name__
