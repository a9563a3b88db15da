"""Two servers and three workers under load, with random faults of all kinds.

`make soak`; HEADWAY_SOAK_SECONDS is its duration (600), HEADWAY_SOAK_SEED repeats the same faults.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path
from random import Random
from statistics import quantiles

import asyncpg
import httpx
import pytest

from models.ids import untyped
from tests.api.conftest import verify
from tests.soak.faults import FAULTS, Faults
from tests.soak.followers import Followers
from tests.soak.load import KINDS, TASKS, Load, Tally
from tests.soak.record import GIVEN, differences
from tests.soak.stage import Stage, staged

SECONDS = float(os.environ.get("HEADWAY_SOAK_SECONDS", "600"))
SEED = int(os.environ.get("HEADWAY_SOAK_SEED") or Random().randrange(2**32))
FOLLOWERS, READERS, CREATORS = 4, 2, 3
ENDED_WITHIN = 300.0


@pytest.mark.soak
async def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    print(f"\nseed {SEED}, {SECONDS:g} s")
    async with staged(tmp_path) as stage, httpx.AsyncClient(verify=False, timeout=20) as http:
        load = Load(stage, http, Random(SEED), tmp_path / "marks")
        await load.save()
        followers = Followers(load)
        done = await under_load(stage, load, followers)
        states = await states_of(stage, load.tally)
        table = [*rows(load, states, done), *marks_of(load, states), *received_by(followers)]
        print("\n".join(table))
        load.tally.wrong += await wrong_in(stage, followers)
        assert load.tally.wrong == []
        assert stage.exits == []
        assert unexpected(load.tally, states) == []
        await verify(stage.database_url)
    assert stage.leftovers() == []


async def under_load(stage: Stage, load: Load, followers: Followers) -> Counter[str]:
    """Returns the number of each fault, when all created executions have ended."""
    done: Counter[str] = Counter()
    async with asyncio.TaskGroup() as group:
        deciding = group.create_task(load.decide_for_ever())
        for _ in range(CREATORS):
            group.create_task(load.create_for_ever())
        for _ in range(FOLLOWERS):
            group.create_task(followers.follow_for_ever())
        for _ in range(READERS):
            group.create_task(followers.read_for_ever())
        group.create_task(load.act_for_ever())
        await load.begun.wait()
        await make_faults(stage, load, done)
        load.over.set()
        await stage.until_ready()
        await until_ended(stage)
        deciding.cancel()
    return done


async def make_faults(stage: Stage, load: Load, done: Counter[str]) -> None:
    loop, random = asyncio.get_running_loop(), Random(SEED)
    faults, until = Faults(stage, load, random), loop.time() + SECONDS
    waiting: list[str] = []
    while loop.time() < until:
        # Each fault comes before any comes again.
        waiting = waiting or random.sample(list(FAULTS), len(FAULTS))
        name = waiting.pop()
        print(f"{loop.time() - until + SECONDS:6.1f} s  {name}", flush=True)
        await FAULTS[name](faults)
        done[name] += 1
        await asyncio.sleep(random.uniform(0.5, 4))


async def until_ended(stage: Stage) -> None:
    left = "select count(*) from executions where ended_at is null"
    async with asyncio.timeout(ENDED_WITHIN):
        while await count(stage, left):
            await asyncio.sleep(0.5)


async def count(stage: Stage, query: str) -> int:
    connection = await asyncpg.connect(stage.database_url)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def wrong_in(stage: Stage, followers: Followers) -> list[str]:
    """Returns the differences in stored results of successful executions, and in the data of subscribers."""
    connection = await asyncpg.connect(stage.database_url)
    try:
        return await differences(connection) + await followers.differences(connection)
    finally:
        await connection.close()


async def states_of(stage: Stage, tally: Tally) -> dict[str, str]:
    """Returns the state of each accepted execution by its name; `gone` if it does not exist."""
    connection = await asyncpg.connect(stage.database_url)
    found = {
        row["id"]: row["state"]
        for row in await connection.fetch("select id, state from executions")
    }
    await connection.close()
    return {name: found.get(untyped("exec", id), "gone") for name, (_, id) in tally.created.items()}


def unexpected(tally: Tally, states: dict[str, str]) -> list[str]:
    return [
        f"{name} ended {state}"
        for name, state in states.items()
        if state != "SUCCESS" and not (state == "KILLED" and name in tally.cancelled)
    ]


def rows(load: Load, states: dict[str, str], done: Counter[str]) -> list[str]:
    tally = load.tally
    by_kind = Counter((tally.created[name][0], state) for name, state in states.items())
    cuts = quantiles(tally.latencies, n=100) if len(tally.latencies) > 1 else [0.0] * 99
    return [
        f"executions {len(states)}",
        *(f"  {kind:8} {state:8} {number}" for (kind, state), number in sorted(by_kind.items())),
        f"faults {done.total()}",
        *(f"  {name:34} {number}" for name, number in sorted(done.items())),
        f"acts of people {dict(load.tally.acts)}",
        f"answers that were not data {dict(load.tally.refused)}",
        f"messages of subscriptions {tally.messages}",
        f"createExecution answered at once: {len(tally.latencies)}, median {cuts[49] * 1000:.0f} ms, "
        f"p99 {cuts[98] * 1000:.0f} ms (faults included)",
    ]


def marks_of(load: Load, states: dict[str, str]) -> list[str]:
    """Counts tasks of successful executions without a mark, and attempts with two."""
    lost = twice = 0
    for name, (kind, _) in load.tally.created.items():
        file = load.marks / name
        left = file.read_text().splitlines() if file.exists() else []
        twice += len(left) - len(set(left))
        tasks = {mark.rpartition(" ")[0] for mark in left}
        lost += max(TASKS[kind] - len(tasks), 0) if states[name] == "SUCCESS" else 0
    if lost or twice:
        load.tally.wrong.append(f"{lost} lost, {twice} twice")
    return [f"tasks lost {lost}, attempts run twice {twice}"]


def received_by(followers: Followers) -> list[str]:
    return [
        f"followed to the end {len(followers.events)}, logs read to the end {len(followers.logs)} "
        f"({sum(len(one.numbers) for one in followers.logs)} lines)"
    ]


def test_every_kind_is_known() -> None:
    assert set(KINDS) == set(TASKS) == set(GIVEN)
