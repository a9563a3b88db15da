"""The first SIGTERM or SIGINT: it ends a start-up where it is, and asks a process that has started to drain."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ENDED_AT_ONCE = 130


class StopSignal:
    """`asked` is set by the first signal; a second one ends the process at once."""

    def __init__(self, starting: "asyncio.Task[None]") -> None:
        self.asked = asyncio.Event()
        self._starting: asyncio.Task[None] | None = starting

    @classmethod
    def on_signals(cls) -> Self:
        """For the task that calls it, which is starting up until it says otherwise."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        stop = cls(task)
        for number in SIGNALS:
            loop.add_signal_handler(number, stop.request)
        return stop

    def request(self) -> None:
        if self.asked.is_set():
            os._exit(ENDED_AT_ONCE)
        self.asked.set()
        if self._starting is not None:
            self._starting.cancel()

    def started(self) -> None:
        """From here on a signal sets `asked` and nothing else."""
        self._starting = None

    @contextmanager
    def ends_the_start(self) -> Iterator[None]:
        """Takes the cancellation of a start-up, once all that it had begun is undone."""
        task = self._starting
        try:
            yield
        except asyncio.CancelledError:
            if task is None or self._starting is None or not self.asked.is_set():
                raise
            task.uncancel()
