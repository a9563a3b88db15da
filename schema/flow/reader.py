"""Parses flow documents outside of the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import WeakValueDictionary

from models.spec import FlowSpec, parse_flow

_THREADS = 2


class FlowReader:
    """Parses one document of each user at a time, in a thread pool of its own: many documents of one user delay neither
    those of others nor other work in threads. One for each process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "flow-reader")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def read(self, source: str, actor: str) -> FlowSpec:
        """Raises Refused with all problems of the document."""
        turn = self._turns.setdefault(actor, asyncio.Lock())
        async with turn:
            reading = partial(parse_flow, source)
            return await asyncio.get_running_loop().run_in_executor(self._threads, reading)
