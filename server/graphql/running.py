"""Operations that run on a socket, and its limits."""

import asyncio
from dataclasses import dataclass

import orjson

from server.graphql.fanout import SharedSubscription


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times in seconds, sizes in bytes. `waiting` is how many answers may wait to be sent before no more is read."""

    init: float = 10.0
    send: float = 30.0
    operations: int = 100
    message: int = 256 * 1024
    waiting: int = 64


class Running:
    """An operation of one socket. `sees` is None for a query or mutation, which answers once.

    A mutation that its client no longer waits for is `muted`, not cancelled: it may be half done.
    """

    __slots__ = ("id", "muted", "prefix", "queued", "sees", "task")

    def __init__(self, identity: str) -> None:
        self.id = identity
        self.prefix = f'{{"id":{orjson.dumps(identity).decode()},"type":"next","payload":'
        self.queued = self.muted = False
        self.sees: SharedSubscription | None = None
        self.task: asyncio.Task[None] | None = None
