"""Operations of users who have asked for little go before those of users who have asked for much.

A user has some time of the event loop on credit, and more as time goes by. Once it is used up, each step of the user's
queries waits in a line, which moves by one step a round of the event loop, one user after the other. While an
operation of somebody with credit is under way, the line stands still for most of the time.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from inspect import GEN_CREATED, getgeneratorstate
from time import perf_counter
from typing import Any, Final, TypeVar

CREDIT: Final = 0.1
"""Seconds of the event loop's time that a user may use at once before others go first."""
_EARNED: Final = 0.1
"""Seconds of credit for each second that goes by."""
_YOUNG: Final = 1.0
"""Seconds for which others let an operation pass: one that waits for the database for longer does not need it."""
_STANDS, _MOVES = 0.05, 0.0125
"""Seconds in turn, while somebody is let pass: the others still get a fifth of the time."""
_ACCOUNTS: Final = 1_000
"""Users who are remembered."""

Result = TypeVar("Result")


class _Account:
    """The credit of one user."""

    __slots__ = ("_at", "_credit")

    def __init__(self) -> None:
        self._credit, self._at = CREDIT, perf_counter()

    def charge(self, seconds: float) -> None:
        now = perf_counter()
        earned = (now - self._at) * _EARNED
        self._credit, self._at = min(self._credit + earned, CREDIT) - seconds, now

    @property
    def is_used_up(self) -> bool:
        return self._credit + (perf_counter() - self._at) * _EARNED < 0


class Precedence:
    """One a process, for all its operations."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._lines: dict[_Account, deque[asyncio.Future[None]]] = {}
        self._ahead: set[Operation] = set()
        self._next: asyncio.Handle | None = None
        self._stands_until = 0.0

    @contextmanager
    def operation(self, actor: str | None) -> Iterator["Operation"]:
        """It goes ahead of others as long as the actor has credit; without an actor it has credit of its own."""
        begun = Operation(self, self._account(actor) if actor else _Account())
        if begun.waits:
            yield begun
            return
        self._ahead.add(begun)
        aged = asyncio.get_running_loop().call_later(_YOUNG, self.let_pass, begun)
        try:
            yield begun
        finally:
            aged.cancel()
            self.let_pass(begun)

    def let_pass(self, operation: "Operation") -> None:
        """Nobody stands still for this operation any more."""
        self._ahead.discard(operation)
        if not self._ahead and self._lines:
            self._schedule(0)

    async def turn(self, account: _Account) -> None:
        """Returns when the next step of an operation without credit may be made."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(account, deque()).append(mine)
        if self._next is None:
            self._schedule(0)
        await mine

    def _account(self, actor: str) -> _Account:
        account = self._accounts.pop(actor, None) or _Account()
        self._accounts[actor] = account  # as the last
        if len(self._accounts) > _ACCOUNTS:
            del self._accounts[next(iter(self._accounts))]
        return account

    def _schedule(self, seconds: float) -> None:
        if self._next is not None:
            self._next.cancel()
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(seconds, self._move) if seconds else loop.call_soon(self._move)

    def _move(self) -> None:
        self._next = None
        if not self._lines:
            return
        now = asyncio.get_running_loop().time()
        if self._ahead and now >= self._stands_until + _MOVES:
            self._stands_until = now + _STANDS
            self._schedule(_STANDS)
            return
        account, line = next(iter(self._lines.items()))
        del self._lines[account]
        first = line.popleft()
        if line:
            self._lines[account] = line  # as the last
        if not first.done():  # else its operation was cancelled
            first.set_result(None)
        self._schedule(0)


class Operation:
    """One that is under way, and on whose account it keeps the event loop busy."""

    __slots__ = ("_account", "_precedence", "_stepping")

    def __init__(self, precedence: Precedence, account: _Account) -> None:
        self._precedence, self._account = precedence, account
        self._stepping = False

    @property
    def waits(self) -> bool:
        """Whether its steps take their turns in the line."""
        return self._account.is_used_up

    def stepwise(self, work: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
        """The same part of the operation, with steps that are measured and take their turns."""
        return _Part(work, self.steps(work))

    def steps(self, work: Coroutine[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """Yields what the work waits for, and returns its result."""
        error: BaseException | None = None
        while True:
            if not self._stepping and error is None and self.waits:
                try:
                    yield from self._precedence.turn(self._account).__await__()
                except BaseException as thrown:
                    error = thrown
            try:
                awaited = self._step(work, error)
            except StopIteration as ended:
                found: Result = ended.value
                return found
            error = None  # nothing refers to it any more: with its frames it would be left to the garbage collector
            try:
                yield awaited
            except BaseException as thrown:  # for the work, which may go on
                error = thrown

    def _step(self, work: Coroutine[Any, Any, Any], error: BaseException | None) -> Any:
        """Returns what it waits for next. What is awaited within another step is measured with that step."""
        if self._stepping:
            return work.send(None) if error is None else work.throw(error)
        self._stepping = True
        began = perf_counter()
        try:
            return work.send(None) if error is None else work.throw(error)
        finally:
            self._stepping = False
            self._account.charge(perf_counter() - began)
            if self.waits:
                self._precedence.let_pass(self)


class _Part(Coroutine[Any, Any, Result]):
    """A coroutine around another, which is closed with it even when nobody has awaited it."""

    def __init__(
        self, work: Coroutine[Any, Any, Result], steps: Generator[Any, Any, Result]
    ) -> None:
        self._work, self._steps = work, steps

    def __await__(self) -> Generator[Any, Any, Result]:
        return (yield from self._steps)

    def send(self, value: Any) -> Any:
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        if getgeneratorstate(self._steps) == GEN_CREATED:
            self._work.close()
        return self._steps.throw(*error)

    def close(self) -> None:
        self._steps.close()
        self._work.close()

    def __del__(self) -> None:
        if getgeneratorstate(self._steps) == GEN_CREATED:
            self._work.close()
