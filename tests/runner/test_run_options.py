"""Every option of a run is carried whole from the request to the snapshot, its events and its row."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from models.lifecycle.commands.commands import Create
from models.run_options import RunOptions
from runner.launch.launch import Launch
from runner.store.execution.snapshots import read_executions
from tests.runner.engines import USER, Engines, engines

__all__ = ["engines"]

OTHER: dict[str, Any] = {
    "disabled_tasks": ("b",),
    "priority": 7,
    "no_cache": True,
    "scheduled_at": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
}
"""A value for each option that is not its default."""
PINNED = "1ec9d260762711f76fd91b3ece3d6acb2f731659c6109f2e15fa5c4976b945fe"


def test_each_option_is_part_of_the_digest_of_an_idempotency_key() -> None:
    usual = Launch("team", "flow")
    digests = {
        Launch("team", "flow", options=replace(usual.options, **{name: value})).digest({})
        for name, value in OTHER.items()
    }
    assert len(digests | {usual.digest({})}) == len(fields(RunOptions)) + 1


@pytest.mark.parametrize("name", [field.name for field in fields(RunOptions)])
async def test_each_option_reaches_the_snapshot_and_is_read_from_the_row(
    engines: Engines, name: str
) -> None:
    options = RunOptions(**{name: OTHER[name]})
    assert options != RunOptions()
    begun = (await engines.first.create(Create(engines.plan, options=options), USER)).execution
    assert begun.options == options
    read = await read_executions(engines.database.pool, engines.first.plans, [begun.id])
    assert read[begun.id].options == options


def test_the_digest_of_a_key_is_the_same_after_an_upgrade() -> None:
    """Stored keys are compared with it for seven days."""
    first = ("disabled_tasks", "priority", "no_cache", "scheduled_at")
    options = RunOptions(**{name: OTHER[name] for name in first})
    launch = Launch("team", "flow", labels={"a": "b"}, options=options)
    assert launch.digest({"day": 1}) == PINNED
