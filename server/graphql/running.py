"""Running operations of a WebSocket, and the limits of a WebSocket."""

import asyncio
from dataclasses import dataclass

import orjson

from server.graphql.fanout import SharedSubscription


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times in seconds, sizes in bytes. `waiting` is the number of unsent responses at which reading pauses."""

    init: float = 10.0
    send: float = 30.0
    operations: int = 100
    message: int = 256 * 1024
    waiting: int = 64


class Running:
    """An operation of one WebSocket. `subscription` is None for a query or mutation, which has one response.

    A mutation whose client no longer waits is `muted`, not cancelled: it may be half done.
    """

    __slots__ = ("id", "muted", "prefix", "queued", "subscription", "task")

    def __init__(self, identity: str) -> None:
        self.id = identity
        self.prefix = f'{{"id":{orjson.dumps(identity).decode()},"type":"next","payload":'
        self.queued = self.muted = False
        self.subscription: SharedSubscription | None = None
        self.task: asyncio.Task[None] | None = None
