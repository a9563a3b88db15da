"""Uploaded files: counts them against quotas, and deletes them some time after nothing refers to them."""

import asyncio
import logging
from typing import Final
from uuid import UUID

from models.access.viewer import Scope
from runner.engine.quotas import Quotas, check, uses_of_upload
from runner.files.artifact_store import ArtifactStore
from runner.service.loop import Loop, log_errors
from runner.service.outage import reaching
from runner.store import quotas
from runner.store.artifacts import files
from runner.store.artifacts.files import UploadedFile, file_id
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database
from runner.store.quotas import Use

logger = logging.getLogger("headway.uploads")

FOLDER: Final = "files"
"""The folder of uploads in the artifact store."""
_AT_ONCE: Final = 200
"""Files whose rows are locked together; few, as requests for one of these files wait meanwhile."""
_FIRST: Final = UUID(int=0)


async def record(pool: Pool, file: UploadedFile, limits: Quotas) -> None:
    """Stores the file's row and adds its size to what its uploader and the teams of its scope have used. Raises Refused
    if that exceeds a quota."""
    uses = uses_of_upload(file.uploaded_by, file.scope, file.size)
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            check(limits, await quotas.add(connection, uses), file.size)
            await files.store(connection, file)


async def check_room(pool: Pool, uploader: str, scope: Scope, size: int, limits: Quotas) -> None:
    """Raises Refused if `size` more bytes would exceed a quota. An early check: `record` makes the final one."""
    uses = uses_of_upload(uploader, scope, size)
    with reaching():
        used = await quotas.used(pool, [(use.quota, use.owner) for use in uses])
    then = [Use(one.quota, one.owner, used.get((one.quota, one.owner), 0) + size) for one in uses]
    check(limits, then, size)


class UploadPruner(Loop):
    """Prunes when entered and then every `every` seconds. Several processes may prune at the same time."""

    def __init__(self, database: Database, store: ArtifactStore, kept: float, every: float) -> None:
        super().__init__()
        self._database, self._store = database, store
        self._kept, self._every = kept, every

    async def _run_loop(self) -> None:
        while True:
            with log_errors(logger, "could not prune uploads"):
                if count := await prune_uploads(self._database.pool, self._store, self._kept):
                    logger.info("pruned %d uploads that nothing refers to", count)
            await asyncio.sleep(self._every)


async def prune_uploads(pool: Pool, store: ArtifactStore, kept: float) -> int:
    """Returns the number of deleted files. If the process dies in between, the next pass removes the content that is
    left."""
    count, last = 0, _FIRST
    while True:
        async with pool.acquire() as connection, connection.transaction():
            ids = await files.unused(connection, kept, store.root_uri, last, _AT_ONCE)
            gone = await files.prune(connection, ids, kept) if ids else []
            freed = [
                use for one in gone for use in uses_of_upload(one.uploaded_by, one.scope, one.size)
            ]
            await quotas.free(connection, freed)
        count += len(gone)
        await _remove_content(pool, store)
        if len(ids) < _AT_ONCE:
            return count
        last = ids[-1]


async def _remove_content(pool: Pool, store: ArtifactStore) -> None:
    while True:
        async with pool.acquire() as connection:
            ids = await files.pruned(connection, store.root_uri, _AT_ONCE)
        for id in ids:
            await store.forget(FOLDER, file_id(id))
        async with pool.acquire() as connection:
            await files.forget(connection, ids)
        if len(ids) < _AT_ONCE:
            return
