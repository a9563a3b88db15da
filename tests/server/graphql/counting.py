"""A schema for tests of the transports: it counts, fails in every way, and can be blocked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import strawberry

from models.access.viewer import Viewer
from models.errors import ProblemCode, Refused, Unavailable
from server.graphql.fanout import Policy


@dataclass
class Counting:
    """Controls and counters of the tests: how often sources were opened, from which cursor, and the newest number."""

    opened: list[tuple[str, Any]] = field(default_factory=list)
    closed: int = 0
    read: int = 0
    newest: int = 0
    shut: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0
    away: int = 0
    """The number of reads for which the database is still unreachable."""
    late: int = 0
    """The number of times that `timely` does not answer at all."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def close(self) -> None:
        self.closed += 1
        self.shut.set()

    async def rise(self, by: int = 1) -> None:
        async with self.changed:
            self.newest += by
            self.changed.notify_all()

    async def beyond(self, number: int) -> int:
        async with self.changed:
            await self.changed.wait_for(lambda: self.newest > number)
            return self.newest


@dataclass
class Context:
    viewer: Viewer
    counting: Counting
    resume: Any = None

    def open(self, name: str) -> Counting:
        self.counting.opened.append((name, self.resume))
        return self.counting


@strawberry.type
class Tick:
    number: int
    text: str

    @strawberry.field
    def fetched(self, info: strawberry.Info[Context]) -> str | None:
        counting = info.context.counting
        if counting.away > 0:
            counting.away -= 1
            raise Unavailable("the database is away")
        return f"of {self.number}"

    @strawberry.field
    async def timely(self, info: strawberry.Info[Context]) -> str | None:
        counting = info.context.counting
        if counting.late > 0:
            counting.late -= 1
            await asyncio.Event().wait()
        return f"of {self.number}"


@strawberry.input
class Term:
    text: str


@strawberry.type
class Query:
    @strawberry.field
    def said(self, terms: list[Term]) -> int:
        return len(terms)

    @strawberry.field
    def hello(self) -> str:
        return "world"

    @strawberry.field
    async def slow_hello(self, name: str = "you") -> str:
        await asyncio.sleep(0)
        return f"hello {name}"

    @strawberry.field
    async def stuck(self, info: strawberry.Info[Context]) -> str:
        """Answers when `released` is set; `held` counts the waiting ones."""
        counting = info.context.counting
        counting.held += 1
        try:
            await counting.released.wait()
        finally:
            counting.held -= 1
        return "at last"

    @strawberry.field
    def actor(self, info: strawberry.Info[Context]) -> str:
        return f"{info.context.viewer.actor} {info.context.viewer.channel}"

    @strawberry.field
    def fails(self) -> str | None:
        raise ValueError("the secret of the house")

    @strawberry.field
    def refuses(self) -> str | None:
        raise Refused.because(ProblemCode.NOT_FOUND, "no such thing")

    @strawberry.field
    def unavailable(self) -> str | None:
        raise Unavailable("the database is away")

    @strawberry.field
    def ticks(self, first: int = 3) -> list[Tick]:
        return [Tick(number=number, text="x") for number in range(first)]

    @strawberry.field
    def long(self) -> str:
        return "x" * 2_000_000

    @strawberry.field
    def again(self) -> "Query":
        return Query()


@strawberry.type
class Mutation:
    @strawberry.mutation
    def bump(self, by: int = 1) -> int:
        return by

    @strawberry.mutation
    def bump_slowly(self, seconds: float) -> int:
        """Keeps the event loop busy."""
        _keep_busy(seconds)
        return 1


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(
        self, info: strawberry.Info[Context], to: int, after: int = 0, size: int = 1
    ) -> AsyncIterator[Tick]:
        """Yields every number up to `to`, as fast as it is read."""
        counting = info.context.open("count")
        start = after if info.context.resume is None else int(info.context.resume)
        try:
            for number in range(start + 1, to + 1):
                counting.read = max(counting.read, number)
                yield Tick(number=number, text="x" * size)
        finally:
            counting.close()

    @strawberry.subscription
    async def follow(
        self, info: strawberry.Info[Context], to: int, after: int = 0, size: int = 1
    ) -> AsyncIterator[Tick]:
        """Yields every number up to `to`, when it has been reached."""
        counting = info.context.open("follow")
        number = after if info.context.resume is None else int(info.context.resume)
        try:
            while number < to:
                newest = min(await counting.beyond(number), to)
                while number < newest:
                    number += 1
                    yield Tick(number=number, text="x" * size)
        finally:
            counting.close()

    @strawberry.subscription
    async def state(
        self, info: strawberry.Info[Context], to: int, size: int = 1
    ) -> AsyncIterator[Tick]:
        """Yields the current number, then the number after each change."""
        counting = info.context.open("state")
        number = counting.newest
        yield Tick(number=number, text="x" * size)
        while number < to:
            number = await counting.beyond(number)
            yield Tick(number=number, text="x" * size)

    @strawberry.subscription
    async def window(
        self, info: strawberry.Info[Context], to: int, size: int = 1
    ) -> AsyncIterator[Tick]:
        """Yields first a negative number, which is a reset, then what was added to it."""
        counting = info.context.open("window")
        number = counting.newest
        yield Tick(number=-1 - number, text="reset")
        while number < to:
            newest = await counting.beyond(number)
            while number < newest:
                number += 1
                yield Tick(number=number, text="x" * size)

    @strawberry.subscription
    async def busy(self) -> AsyncIterator[int]:
        _keep_busy(0.2)
        yield 1

    @strawberry.subscription
    async def sealed(self, info: strawberry.Info[Context]) -> AsyncIterator[int]:
        """Opens when `released` is set."""
        await info.context.counting.released.wait()
        return _one()

    @strawberry.subscription
    async def breaks(self, after: int = 2) -> AsyncIterator[int]:
        for number in range(after):
            yield number
        raise ValueError("the secret of the house")

    @strawberry.subscription
    async def refuses(self) -> AsyncIterator[int]:
        raise Refused.because(ProblemCode.NOT_FOUND, "no such thing")
        yield 1


def _keep_busy(seconds: float) -> None:
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


async def _one() -> AsyncIterator[int]:
    yield 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)._schema

POLICIES = {
    "count": Policy.resume(lambda tick: tick.number),
    "follow": Policy.resume(lambda tick: tick.number),
    "state": Policy.latest(),
    "window": Policy.reset(),
    "refuses": Policy.latest(),
}
