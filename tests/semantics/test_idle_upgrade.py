"""Executions restarted before idle time was counted: the upgrade counts it as a fold of the events does."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

import pytest

from models.ids import untyped
from tests.api.client import Client
from tests.semantics.scene import Tables, acted, ended, flow, held

COUNTED = import_module("models.migrations.0017_idle_before_a_restart").COUNTED
TIMES = """select idle, idle_since, coalesce((clock ->> 'idle')::float8, 0) as counted
  from executions where id = $1"""
FORGET = """update executions set idle = 0, idle_since = null, clock = clock - 'idle' - 'idle_since'
  where id = $1"""
Scene = Callable[[Client, Path], Awaitable[str]]
BAD = "  - {id: bad, type: fail, message: no}\n"
LINE = "concurrency: {limit: 1, behavior: QUEUE}\n"


async def in_line(client: Client, name: str, go: Path) -> tuple[str, str]:
    """Returns the execution with the only slot, and the one that waits for it."""
    source = flow(name, held("a", go), LINE)
    first = str((await client.run(source))["id"])
    await client.until(first, a="RUNNING")
    second = str((await client.create(f"semantics/{name}"))["id"])
    await client.until(second, state="QUEUED")
    return first, second


async def failed_twice(client: Client, go: Path) -> str:
    id = str((await ended(client, flow("idle-failed", BAD)))["id"])
    await acted(client, "restartExecution", id=id)
    await client.until_ended(id)
    return id


async def cancelled_before_it_started(client: Client, go: Path) -> str:
    """The time after that end is not part of the duration from the start."""
    first, second = await in_line(client, "idle-cancelled", go)
    await acted(client, "cancelExecution", id=second)
    await acted(client, "restartExecution", id=second)
    go.touch()
    await client.until_ended(first)
    await client.until_ended(second)
    return second


async def corrected_before_it_was_restarted(client: Client, go: Path) -> str:
    id = str((await ended(client, flow("idle-corrected", BAD)))["id"])
    await acted(client, "changeState", id=id, state="KILLED", reason="by hand")
    await acted(client, "restartExecution", id=id)
    await client.until_ended(id)
    return id


async def in_line_again(client: Client, go: Path) -> str:
    first, second = await in_line(client, "idle-again", go)
    await acted(client, "cancelExecution", id=first)
    await client.until(second, a="RUNNING")
    await acted(client, "restartExecution", id=first)
    await client.until(first, state="QUEUED")
    return first


async def cancelled_in_line_again(client: Client, go: Path) -> str:
    id = await in_line_again(client, go)
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(id)
    return id


@pytest.mark.parametrize(
    "scene",
    [
        failed_twice,
        cancelled_before_it_started,
        corrected_before_it_was_restarted,
        in_line_again,
        cancelled_in_line_again,
    ],
)
async def test_the_upgrade_counts_earlier_restarts(
    client: Client, tables: Tables, go: Path, scene: Scene
) -> None:
    name = await scene(client, go)
    id = untyped("exec", name)
    (before,) = await tables.rows(TIMES, id)
    await tables.rows(FORGET, id)
    await tables.connection.execute(COUNTED)
    (after,) = await tables.rows(TIMES, id)
    assert after == before
    go.touch()
    await client.until_ended(name)
