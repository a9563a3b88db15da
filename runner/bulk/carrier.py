"""Carries out what is left of running sets, one by one: each set by one process at a time.

It holds itself back, so that what people ask meanwhile is not kept waiting.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from models.access.viewer import Viewer
from models.errors import Fault, HeadwayError, Refused, Unavailable
from models.ids import new_id
from runner.bulk.orders import Orders
from runner.engine.engine import Engine
from runner.engine.request import problem_of
from runner.expressions.evaluator import Evaluator
from runner.notify.feed import Feed
from runner.service.encryption import Cipher
from runner.service.loop import Loop, log_errors
from runner.service.outage import UNREACHABLE
from runner.store import bulk
from runner.store.access.holders import Holders, still_held
from runner.store.bulk import BulkSet, Item
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.bulk")

_LOOK_AGAIN = 1.0
_SETS = 4
"""Sets that one process works on at once; the others are there for other processes."""
_ROWS, _PREPARED_ROWS = 50, 10
"""Rows that are asked together; fewer where each is read before it is asked."""
_SHORTEST_REST, _LONGEST_REST = 0.005, 0.25
"""Seconds between two rounds of a set: as long as the round took, within these."""


class BulkCarrier(Loop):
    def __init__(
        self, database: Database, engine: Engine, feed: Feed, evaluator: Evaluator, vault: Cipher
    ) -> None:
        super().__init__()
        self._pool = database.pool
        self._engine = engine
        self._feed = feed
        self._evaluator = evaluator
        self._vault = vault
        self._holders = Holders(database.pool)
        self._me = new_id()
        self._mine: set[UUID] = set()

    async def _run_loop(self) -> None:
        async with asyncio.TaskGroup() as group:
            with self._feed.watch("b") as watch:
                while True:
                    for found in await self._claim():
                        self._mine.add(found.id)
                        group.create_task(self._carry_out(found))
                    await watch.changed(_LOOK_AGAIN)

    async def _claim(self) -> Sequence[BulkSet]:
        found: Sequence[BulkSet] = ()
        if room := _SETS - len(self._mine):
            with log_errors(logger, "could not look for bulks to carry out"):
                found = await bulk.claim(self._pool, self._me, self._mine, room)
        return found

    async def _carry_out(self, found: BulkSet) -> None:
        """A failure leaves the claim standing: it is taken up again when that runs out."""
        try:
            with log_errors(logger, f"bulk {found.id} goes on later"):
                await self._carry_out_all(found)
                await bulk.end(self._pool, found.id)
        finally:
            self._mine.discard(found.id)
            self._feed.hint({"b", f"b:{found.id}"})

    async def _carry_out_all(self, found: BulkSet) -> None:
        orders = Orders(
            self._pool,
            self._engine,
            self._evaluator,
            self._vault,
            found.instruction,
            found.origin,
            Viewer(found.origin.actor, found.grants),
        )
        most = _PREPARED_ROWS if orders.prepared else _ROWS
        clock = asyncio.get_running_loop().time
        while await bulk.hold(self._pool, self._me, found.id):
            items = await bulk.next_items(self._pool, found.id, most)
            if not items:
                return
            # Roles and the token may be revoked while the set is carried out.
            holder = await self._holders.by_actor(found.origin.actor, found.token_id)
            orders = replace(orders, viewer=still_held(orders.viewer, holder))
            since = clock()
            reached = await asyncio.gather(*(self._carry_out_one(orders, item) for item in items))
            if not all(reached):
                raise Unavailable("some rows could not be carried out now")
            await asyncio.sleep(min(max(clock() - since, _SHORTEST_REST), _LONGEST_REST))

    async def _carry_out_one(self, orders: Orders, item: Item) -> bool:
        """False when it may be carried out later. The engine itself writes what became of what it judged."""
        try:
            await self._engine.submit(await orders.order(item), bulk=True)
        except (Unavailable, *UNREACHABLE):
            return False
        except (Refused, Fault) as error:
            await self._settle(item, error)
        except Exception as error:  # one row's fault must not take the others with it
            logger.exception("a row of bulk %s failed", item.place.bulk_id)
            await self._settle(item, Fault(f"could not be carried out: {error}"))
        return True

    async def _settle(self, item: Item, error: HeadwayError) -> None:
        """Of what never came before the engine, or could not be written."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await bulk.still_left(connection, [item.place]):
                await bulk.settle(connection, [bulk.Result(item.place, problem_of(error))])
