"""Follows an execution: reads what changed since a position, in parts that are small enough to send.

Events say which task runs changed; the task runs are read as they are now, so a part may have newer rows than its
events. Later changes are sent again, so a client that keeps the newest row of each id has the current state.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Final, TypedDict, TypeVar, cast
from uuid import UUID

from runner.live.affected_rows import ChangedRow, Touched, touched_by
from runner.notify.feed import Feed
from runner.service.cooldown import cooldown
from runner.service.retry import retry_until_available
from runner.store.execution import execution_changes as store
from runner.store.execution.event_log import EventRow
from runner.store.execution.execution_changes import KINDS, ChangeSummary
from runner.store.execution.history import ReadMetricRow
from runner.store.execution.nodes import TaskRunWithResults, UseRow
from runner.store.postgres.connection import Pool
from runner.store.rows import ApprovalRow, ExecutionRow, NoteRow

COALESCE: Final = 0.05
"""The least seconds between two reads."""
NO_MOMENT: Final = "9223372036854775807:9223372036854775807:"
"""The snapshot for a view that was read without one: a client that follows from it must read the execution again."""
BUDGET: Final = 16_000
"""The most characters of a part; a single row may be longer."""
_FEW: Final = 2_000
"""Up to so many events are always sent one by one, however old the position and however small the execution."""
_EVENTS_AT_ONCE: Final = 200
_ROWS_AT_ONCE: Final = 100

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """The position of a client that follows an execution. It has received all events up to `seq`, the first `within`
    task runs that the next event changed, and all other rows that the snapshot `moment` sees. While other rows up to
    the snapshot `until` are being sent, it has received those up to the row `last` of `kind`."""

    seq: int
    moment: str
    within: int = 0
    until: str | None = None
    kind: str = ""
    last: UUID = store.NO_ID


class PartRows(TypedDict, total=False):
    """Rows by the name of their field, without the columns that are not requested, and without `moved_xid`. The rows in
    `gone_artifacts` are ids of uses."""

    task_runs: Sequence[TaskRunWithResults]
    approvals: Sequence[ApprovalRow]
    metrics: Sequence[ReadMetricRow]
    artifacts: Sequence[UseRow]
    gone_artifacts: Sequence[UUID]
    notes: Sequence[NoteRow]
    children: Sequence[ExecutionRow]
    events: Sequence[EventRow]


@dataclass(frozen=True, slots=True)
class Part:
    """The content of one message. `reset`: too much has changed, read all again."""

    place: StreamPosition
    rows: PartRows = field(default_factory=PartRows)
    more: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """Estimated characters of a row besides its texts, and of each attempt; `left_out` are columns with long texts that
    are not requested, and so not read."""

    row: int
    attempt: int = 0
    left_out: frozenset[str] = frozenset()

    def of(self, row: ChangedRow) -> int:
        found = self.row
        columns = _columns(row)
        for column, value in columns.items():
            if isinstance(value, str):
                found += len(value)
            elif column == "attempt" and self.attempt:
                found += value * (self.attempt + len(columns["error"] or ""))
        return found


@dataclass(frozen=True, slots=True)
class _Item:
    """One row to send, and the position after it. Without a name nothing is sent: only the position moves."""

    place: StreamPosition
    name: str = ""
    key: UUID | int = store.NO_ID
    row: ChangedRow = store.NO_ID


async def follow(
    pool: Pool, feed: Feed, id: UUID, place: StreamPosition | None, weights: Mapping[str, Weight]
) -> AsyncGenerator[Part, None]:
    """Yields the changes since a position (None: from now on), as long as the execution exists. `weights` are of the
    requested fields: only those are read. A database outage only delays."""
    with feed.watch(f"e:{id}", f"c:{id}", f"m:{id}") as watch:
        while True:
            began = time.thread_time()
            moment = place.moment if place else None
            summary = await retry_until_available(
                pool, partial(store.changes_since, pool, id, moment, weights)
            )
            if summary is None:
                return
            if place is None or await _is_too_far(pool, id, place, summary):
                place = StreamPosition(summary.seq, summary.moment)
                yield Part(place, reset=True)
            else:
                async with aclosing(_Round(pool, id, place, summary, weights).parts()) as parts:
                    async for part in parts:
                        yield part
                place = StreamPosition(summary.seq, summary.moment)
            await asyncio.sleep(cooldown(time.thread_time() - began, COALESCE))
            await watch.changed()


async def _is_too_far(pool: Pool, id: UUID, place: StreamPosition, summary: ChangeSummary) -> bool:
    """Returns whether reading the execution again is cheaper than sending all changes, or they are unknown."""
    if (
        summary.ahead
        or place.seq > summary.seq
        or max(summary.rows.values(), default=0) > store.TOO_MANY
    ):
        return True
    passed = summary.seq - place.seq
    if passed <= _FEW:
        return False
    return passed > _FEW + 2 * await retry_until_available(
        pool, partial(store.count_task_runs, pool, id)
    )


class _Round:
    """The changes from a position up to one snapshot."""

    def __init__(
        self,
        pool: Pool,
        id: UUID,
        place: StreamPosition,
        summary: ChangeSummary,
        weights: Mapping[str, Weight],
    ) -> None:
        self._pool = pool
        self._id = id
        self._place = place
        self._summary = summary
        self._weights = weights
        self._sent: set[UUID] = set()
        self._rows: dict[UUID, Mapping[str, Any]] = {}

    async def parts(self) -> AsyncGenerator[Part, None]:
        """Yields the changes in parts, none if nothing changed. Each part is held until the next is known, because the
        last one is marked."""
        rows: dict[str, dict[UUID | int, ChangedRow]] = {}
        total, moved, place = 0, False, self._place
        async with aclosing(self._items()) as items:
            async for item in items:
                weight = self._weights.get(item.name)
                heavy = weight.of(item.row) if weight else 0
                if rows and total + heavy > BUDGET:
                    yield Part(place, _listed(rows), more=True)
                    rows, total = {}, 0
                if weight:
                    rows.setdefault(item.name, {})[item.key] = item.row
                total, place, moved = total + heavy, item.place, True
        if moved:
            yield Part(StreamPosition(self._summary.seq, self._summary.moment), _listed(rows))

    async def _items(self) -> AsyncGenerator[_Item, None]:
        place = self._place
        if place.until:
            async for item in self._unordered(place, place.until):
                yield item
            place = StreamPosition(place.seq, place.until)
        async for item in self._happened(place):
            yield item
        now = StreamPosition(self._summary.seq, place.moment, until=self._summary.moment)
        async for item in self._unordered(now, self._summary.moment):
            yield item

    async def _unordered(self, place: StreamPosition, until: str) -> AsyncIterator[_Item]:
        """The rows without events: kind by kind, in the order of ids."""
        names = list(KINDS)
        start = names.index(place.kind) if place.kind else 0
        for name in names[start:]:
            after = place.last if name == place.kind else store.NO_ID
            if not self._summary.rows.get(name):
                continue
            while ids := await self._read(
                store.ids_between, name, self._id, place.moment, until, after, _ROWS_AT_ONCE
            ):
                async for row in self._few_at_once(name, ids):
                    after = row["id"]
                    yield _Item(replace(place, kind=name, last=after), name, after, row)
                after = ids[-1]
                if len(ids) < _ROWS_AT_ONCE:
                    break

    async def _few_at_once(
        self, name: str, ids: Sequence[UUID]
    ) -> AsyncIterator[Mapping[str, Any]]:
        while ids:
            some = ids[:_ROWS_AT_ONCE]
            rows = await self._some(name, some)
            for row in rows:
                yield row
            ids = ids[some.index(rows[-1]["id"]) + 1 if rows else len(some) :]

    async def _some(self, name: str, ids: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        without = self._weights[name].left_out
        return await self._read(store.some_rows, name, self._id, ids, without)

    async def _happened(self, place: StreamPosition) -> AsyncIterator[_Item]:
        seq, within = place.seq, place.within
        weight = self._weights.get("events")
        without = weight.left_out if weight else {"data"}
        while seq < self._summary.seq:
            events = await self._read(
                store.some_events, self._id, seq, _EVENTS_AT_ONCE, self._summary.seq, without
            )
            touched = await self._read(touched_by, self._id, events, self._weights)
            coming = [run for event in events for run in touched[event.seq].runs][within:]
            for event in events:
                before = StreamPosition(seq, place.moment)
                async for item in self._of_event(before, event, touched[event.seq], within, coming):
                    yield item
                seq, within = event.seq, 0
            if not events:
                return  # deleted meanwhile

    async def _of_event(
        self,
        before: StreamPosition,
        event: EventRow,
        touched: Touched,
        within: int,
        coming: Sequence[UUID],
    ) -> AsyncIterator[_Item]:
        for number, run in enumerate(touched.runs[within:], within + 1):
            if run in self._sent:
                continue
            task_run = await self._task_run(run, coming)
            if task_run is not None:
                yield _Item(replace(before, within=number), "task_runs", run, task_run)
        last = replace(before, within=len(touched.runs))
        for name, key, row in touched.others:
            yield _Item(last, name, key, row)
        for name, ids in touched.named_before.items():
            async for below in self._few_at_once(name, ids):
                yield _Item(last, name, below["id"], below)
        yield _Item(StreamPosition(event.seq, before.moment), "events", event.seq, event)

    async def _task_run(self, run: UUID, coming: Sequence[UUID]) -> Mapping[str, Any] | None:
        """Reads each task run once in a round, together with some of the following ones."""
        if run not in self._rows:
            unread = (id for id in coming if id not in self._sent and id not in self._rows)
            some = dict.fromkeys((run, *islice(unread, _ROWS_AT_ONCE)))
            for row in await self._some("task_runs", list(some)):
                self._rows[row["id"]] = row
        self._sent.add(run)
        return self._rows.pop(run, None)

    async def _read(self, read: Callable[..., Awaitable[Found]], *arguments: Any) -> Found:
        return await retry_until_available(self._pool, partial(read, self._pool, *arguments))


def _listed(rows: Mapping[str, Mapping[UUID | int, ChangedRow]]) -> PartRows:
    found = {name: list(by_key.values()) for name, by_key in rows.items()}
    return cast(PartRows, found)  # each kind was read under its own name


def _columns(row: ChangedRow) -> Mapping[str, Any]:
    if isinstance(row, UUID):
        return {}
    return {name: getattr(row, name) for name in _TEXTS} if isinstance(row, EventRow) else row


_TEXTS: Final = ("path", "actor", "reason", "data")
"""The text columns of an event."""
