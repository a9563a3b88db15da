"""A task attacks the server and another task, in each isolation mode that this machine supports. Without isolation
every attack succeeds, which shows that each one works."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from runner.isolation import landlock
from tests.isolation.stages import NEEDS_ROOT, Stage, abstract_listener, serving_as, staged

WAYS = ("none", "users", "users-landlock", "namespaces", "landlock")
ATTACKS = (
    *("token", "server.json", "secret.key", "headway.toml", "database files", "database socket"),
    *("artifacts of another namespace", "names of artifacts"),
    *("work folder of another", "names of work folders", "work folder of another filled"),
    *("package headway", "code of the server", "code of a new name"),
    *("nested namespaces", "nested unmounting", "setuid", "abstract socket"),
    *(
        f"{what} of {whom}"
        for what in (
            "environment",
            "command",
            "memory",
            "descriptors",
            "pipes",
            "root",
            "working directory",
            "tracing",
            "signal",
        )
        for whom in ("the server", "another task")
    ),
)
# A module's server starts within the time of its first test, on a machine that is busy with other work.
pytestmark = pytest.mark.timeout(240)
COMMANDS = {"command of the server", "command of another task"}
LEFT = {
    "users-landlock": COMMANDS,
    "namespaces": COMMANDS,
    "landlock": {"database socket", *COMMANDS},
}
"""The attacks that each mode does not prevent, which is documented."""


@dataclass(frozen=True)
class Tried:
    stage: Stage
    found: dict[str, Any]


@pytest.fixture(scope="module", params=WAYS)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    way: str = request.param
    if way in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("only root has users to give")
    if "landlock" in way and landlock.version() < landlock.SCOPES_SINCE:
        pytest.skip("the kernel has no Landlock, or an older one")
    with abstract_listener() as abstract, serving_as(way) as served:
        stage = asyncio.run(staged(way, served, abstract))
        execution = asyncio.run(_attack(stage))
        assert execution["state"] == "SUCCESS", execution["failure"]
        yield Tried(stage, execution["outputs"] or execution["taskRuns"][0]["outputs"])


async def _attack(stage: Stage) -> dict[str, Any]:
    client = stage.client
    return await client.until_ended((await client.run(stage.attacker()))["id"])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_gets_nothing(tried: Tried, attack: str) -> None:
    got = tried.found["found"][attack]
    assert bool(got) == (tried.stage.way == "none" or attack in LEFT.get(tried.stage.way, ()))


def test_a_task_has_no_descriptors_but_its_own(tried: Tried) -> None:
    assert tried.found["found"]["inherited descriptors"] == ""


def test_every_attack_is_tried(tried: Tried) -> None:
    assert set(tried.found["found"]) == {*ATTACKS, "inherited descriptors"}
    assert tried.stage.victim.is_running()
