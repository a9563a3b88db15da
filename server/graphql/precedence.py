"""Prioritises operations of users who have used little of the event loop's time over those of heavy users.

Each user has a credit of event-loop time, which grows with time. Once it is used up, each step of the user's queries
waits in a queue, from which some steps of one query run in each round of the event loop, one user after the other.
While an operation of a user with credit runs, the queue is paused for most of the time.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from inspect import CORO_CREATED, GEN_CREATED, getcoroutinestate, getgeneratorstate, iscoroutine
from time import perf_counter
from typing import Any, Final, TypeVar

CREDIT: Final = 0.1
"""Seconds of the event loop's time that a user may use at once before losing priority."""
_CREDIT_RATE: Final = 0.1
"""Seconds of credit gained each second."""
_MAX_PRIORITY_TIME: Final = 1.0
"""Seconds for which an operation has priority: one that runs longer mostly waits for the database."""
_PAUSE, _RUN = 0.05, 0.0125
"""Seconds of pausing and running, in turns, during a priority operation: the queue still gets a fifth of the time."""
_MAX_PARTS: Final = 100
"""Parts of one operation that step in the same round, so that they load their rows together."""
_ROUND: Final = 0.005
"""Seconds of such a round: parts whose turn would come later wait for the next round."""
_DEBT: Final = 1.0
"""Seconds of debt from which on mutations wait, too."""
_MOST_DEBT: Final = 5.0
"""Maximum seconds of debt: after a pause of ten times as long a user has credit again."""
_ACCOUNTS: Final = 1_000
"""Users whose accounts are kept."""

Result = TypeVar("Result")


class _Account:
    """The credit of one user; or of one mutation, which is charged to its user as well."""

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
        return min(self._credit + (perf_counter() - self._at) * _CREDIT_RATE, CREDIT)


class Precedence:
    """Schedules all operations of a process; one instance a process."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._waiting: dict[_Account, dict[Operation, deque[asyncio.Future[None]]]] = {}
        self._ahead: set[Operation] = set()
        self._next: asyncio.Handle | None = None
        self._paused_until = 0.0
        self._round_ends: float | None = None

    @contextmanager
    def operation(self, actor: str, *, anew: bool = False) -> Iterator["Operation"]:
        """Gives an operation priority while its actor has credit; `anew` gives it a credit of its own, unless the
        actor is far in debt."""
        user = self._account(actor)
        begun = Operation(self, _Account(user) if anew else user)
        if begun.waits:
            yield begun
            return
        self._ahead.add(begun)
        aged = asyncio.get_running_loop().call_later(_MAX_PRIORITY_TIME, self.end_priority, begun)
        try:
            yield begun
        finally:
            aged.cancel()
            self.end_priority(begun)

    def lasting(self, actor: str) -> "Operation":
        """Returns an operation that mostly waits, and therefore gets no priority."""
        return Operation(self, self._account(actor))

    def charge(self, actor: str, seconds: float) -> None:
        """Charges work that was done for a user outside an operation's steps."""
        self._account(actor).charge(seconds)

    def end_priority(self, operation: "Operation") -> None:
        """Ends the priority of an operation."""
        self._ahead.discard(operation)
        if not self._ahead and self._waiting:
            self._schedule(0)

    async def turn(self, account: _Account, operation: "Operation") -> None:
        """Returns when a part of this operation may make its next step."""
        while True:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(account, {}).setdefault(operation, deque()).append(mine)
            if self._next is None:
                self._schedule(0)
            await mine
            if self._round_has_time():
                return

    def _round_has_time(self) -> bool:
        """The first part of a round always steps; others only until the steps before them have used up the time."""
        now = perf_counter()
        if self._round_ends is None:
            self._round_ends = now + _ROUND
        return now < self._round_ends

    def _account(self, actor: str) -> _Account:
        account = self._accounts.pop(actor, None) or _Account()
        self._accounts[actor] = account  # moved to the end
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
        if not self._waiting:
            return
        now = asyncio.get_running_loop().time()
        if self._ahead and now >= self._paused_until + _RUN:
            self._paused_until = now + _PAUSE
            self._schedule(_PAUSE)
            return
        self._round_ends = None
        for waiting in self._next_parts():
            if not waiting.done():  # else its operation was cancelled
                waiting.set_result(None)
        self._schedule(0)

    def _next_parts(self) -> list["asyncio.Future[None]"]:
        """Takes some parts of one operation of one user, and moves both to the end. Parts load rows together."""
        account, operations = next(iter(self._waiting.items()))
        operation, parts = next(iter(operations.items()))
        del self._waiting[account], operations[operation]
        found = [parts.popleft() for _ in range(min(_MAX_PARTS, len(parts)))]
        if parts:
            operations[operation] = parts
        if operations:
            self._waiting[account] = operations
        return found


class Operation:
    """A running operation, and the account that is charged for its time on the event loop."""

    __slots__ = ("_account", "_precedence", "_stepping")

    def __init__(self, precedence: Precedence, account: _Account) -> None:
        self._precedence, self._account = precedence, account
        self._stepping = False

    @property
    def waits(self) -> bool:
        """Whether its steps wait in the queue."""
        return self._account.is_used_up

    def stepwise(self, work: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
        """Wraps a part of the operation, so that its steps are measured and queued."""
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
            error = None  # drops the reference, so that its frames need no garbage collection
            try:
                yield awaited
            except BaseException as thrown:  # passed to the work, which may continue
                error = thrown

    def _step(self, work: Coroutine[Any, Any, Any], error: BaseException | None) -> Any:
        """Runs the work to its next wait. A part that is awaited within another part's step is measured with that
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
                self._precedence.end_priority(self)


class _Part(Coroutine[Any, Any, Result]):
    """A coroutine around another. Both are closed together, even if nobody awaits them."""

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
    """Returns whether the work has not begun; if so, closes it and what it was to await, before Python warns that they
    were never awaited."""
    if not iscoroutine(work) or getcoroutinestate(work) != CORO_CREATED:
        return False
    to_await = list(work.cr_frame.f_locals.values()) if work.cr_frame else []
    work.close()
    for each in to_await:
        _close_unbegun(each)
    return True
