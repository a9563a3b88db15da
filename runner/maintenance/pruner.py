"""Deletes ended executions by the retention rules: a few per transaction, and months of events and logs as whole
partitions. Only one process prunes at a time. If it dies, the next run continues; nothing is left half deleted."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from models.events.events import ENGINE, CommandOrigin
from models.retention import RetentionRule, shortest
from runner.notify.feed import Feed
from runner.service.loop import Loop, log_errors
from runner.store import audit
from runner.store.postgres.connection import Connection
from runner.store.postgres.database import Database
from runner.store.retention import partitions, retention
from runner.store.retention.retention import Count

logger = logging.getLogger("headway.pruner")

BATCH = 500
"""Executions per transaction. Few, as others that need one of these executions wait for the transaction."""
Rules = Sequence[RetentionRule]


class Busy(Exception):
    """Another process prunes this database now."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The executions that would be deleted now, by flow and final state, and the months whose events and logs would be
    dropped as whole partitions."""

    counts: Sequence[Count]
    months: Sequence[date]


@dataclass(slots=True)
class Pruned:
    """The number of deleted executions by (namespace, flow, final state), and the dropped partitions."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    dropped: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.counts.total()


class Pruner(Loop):
    """Prunes when entered and then every `every` seconds, if there are rules."""

    def __init__(self, database: Database, feed: Feed, rules: Rules, every: float) -> None:
        super().__init__()
        self._database = database
        self._feed = feed
        self._rules = rules
        self._every = every

    async def _run_loop(self) -> None:
        while shortest(tuple(self._rules)) is not None:
            with log_errors(logger, "could not prune"):
                await self._prune()
            await asyncio.sleep(self._every)

    async def _prune(self) -> None:
        try:
            done = await prune(self._database, self._rules, ENGINE, on_pruned=self._notify)
        except Busy:
            logger.debug("another process prunes")
            return
        if done.total or done.dropped:
            logger.info("pruned %s executions, dropped %s", done.total, done.dropped)

    def _notify(self, deleted: Sequence[UUID]) -> None:
        """Makes lists refresh that show one of these executions."""
        self._feed.notify([f"e:{id}" for id in deleted])


async def survey(database: Database, rules: Rules) -> Survey:
    """Returns what `prune` would delete; changes nothing."""
    whole = await partitions.whole_months(database.pool, rules)
    left = await partitions.marked(database.pool)
    return Survey(await retention.counts(database.pool, rules), sorted({*whole, *left}))


async def prune(
    database: Database,
    rules: Rules,
    origin: CommandOrigin,
    *,
    batch: int = BATCH,
    on_pruned: Callable[[Sequence[UUID]], None] = lambda _: None,
) -> Pruned:
    """Prunes until nothing is left to prune. After each transaction, `on_pruned` is called with the deleted executions.
    Raises Busy, Unavailable."""
    done = Pruned()
    async with _turn(database) as connection:
        async with connection.transaction():
            await retention.forget_kept_outputs(connection)
        await partitions.mark(connection, await partitions.whole_months(connection, rules))
        place = None
        while True:
            async with connection.transaction():
                gone = await retention.delete_batch(connection, rules, place, batch)
                counts = Counter(
                    (row["namespace"], row["flow_key"], row["state"]) for row in gone.rows
                )
                if gone.rows:
                    await _record(connection, origin, {"flows": _by_flow(counts)}, len(gone.rows))
            if gone.place is None:
                break
            place = gone.place
            done.counts += counts
            on_pruned([row["id"] for row in gone.rows])
        done.dropped = await _drop(connection, rules, origin)
    return done


@asynccontextmanager
async def _turn(database: Database) -> AsyncIterator[Connection]:
    """Yields a connection with the exclusive right to prune, which ends when the connection is closed or lost."""
    connection = await database.connect_alone()
    try:
        if not await retention.try_lock_pruning(connection):
            raise Busy
        yield connection
    finally:
        await connection.close()


async def _drop(connection: Connection, rules: Rules, origin: CommandOrigin) -> list[str]:
    dropped: list[str] = []
    for month in await partitions.months_before_now(connection):
        async with connection.transaction():
            if names := await partitions.drop(connection, month):
                await _record(connection, origin, {"dropped": names}, 0)
        dropped += names
    for month in await partitions.marked(connection):
        if await partitions.keeps(connection, month, rules):
            await partitions.unmark(connection, month)
    return dropped


async def _record(
    connection: Connection, origin: CommandOrigin, data: dict[str, Any], count: int
) -> None:
    """Writes an audit entry, without a namespace because it concerns several."""
    what = f"{count} executions" if count else "events and logs of a month"
    await audit.record(
        connection, origin, "PRUNE", audit.Target(None, what), {"executions": count, **data}
    )


def _by_flow(counts: Counter[tuple[str, str, str]]) -> dict[str, dict[str, int]]:
    """Groups the counts by flow, then by final state."""
    grouped: dict[str, dict[str, int]] = {}
    for (namespace, flow, state), count in sorted(counts.items()):
        grouped.setdefault(f"{namespace}/{flow}", {})[state] = count
    return grouped
