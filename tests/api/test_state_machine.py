"""Random actions, two at once: one succeeds, the other is refused with a reason, and every execution can still end.

A failure prints its seed; HEADWAY_SEED repeats the requests (not how the processes raced).
`make soak` runs one seed after the other for HEADWAY_SOAK seconds.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import asyncpg
import pytest

from tests.api.client import Client
from tests.api.machine import Machine
from tests.api.people import person
from tests.api.servers import Served, start, start_second_server

SMOKE = 8.0
"""Seconds of each variant in `make test`."""
A_STORY = 60.0
"""Seconds of one seed in `make soak`."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """Starts two processes on a database of their own; the invariants are checked after each step."""
    directory = tmp_path_factory.mktemp("machine")
    first = start(directory / "first")
    second = start_second_server(first, directory / "second")
    try:
        yield first, second
    finally:
        second.stop()
        first.stop()


@pytest.fixture
async def pool(pair: tuple[Served, Served]) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(pair[0].database_url, min_size=1, max_size=4) as pool:
        yield pool


async def report(
    pool: asyncpg.Pool, processes: list[Served], go: Path, seed: int, seconds: float
) -> None:
    """Runs random actions for so many seconds, then lets all executions end."""
    admins = [served.client for served in processes]
    people = [await person(pool, admins[n % len(admins)], "admin") for n in range(3)]
    machine = Machine(Random(seed), [*admins, *people], pool, go)
    until = time.monotonic() + seconds
    try:
        await machine.save()
        while time.monotonic() < until:
            await machine.step()
        await machine.let_all_end()
        await machine.delete_all()
    except BaseException as error:
        error.add_note(f"HEADWAY_SEED={seed}\n{machine.story()}")
        raise
    print(f"seed {seed}: {machine.steps} steps, {dict(sorted(machine.seen.items()))}")


def seed_of(default: int) -> int:
    return int(os.environ.get("HEADWAY_SEED", default))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("processes", [1, 2])
async def test_after_random_concurrent_actions_every_execution_can_end(
    pair: tuple[Served, Served], pool: asyncpg.Pool, tmp_path: Path, processes: int
) -> None:
    seed = seed_of(time.time_ns() % 10**9)
    await report(pool, list(pair[:processes]), tmp_path / "go", seed, SMOKE)


@pytest.mark.soak
async def test_after_long_random_concurrent_actions_every_execution_can_end(
    pair: tuple[Served, Served], pool: asyncpg.Pool, tmp_path: Path
) -> None:
    seed = seed_of(time.time_ns() % 10**9)
    until = time.monotonic() + float(os.environ.get("HEADWAY_SOAK", "300"))
    while time.monotonic() < until:
        await report(pool, list(pair), tmp_path / "go", seed, A_STORY)
        seed += 1


CONTRADICTIONS = (("pauseExecution", "cancelExecution"), ("pauseExecution", "pauseExecution"))
SEQ = "query ($id: ID!) { execution(id: $id) { stateHistory { seq } } }"


@pytest.mark.parametrize("pair_of_acts", CONTRADICTIONS)
async def test_one_of_two_concurrent_actions_on_the_same_state_is_refused(
    pair: tuple[Served, Served], pair_of_acts: tuple[str, str]
) -> None:
    first, second = (served.client for served in pair)
    await first.save("id: seen\nnamespace: machine.seen\ntasks: [{id: a, type: wait, event: go}]\n")
    for _ in range(5):
        id = (await first.create("machine.seen/seen"))["id"]
        await first.until(id, a="RUNNING")
        seq = (await first.post(SEQ, id=id))["execution"]["stateHistory"][-1]["seq"]
        answers = await asyncio.gather(
            *(
                door.mutate(act, id=id, expectedSeq=seq)
                for door, act in zip((first, second), pair_of_acts, strict=True)
            )
        )
        codes = [[problem["code"] for problem in answer["problems"]] for answer in answers]
        assert sorted(codes) == [[], ["CONFLICT"]]
        await finish(first, id)


async def finish(client: Client, id: str) -> None:
    await client.mutate("cancelExecution", id=id, force=True)
    await client.until_ended(id)
