"""Parses the messages of all attempts of a worker, using at most half of the event loop's time in total."""

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
"""Seconds for which the event loop is used without a break."""
_REST = 0.005
"""Seconds in between that are left to other work of the event loop."""
_LONG = 256 * 1024
"""Bytes. Longer lines are parsed in a separate process: that takes a third of a second, as does parsing a line of
numbers of this length."""
_MAY_BE_JSON = re.compile(rb'\s*[\[{"]')
_READ = ("-m", "runner.attempt.long_line")
_ROOT = str(Path(__file__).parents[2])


class Turn:
    """Until when a reader may continue, by the monotonic clock."""

    def __init__(self) -> None:
        self.until = 0.0


class MessageReader:
    def __init__(self) -> None:
        self._waiting = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def turn(self, mine: Turn) -> None:
        """To be awaited before each message. Returns when it is this reader's turn; readers take turns."""
        if time.monotonic() < mine.until:
            return
        async with self._waiting:
            await asyncio.sleep(_REST)
        mine.until = time.monotonic() + _PIECE

    async def read(self, line: bytes) -> list[Message | InvalidMessage]:
        """Returns all messages of the line, and an InvalidMessage for each part that is invalid."""
        if len(line) < _LONG:
            return parse_line(line)
        if _is_no_message(line):
            return parse_line(line[:_LONG])
        async with self._reading:
            return await _read_apart(line)


def _is_no_message(line: bytes) -> bool:
    """True if the line is certainly neither JSON nor an output: then its beginning is enough for the error message."""
    if _MAY_BE_JSON.match(line):
        return False
    small = line.lower()
    return b"output" not in small and b"\\u" not in small


async def _read_apart(line: bytes) -> list[Message | InvalidMessage]:
    """Parses the line in another process. If that cannot be started or fails, a thread of this process does it: this
    blocks the event loop for a moment, but no output is lost."""
    try:
        encoded, code = await _run_parser(line)
    except OSError as error:
        logger.warning(
            "could not start a process to parse a long line; a thread parses it: %s", error
        )
        return await asyncio.to_thread(_read_here, line)
    if code == 0:
        return long_line.decode(encoded)
    if code == long_line.OUT_OF_MEMORY:
        logger.error("a line of %d bytes could not be read: memory ran out", len(line))
        sentence = (
            f"a line of {len(line)} bytes could not be read: memory ran out; write less in one line"
        )
        return [not_understood(line, sentence)]
    end = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    logger.warning("the process that parsed a long line %s; a thread parses it", end)
    return await asyncio.to_thread(_read_here, line)


def _read_here(line: bytes) -> list[Message | InvalidMessage]:
    return long_line.decode(long_line.encode(line))


async def _run_parser(line: bytes) -> tuple[bytes, int]:
    """Returns stdout and exit code of the process that parses the line; the code is below 0 if a signal ended it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *_READ),
        stdin=PIPE,
        stdout=PIPE,
        env={"PYTHONPATH": _ROOT},
        cwd="/",
        start_new_session=True,
    )
    try:
        encoded, _ = await process.communicate(line)
    except RuntimeError:  # raised by uvloop if the process ended before it had read the line
        return b"", -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return encoded, process.returncode or 0
