"""Live inboxes of approval requests. A change is read once in each process, and evaluated in memory for each inbox: one
that it does not affect costs nothing, and one that shows all its requests is updated without reading the tables."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from models.filters.inbox import Change, Request, Wish
from runner.live.freshness import Freshness
from runner.live.live_list import LiveList
from runner.service.retry import retry_until_available
from runner.store import approvals
from runner.store.postgres.connection import Pool
from runner.store.rows import ApprovalRow

MOST: Final = 200
"""The most requests that an inbox shows; it shows the oldest."""
_AT_ONCE: Final = 2
"""Inboxes that read the tables at the same time; few, to leave the database free for others."""
_WAKE_GROUP: Final = 16
_WAKE_DELAY: Final = 0.02
"""Seconds between groups of _WAKE_GROUP inboxes that are woken, so that the event loop can run in between."""
_REFRESH_SECONDS: Final = 60.0
"""Seconds after which an inbox is refreshed, in case all notifications are lost."""
_MAX_REMEMBERED: Final = 10_000
"""Requests whose previous version is remembered."""


@dataclass(frozen=True, slots=True)
class InboxUpdate:
    """Requests that are new or changed, the oldest first; those that are no longer shown; and the total number, with
    whether it is exact."""

    changed: Sequence[Request[ApprovalRow]]
    gone: Sequence[UUID]
    total: tuple[int, bool]

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


@dataclass(frozen=True, slots=True)
class _Shown:
    execution_id: UUID
    version: Hashable


class Inbox(LiveList):
    def __init__(self, pool: Pool, turns: asyncio.Semaphore, wish: Wish) -> None:
        super().__init__(_REFRESH_SECONDS)
        self._pool, self._turns, self._wish = pool, turns, wish
        self._shown: dict[UUID, _Shown] = {}
        self._changes: dict[UUID, Request[ApprovalRow] | None] = {}
        self._whole = False
        self._total: tuple[int, bool] = (0, True)

    async def next(self) -> InboxUpdate:
        """Returns the changes since the last call; at first all requests."""
        if self._freshness is Freshness.STALE:
            return await self._refresh()
        changes, self._changes = self._changes, {}
        changed = sorted((one for one in changes.values() if one), key=lambda one: one.id)
        gone = [id for id, one in changes.items() if one is None and id in self._shown]
        for id in gone:
            del self._shown[id]
        self._shown |= {one.id: _Shown(one.execution_id, one.version) for one in changed}
        self._total = len(self._shown), True
        return InboxUpdate(changed, gone, self._total)

    def notify(self, changes: Sequence[Change[ApprovalRow]], gone: frozenset[UUID]) -> bool:
        """Applies changes; returns whether the inbox must be woken."""
        if self._freshness is Freshness.STALE:
            return False
        if self._freshness is Freshness.REFRESHING:  # the rows being read may include them or not
            self._freshness = Freshness.STALE
            return True
        if not self._whole:
            concerned = bool(gone) or any(self._counts(change) for change in changes)
            if concerned:
                self._freshness = Freshness.STALE
            return concerned
        mine = [change.now for change in changes if self._concerns(change.now)]
        left = (
            [id for id, shown in self._shown.items() if shown.execution_id in gone] if gone else []
        )
        self._changes |= dict.fromkeys(left)
        self._changes |= {one.id: one if self._wish.takes(one) else None for one in mine}
        added = sum(one is not None for id, one in self._changes.items() if id not in self._shown)
        if len(self._shown) + added > MOST:
            self._freshness = Freshness.STALE
        return bool(mine or left)

    def _counts(self, change: Change[ApprovalRow]) -> bool:
        """Returns whether an inbox that does not show all counted this request before, or counts it now."""
        if self._wish.takes(change.now):
            return True
        before = change.before
        return self._wish.takes(before) if before else self._wish.may_take(change.now)

    def _concerns(self, request: Request[ApprovalRow]) -> bool:
        shown = self._shown.get(request.id)
        if not self._wish.takes(request):
            return shown is not None or request.id in self._changes
        return shown is None or shown.version != request.version or request.id in self._changes

    async def _refresh(self) -> InboxUpdate:
        async with self._turns:
            self._start_refresh()
            read = partial(approvals.read_inbox, self._pool, self._wish, MOST)
            found = await retry_until_available(self._pool, read)
            self._finish_refresh()
        old, self._changes = self._shown, {}
        self._shown = {one.id: _Shown(one.execution_id, one.version) for one in found.found}
        self._whole, self._total = found.whole, (found.total, found.exact)
        changed = [one for one in found.found if old.get(one.id) != self._shown[one.id]]
        gone = [id for id in old if id not in self._shown]
        return InboxUpdate(changed, gone, self._total)


class Inboxes:
    """All inboxes of a process. `changed` is called when one is opened or closed."""

    def __init__(self, pool: Pool, changed: Callable[[], None]) -> None:
        self._pool, self._changed = pool, changed
        self._open: set[Inbox] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._known: OrderedDict[UUID, Request[ApprovalRow | None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._open)

    @contextmanager
    def open(self, wish: Wish) -> Iterator[Inbox]:
        inbox = Inbox(self._pool, self._turns, wish)
        self._open.add(inbox)
        self._changed()
        try:
            yield inbox
        finally:
            self._open.discard(inbox)
            self._changed()

    def invalidate(self) -> None:
        self._known.clear()
        for number, inbox in enumerate(self._open):
            self._wake_later(number, inbox.invalidate)

    async def read_changes(self, execution_ids: Sequence[UUID]) -> None:
        """Reads the requests of changed executions, and updates the inboxes that they affect."""
        requests, gone = await approvals.requests_of(self._pool, execution_ids)
        changes = [change for one in requests if (change := self._change(one))]
        if not changes and not gone:
            return
        concerned = [inbox for inbox in self._open if inbox.notify(changes, gone)]
        for number, inbox in enumerate(concerned):
            self._wake_later(number, inbox.wake)

    def _change(self, now: Request[ApprovalRow]) -> Change[ApprovalRow] | None:
        before = self._known.pop(now.id, None)
        known: Request[ApprovalRow | None] = now
        self._known[now.id] = replace(known, row=None)
        while len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
        return None if before and before.version == now.version else Change(before, now)

    def _wake_later(self, number: int, wake: Callable[[], None]) -> None:
        delay = number // _WAKE_GROUP * _WAKE_DELAY
        asyncio.get_running_loop().call_later(delay, wake) if delay else wake()
