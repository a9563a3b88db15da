"""Streams the events of one execution."""

from collections.abc import AsyncGenerator
from functools import partial
from uuid import UUID

from runner.notify.feed import Feed
from runner.service.retry import retry_until_available
from runner.store.execution.event_log import BATCH, MOVED, EventRow, ended_by, events_after
from runner.store.postgres.connection import Pool


async def stream_events(
    pool: Pool, feed: Feed, execution_id: UUID, after: int = 0
) -> AsyncGenerator[EventRow, None]:
    """Yields each event after the cursor once and in order, then new ones.

    Completes when the execution has ended and all events are sent. The table is the buffer for slow readers; a database
    outage only delays.
    """
    cursor = after
    with feed.watch(f"e:{execution_id}") as watch:
        ended = await retry_until_available(pool, partial(ended_by, pool, execution_id, after))
        while ended is not None:
            rows = await retry_until_available(
                pool, partial(events_after, pool, execution_id, cursor)
            )
            for row in rows:
                yield row
                cursor = row.seq
                if row.type == MOVED:
                    ended = row.terminal
            if len(rows) == BATCH:
                continue
            if ended:
                return
            if (
                not rows
                and await retry_until_available(pool, partial(ended_by, pool, execution_id, cursor))
                is None
            ):
                return  # deleted before all events were read
            await watch.changed()
