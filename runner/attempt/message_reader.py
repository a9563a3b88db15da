"""Reads the messages of all attempts of a worker, so that together they leave the event loop half of its time."""

import asyncio
import logging
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

from runner.attempt import long_line
from runner.attempt.task_messages import InvalidMessage, Message, not_understood, parse_line

logger = logging.getLogger("headway.worker")

_PIECE = 0.005
"""Seconds that the event loop is held without a break."""
_REST = 0.005
"""Seconds that it has for everybody else between two pieces."""
_LONG = 256 * 1024
"""Bytes of a line that is read in a process of its own: that takes a third of a second, a line of numbers as much."""
_MAY_BE_JSON = re.compile(rb'\s*[\[{"]')
_READ = ("-m", "runner.attempt.long_line")
_ROOT = str(Path(__file__).parents[2])


class Turn:
    """Until when whoever reads may go on, by the monotonic clock."""

    def __init__(self) -> None:
        self.until = 0.0


class MessageReader:
    def __init__(self) -> None:
        self._waiting = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def turn(self, mine: Turn) -> None:
        """Before each message: returns when it is this reader's turn. All get one after the other."""
        if time.monotonic() < mine.until:
            return
        async with self._waiting:
            await asyncio.sleep(_REST)
        mine.until = time.monotonic() + _PIECE

    async def read(self, line: bytes) -> list[Message | InvalidMessage]:
        """All that the line says, and what of it cannot be understood."""
        if len(line) < _LONG:
            return parse_line(line)
        if _is_no_message(line):
            return parse_line(line[:_LONG])
        async with self._reading:
            return await _read_apart(line)


def _is_no_message(line: bytes) -> bool:
    """Whether it is surely no JSON and no output either, so that its beginning says all that is to be said."""
    if _MAY_BE_JSON.match(line):
        return False
    small = line.lower()
    return b"output" not in small and b"\\u" not in small


async def _read_apart(line: bytes) -> list[Message | InvalidMessage]:
    """Reads in a thread of this process where another cannot be started or does not answer: the event loop is held for
    a moment, but no output is lost."""
    try:
        answer, code = await _answered(line)
    except OSError as error:
        logger.warning(
            "no process can be started to read a long line, a thread reads it: %s", error
        )
        return await asyncio.to_thread(_read_here, line)
    if code == 0:
        return long_line.understood(answer)
    if code == long_line.OUT_OF_MEMORY:
        logger.error("a line of %d bytes could not be read: memory ran out", len(line))
        told = (
            f"a line of {len(line)} bytes could not be read: memory ran out; write less in one line"
        )
        return [not_understood(line, told)]
    end = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    logger.warning("the process that read a long line %s, a thread reads it", end)
    return await asyncio.to_thread(_read_here, line)


def _read_here(line: bytes) -> list[Message | InvalidMessage]:
    return long_line.understood(long_line.read(line))


async def _answered(line: bytes) -> tuple[bytes, int]:
    """The answer of the process that reads the line, and its exit code: below 0 the signal that ended it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *_READ),
        stdin=PIPE,
        stdout=PIPE,
        env={"PYTHONPATH": _ROOT},
        cwd="/",
        start_new_session=True,
    )
    try:
        answer, _ = await process.communicate(line)
    except RuntimeError:  # uvloop's, where the process ended before it had read the line
        return b"", -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer, process.returncode or 0
