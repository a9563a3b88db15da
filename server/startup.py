"""What a server loads as it starts: people's flows, the examples, and on an empty database a first execution."""

import logging
from pathlib import Path

from models.errors import Refused
from models.events import Ask
from models.spec import parse_flow
from models.states import Channel
from models.viewer import Scope
from runner.launch import Launch, prepare
from runner.store import flows
from server.runtime import Runtime
from server.settings import Settings

logger = logging.getLogger("headway.startup")

_HERE = Path(__file__).resolve().parent
EXAMPLES = next(
    place for place in (_HERE / "examples", _HERE.parent / "examples") if place.is_dir()
)
"""Beside this file in an installed wheel, beside the packages in a checkout."""
_STARTER = Ask("user:admin", Channel.CLI, "the first execution of a new database")


async def load_flows(parts: Runtime, settings: Settings) -> None:
    if settings.flows:
        await push(parts, settings.flows)
    if settings.examples:
        await push(parts, EXAMPLES)
        await _run_first_example(parts)


async def push(parts: Runtime, folder: Path) -> None:
    """Save every flow document below the folder; one that is refused is logged and the others are saved."""
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        source = path.read_text()
        try:
            spec = parse_flow(source)
            async with parts.database.pool.acquire() as connection:
                await flows.save_flow(connection, spec, source, "user:admin")
        except Refused as refused:
            for problem in refused.problems:
                logger.warning("%s:%s: %s", path, problem.line or 1, problem.message)


async def _run_first_example(parts: Runtime) -> None:
    """So that the first page is alive."""
    pool = parts.database.pool
    if await pool.fetchval("select exists (select from executions)"):
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
