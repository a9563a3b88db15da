"""One user, task or unauthenticated client floods: another user's executions are accepted and run, and no lease is
lost."""

import asyncio
from collections.abc import Iterator
from math import ceil
from statistics import median
from time import perf_counter
from uuid import UUID

import asyncpg
import pytest

from runner.maintenance import invariants
from runner.maintenance.invariants import Violation
from tests.api.client import Client, task
from tests.api.conftest import newest
from tests.api.servers import Served, serving
from tests.soak.flooding import FLOODS, TASK, flooded, prepared

HELD = """id: held
namespace: flooded
inputs: [{id: go, type: STRING}]
tasks:
  - id: hold
    type: shell
    run: "until [ -e $GO ]; do sleep 0.2; done"
    env: {GO: "{{ inputs.go }}"}
"""
NOOP = "id: noop\nnamespace: flooded\ntasks: [{id: a, type: log, message: hi}]\n"
CREATIONS = 100
MEDIAN, P99 = 0.25, 1.0
"""The limits of the seconds that a creation takes."""
RATIO = 5.0
"""The limit as a multiple of the time without a flood, where that is more, on a machine that others use too."""


@pytest.fixture(scope="module")
def flooded_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Served, tuple[str, dict[str, str]]]]:
    with serving(tmp_path_factory.mktemp("flooded") / "data") as served:
        yield served, asyncio.run(prepared(served))


async def violations(database_url: str, since: UUID | None) -> list[Violation]:
    """Returns all violations, including those of the execution with the long log, which has no events."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        return await invariants.verify(pool, since)


@pytest.mark.soak
@pytest.mark.parametrize("name", [*FLOODS, TASK])
def test_a_flood_blocks_no_other_user(
    flooded_server: tuple[Served, tuple[str, dict[str, str]]], name: str
) -> None:
    served, (execution, tokens) = flooded_server
    before = asyncio.run(newest(served.database_url))
    seeded = asyncio.run(violations(served.database_url, before))
    go = served.data_dir / name
    held = asyncio.run(served.client.run(HELD, inputs={"go": str(go)}))
    asyncio.run(served.client.save(NOOP))
    token = tokens["operator" if name == "uploads" else "viewer"]
    try:
        idle, first = asyncio.run(create(served.client))
        with flooded(served, name, token, execution):
            took, rest = asyncio.run(create(served.client))
    finally:
        go.touch()
    asyncio.run(run(served.client, [*first, *rest]))
    ended = asyncio.run(served.client.until_ended(held["id"]))
    assert ended["state"] == "SUCCESS"
    assert len(task(ended, "hold")["attempts"]) == 1, "its lease was kept"
    print(f"{name}: {summary(took)}; idle {summary(idle)}; ratio {median(took) / median(idle):.1f}")
    assert median(took) <= max(MEDIAN, RATIO * median(idle))
    assert p99(took) <= max(P99, RATIO * p99(idle))
    assert asyncio.run(violations(served.database_url, before)) == seeded


async def create(client: Client) -> tuple[list[float], list[str]]:
    """Creates executions as another user, one after the other; returns the seconds of each response, and the ids."""
    took, ids = [], []
    for _ in range(CREATIONS):
        began = perf_counter()
        ids.append((await client.create("flooded/noop"))["id"])
        took.append(perf_counter() - began)
    return took, ids


async def run(client: Client, ids: list[str]) -> None:
    for id in ids:
        assert (await client.until_ended(id))["state"] == "SUCCESS"


def p99(took: list[float]) -> float:
    return sorted(took)[ceil(len(took) * 0.99) - 1]


def summary(took: list[float]) -> str:
    return f"median {median(took) * 1e3:.0f} ms, p99 {p99(took) * 1e3:.0f} ms"
