"""Reads from a pipe. Unread data stays in the pipe, which makes its writer wait."""

import asyncio
import os

from runner.service.event_loop import Checkpoint

_CHUNK = 64 * 1024
_CHUNKS_AFTER_THE_END = 32
"""More than a pipe holds: this much may have been written before the end."""


class Readiness:
    """Waits until a descriptor has data or is at its end; one waiter at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ready: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(self._descriptor, self.wake)
        try:
            await self._ready
        finally:
            loop.remove_reader(self._descriptor)

    def wake(self) -> None:
        if self._ready and not self._ready.done():
            self._ready.set_result(None)


class Pipe:
    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._readiness = Readiness(self._reading)
        self._left: int | None = None
        self._pace = Checkpoint()

    async def read(self) -> bytes:
        """Returns the next bytes; b"" at the end: no process has the writing end open, or `end_within` is over."""
        # A fast writer would otherwise occupy the event loop forever.
        await self._pace.keep()
        while self._left is None or self._left > 0:
            try:
                data = os.read(self._reading, _CHUNK)
            except BlockingIOError:
                if self._left is not None:
                    break
                await self._readiness.wait()
            else:
                self._left = self._left and self._left - 1
                return data
        return b""

    def end_within(self, seconds: float) -> None:
        """Ends reading after `seconds`, even if a foreign process still has the writing end open. To be called when all
        processes that should write have ended."""
        asyncio.get_running_loop().call_later(seconds, self._end)

    def close_writing(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1

    def close(self) -> None:
        self.close_writing()
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1

    def _end(self) -> None:
        self._left = _CHUNKS_AFTER_THE_END
        self._readiness.wake()
