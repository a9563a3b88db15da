"""Runs the remaining rows of running sets, one by one: each set by one process at a time.

It pauses between rounds, so that requests of people are not delayed.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from models.access.viewer import Viewer
from models.errors import Fault, HeadwayError, Refused, Unavailable
from models.ids import new_id, typed
from runner.bulk.requests import RequestBuilder
from runner.engine.engine import Engine
from runner.engine.request import problem_of
from runner.expressions.evaluator import Evaluator
from runner.notify.feed import Feed
from runner.service.encryption import Cipher
from runner.service.log_refs import LogRef
from runner.service.loop import Loop, log_errors
from runner.service.outage import UNREACHABLE
from runner.store import bulk
from runner.store.access.holders import Holders, still_held
from runner.store.bulk import BulkSet, Item
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.bulk")

_LOOK_AGAIN = 1.0
_MAX_SETS = 4
"""Sets that one process runs at once; the others are left for other processes."""
_ROWS, _PREPARED_ROWS = 50, 10
"""Rows whose commands are submitted together; fewer for actions that read each execution first."""
_SHORTEST_REST, _LONGEST_REST = 0.005, 0.25
"""Limits in seconds of the pause between two rounds of a set, which is as long as the round took."""


class BulkRunner(Loop):
    def __init__(
        self, database: Database, engine: Engine, feed: Feed, evaluator: Evaluator, cipher: Cipher
    ) -> None:
        super().__init__()
        self._pool = database.pool
        self._engine = engine
        self._feed = feed
        self._evaluator = evaluator
        self._cipher = cipher
        self._holders = Holders(database.pool)
        self._me = new_id()
        self._mine: set[UUID] = set()

    async def _run_loop(self) -> None:
        async with asyncio.TaskGroup() as group:
            with self._feed.watch("b") as watch:
                while True:
                    for found in await self._claim():
                        self._mine.add(found.id)
                        group.create_task(self._run(found))
                    await watch.changed(_LOOK_AGAIN)

    async def _claim(self) -> Sequence[BulkSet]:
        found: Sequence[BulkSet] = ()
        if room := _MAX_SETS - len(self._mine):
            with log_errors(logger, "could not look for bulk actions to run"):
                found = await bulk.claim(self._pool, self._me, self._mine, room)
        return found

    async def _run(self, found: BulkSet) -> None:
        """Runs a set. After a failure the set is continued once its claim expires."""
        try:
            with log_errors(logger, f"bulk action {found.id} was interrupted and continues later"):
                await self._run_all(found)
                await bulk.end(self._pool, found.id)
        finally:
            self._mine.discard(found.id)
            self._feed.notify({"b", f"b:{found.id}"})

    async def _run_all(self, found: BulkSet) -> None:
        builder = RequestBuilder(
            self._pool,
            self._engine,
            self._evaluator,
            self._cipher,
            found.instruction,
            found.origin,
            Viewer(found.origin.actor, found.grants),
        )
        most = _PREPARED_ROWS if builder.prepared else _ROWS
        clock = asyncio.get_running_loop().time
        while await bulk.hold(self._pool, self._me, found.id):
            items = await bulk.next_items(self._pool, found.id, most)
            if not items:
                return
            # Roles and the token may be revoked while the set runs.
            holder = await self._holders.by_actor(found.origin.actor, found.token_id)
            builder = replace(builder, viewer=still_held(builder.viewer, holder))
            since = clock()
            reached = await asyncio.gather(*(self._run_row(builder, item) for item in items))
            if not all(reached):
                raise Unavailable("some rows could not be run now")
            await asyncio.sleep(min(max(clock() - since, _SHORTEST_REST), _LONGEST_REST))

    async def _run_row(self, builder: RequestBuilder, item: Item) -> bool:
        """Runs a row; returns False when it must be run later. The engine writes the outcome if it decided the
        command."""
        try:
            await self._engine.submit(await builder.build(item), bulk=True)
        except (Unavailable, *UNREACHABLE):
            return False
        except (Refused, Fault) as error:
            await self._settle(item, error)
        except Exception as error:  # an error of one row must not stop the others
            id = typed("bulk", item.place.bulk_id)
            logger.exception(
                "a row of the bulk action %s failed: %s", id, LogRef(item.execution_id)
            )
            await self._settle(item, Fault(f"internal error: {error}"))
        return True

    async def _settle(self, item: Item, error: HeadwayError) -> None:
        """Stores the outcome of a row that was not submitted to the engine, or that the engine could not write."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await bulk.still_left(connection, [item.place]):
                await bulk.settle(connection, [bulk.Result(item.place, problem_of(error))])
