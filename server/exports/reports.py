"""PDF reports: of one execution, or of several side by side."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from runner.store.postgres.connection import Pool
from server.files.places import Places
from server.report.facts import Facts, facts_of
from server.visible_execution import ExportRequest

FEWEST_COMPARED: Final = 2
MOST_COMPARED: Final = 5
_ONE_AT_A_TIME: Final = threading.Lock()


async def report(
    pool: Pool, requests: Sequence[ExportRequest], places: Places
) -> AsyncGenerator[bytes, None]:
    facts = await facts_of(pool, requests, places)
    yield await asyncio.to_thread(_drawn, facts)


def _drawn(facts: Sequence[Facts]) -> bytes:
    # Imported here: the libraries are large, and most servers make few reports.
    with _ONE_AT_A_TIME:
        from server.report.pages import comparison_of, report_of

        return comparison_of(facts) if len(facts) > 1 else report_of(facts[0])
