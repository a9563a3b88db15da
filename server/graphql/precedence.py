"""Operations of users who have asked for little go before those of users who have asked for much.

A user has some time of the event loop on credit, and more as time goes by. Once it is used up, each step of the user's
queries waits in a line, which moves by some steps of one query a round of the event loop, one user after the other.
While an operation of somebody with credit is under way, the line stands still for most of the time.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from inspect import CORO_CREATED, GEN_CREATED, getcoroutinestate, getgeneratorstate, iscoroutine
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
_TOGETHER: Final = 100
"""Parts of one operation that make a step in the same round: one by one they would load their rows one by one."""
_ROUND: Final = 0.005
"""Seconds of such a round: parts whose turn comes later than that wait for another one."""
_DEBT: Final = 1.0
"""Seconds beyond the credit of a user, from which on mutations wait too."""
_MOST_DEBT: Final = 5.0
"""Seconds of debt that count: whoever pauses for ten times as long has credit again."""
_ACCOUNTS: Final = 1_000
"""Users who are remembered."""

Result = TypeVar("Result")


class _Account:
    """The credit of one user; or of one mutation, whose user pays for it too."""

    __slots__ = ("_at", "_credit", "_user")

    def __init__(self, user: "_Account | None" = None) -> None:
        self._credit, self._at = CREDIT, perf_counter()
        self._user = user

    def charge(self, seconds: float) -> None:
        self._credit, self._at = max(self._now() - seconds, -_MOST_DEBT), perf_counter()
        if self._user:
            self._user.charge(seconds)

    @property
    def is_used_up(self) -> bool:
        return self._now() < 0 or (self._user is not None and self._user._now() < -_DEBT)

    def _now(self) -> float:
        return min(self._credit + (perf_counter() - self._at) * _EARNED, CREDIT)


class Precedence:
    """One a process, for all its operations."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._lines: dict[_Account, dict[Operation, deque[asyncio.Future[None]]]] = {}
        self._ahead: set[Operation] = set()
        self._next: asyncio.Handle | None = None
        self._stands_until = 0.0
        self._round_ends: float | None = None

    @contextmanager
    def operation(self, actor: str, *, anew: bool = False) -> Iterator["Operation"]:
        """An operation goes ahead of others as long as its actor has credit; `anew` gives it credit of its own, unless
        the actor has used far too much."""
        user = self._account(actor)
        begun = Operation(self, _Account(user) if anew else user)
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

    def lasting(self, actor: str) -> "Operation":
        """One that mostly waits: nobody stands still for it."""
        return Operation(self, self._account(actor))

    def charge(self, actor: str, seconds: float) -> None:
        """For what was done for a user outside of an operation's steps."""
        self._account(actor).charge(seconds)

    def let_pass(self, operation: "Operation") -> None:
        """Nobody stands still for this operation any more."""
        self._ahead.discard(operation)
        if not self._ahead and self._lines:
            self._schedule(0)

    async def turn(self, account: _Account, operation: "Operation") -> None:
        """Returns when the next step of a part of this operation may be made."""
        while True:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._lines.setdefault(account, {}).setdefault(operation, deque()).append(mine)
            if self._next is None:
                self._schedule(0)
            await mine
            if self._round_has_time():
                return

    def _round_has_time(self) -> bool:
        """The first part of a round always makes its step; others do until the steps before them took too long."""
        now = perf_counter()
        if self._round_ends is None:
            self._round_ends = now + _ROUND
        return now < self._round_ends

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
        self._round_ends = None
        for waiting in self._next_parts():
            if not waiting.done():  # else its operation was cancelled
                waiting.set_result(None)
        self._schedule(0)

    def _next_parts(self) -> list["asyncio.Future[None]"]:
        """Some of one operation of one user; both are the last then. Parts that load rows load them together."""
        account, operations = next(iter(self._lines.items()))
        operation, parts = next(iter(operations.items()))
        del self._lines[account], operations[operation]
        found = [parts.popleft() for _ in range(min(_TOGETHER, len(parts)))]
        if parts:
            operations[operation] = parts
        if operations:
            self._lines[account] = operations
        return found


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
                    yield from self._precedence.turn(self._account, self).__await__()
                except BaseException as thrown:
                    if _close_unbegun(work):
                        raise
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
        """Gives what the work waits for next. A part that is awaited within another part's step is measured with that
        one."""
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
    """A coroutine around another. Both are closed together, even when nobody has awaited them."""

    def __init__(
        self, work: Coroutine[Any, Any, Result], steps: Generator[Any, Any, Result]
    ) -> None:
        self._work, self._steps = work, steps

    def __await__(self) -> Generator[Any, Any, Result]:
        return (yield from self._steps)

    def send(self, value: Any) -> Any:
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        self._give_up()
        return self._steps.throw(*error)

    def close(self) -> None:
        self._give_up()
        self._steps.close()

    def __del__(self) -> None:
        self._give_up()

    def _give_up(self) -> None:
        if getgeneratorstate(self._steps) == GEN_CREATED:
            _close_unbegun(self._work)


def _close_unbegun(work: Any) -> bool:
    """Whether the work has not begun. It never will then, and is closed with what it was to await, before Python warns
    that nobody awaited these."""
    if not iscoroutine(work) or getcoroutinestate(work) != CORO_CREATED:
        return False
    to_await = list(work.cr_frame.f_locals.values()) if work.cr_frame else []
    work.close()
    for each in to_await:
        _close_unbegun(each)
    return True
