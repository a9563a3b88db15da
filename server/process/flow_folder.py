"""Saves the flow documents of a folder when the server starts and when they change.

The folder is polled every second, not watched: that works on every file system, including networks and containers.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from models.errors import Refused
from models.events.events import CommandOrigin
from models.spec import parse_flow
from models.states import Channel
from runner.service.loop import Loop, log_errors
from runner.store.flows import flows
from runner.store.postgres.connection import Pool

logger = logging.getLogger("headway.flows")

_PERIOD = 1.0
_SAVER = CommandOrigin("user:admin", Channel.CLI, "changed in the flow folder")
Stamp = tuple[int, int]
"""The modification time of a file in ns, and its size."""


class FlowFolder(Loop):
    """Entered after `load`. A flow whose file is removed is kept: `headway flows delete` deletes it."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        super().__init__()
        self._pool = pool
        self._folder = folder
        self._seen: Mapping[Path, Stamp] = {}

    async def load(self) -> None:
        """Saves new and changed documents. A rejected document is logged, and its flow stays unchanged."""
        found = await asyncio.to_thread(_stamps, self._folder)
        for path, stamp in found.items():
            if self._seen.get(path) != stamp:
                await self._save(path)
        self._seen = found

    async def _run_loop(self) -> None:
        while True:
            await asyncio.sleep(_PERIOD)
            with log_errors(logger, f"could not save the changes in {self._folder}"):
                await self.load()

    async def _save(self, path: Path) -> None:
        try:
            source = await asyncio.to_thread(path.read_text)
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("%s cannot be read: %s", path, error)
            return
        try:
            spec = await asyncio.to_thread(parse_flow, source)
            async with self._pool.acquire() as connection:
                _, saved, new = await flows.save_flow(
                    connection, spec, source, _SAVER.actor, _SAVER
                )
        except Refused as refused:
            for problem in refused.problems:
                logger.warning("%s:%s: %s", path, problem.line or 1, problem.message)
        else:
            note = "" if new else "unchanged, "
            logger.info(
                "%s: %s/%s %srevision %s", path, spec.namespace, spec.id, note, saved["number"]
            )


def _stamps(folder: Path) -> dict[Path, Stamp]:
    found: dict[Path, Stamp] = {}
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        try:
            status = path.stat()
        except OSError:
            continue  # removed in the meantime
        found[path] = (status.st_mtime_ns, status.st_size)
    return found
