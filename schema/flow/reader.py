"""Reading flow documents beside the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import WeakValueDictionary

from models.spec import FlowSpec, parse_flow

_THREADS = 2


class FlowReader:
    """Reads one document of a user at a time, in threads of its own: a flood of one user's documents holds up neither
    those of others nor any other work that is done in threads. One a process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "flow-reader")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def read(self, source: str, actor: str) -> FlowSpec:
        """Raises Refused with all that is wrong."""
        turn = self._turns.setdefault(actor, asyncio.Lock())
        async with turn:
            reading = partial(parse_flow, source)
            return await asyncio.get_running_loop().run_in_executor(self._threads, reading)
