"""Loads the example flows at start-up and, on an empty database, starts a first execution."""

import logging
from pathlib import Path

from models.access.viewer import Scope
from models.errors import Refused
from models.events.events import CommandOrigin
from models.states import Channel
from runner.launch.launch import Launch, prepare
from runner.store.execution.history import any_exist
from server.process.flow_folder import FlowFolder
from server.process.runtime import Runtime

logger = logging.getLogger("headway.startup")

_SERVER = Path(__file__).resolve().parents[1]
EXAMPLES = next(
    place for place in (_SERVER / "examples", _SERVER.parent / "examples") if place.is_dir()
)
"""In the package `server` in an installed wheel, next to the packages in a checkout."""
_STARTER = CommandOrigin("user:admin", Channel.CLI, "the first execution of a new database")


async def load_examples(parts: Runtime) -> None:
    await FlowFolder(parts.database.pool, EXAMPLES).load()
    await _run_first_example(parts)


async def _run_first_example(parts: Runtime) -> None:
    """Starts an example, so that the first page has something to show."""
    pool = parts.database.pool
    if await any_exist(pool):
        return
    try:
        command = await prepare(
            pool,
            parts.engine.plans,
            parts.evaluator,
            Scope(),
            Launch("examples", "orders-etl"),
            parts.vault,
        )
        await parts.engine.create(command, _STARTER)
    except Refused as refused:
        logger.warning("the first example was not started: %s", refused)
