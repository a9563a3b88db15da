"""Handles the first SIGTERM or SIGINT: interrupts a start-up, or requests that a started process drains."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ENDED_AT_ONCE = 130


class StopSignal:
    """The first signal sets `requested`; a second one ends the process at once."""

    def __init__(self, starting: "asyncio.Task[None]") -> None:
        self.requested = asyncio.Event()
        self._starting: asyncio.Task[None] | None = starting

    @classmethod
    def on_signals(cls) -> Self:
        """For the current task, which counts as starting up until `started` is called."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        stop = cls(task)
        for number in SIGNALS:
            loop.add_signal_handler(number, stop.request)
        return stop

    def request(self) -> None:
        if self.requested.is_set():
            os._exit(ENDED_AT_ONCE)
        self.requested.set()
        if self._starting is not None:
            self._starting.cancel()

    def started(self) -> None:
        """From here on a signal only sets `requested`."""
        self._starting = None

    @contextmanager
    def ends_the_start(self) -> Iterator[None]:
        """Absorbs the cancellation of a start-up after everything it had begun was undone."""
        task = self._starting
        try:
            yield
        except asyncio.CancelledError:
            if task is None or self._starting is None or not self.requested.is_set():
                raise
            task.uncancel()
