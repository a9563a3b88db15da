"""The worker reads files of a task with its own rights: a task that offers other files gains nothing."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from tests.api.servers import Served
from tests.isolation.stages import NEEDS_ROOT, serving_as

pytestmark = pytest.mark.timeout(240)
TRICKS = {
    "outside": ("../../../../token", "true"),
    "link": ("taken", 'ln -s "$TARGET/token" taken'),
    "environment": ("taken", "ln -s /proc/self/environ taken"),
    "environment of its parent": ("taken", "ln -s /proc/$PPID/environ taken"),
    "folder replaced": ("token", 'cd ..; rm -rf files; ln -s "$TARGET" files'),
    "folder replaced, by a pattern": ("*", 'cd ..; rm -rf files; ln -s "$TARGET" files'),
    "linked folder": ("all/token", 'ln -s "$TARGET" all'),
    "linked folder, by a pattern": ("all/*", 'ln -s "$TARGET" all'),
    "linked folder, by a deep pattern": ("**/token", 'ln -s "$TARGET" all'),
    "hard link": ("taken", 'ln "$TARGET/token" taken'),
    "pipe": ("taken", "mkfifo taken"),
    "socket": (
        "taken",
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"taken\")'",
    ),
    "device": ("taken", "ln -s /dev/zero taken"),
    "holes": ("taken", "truncate -s 4E taken || truncate -s 8T taken"),
}
FLOW = """
id: tricks
namespace: attacker
tasks:
  - id: trick
    type: shell
    env: {{TARGET: {target}}}
    run: |
      {run}
      {with_report}
    artifacts: [{declared}]
"""
REPORT_ARTIFACT = """echo '{{"artifact": {{"path": "{path}"}}}}' >> "$HEADWAY_FILE" """


@pytest.fixture(scope="module", params=("none", "users", "namespaces"))
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    if request.param in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("only root has users to give")
    with serving_as(request.param) as served:
        served.way = request.param  # type: ignore[attr-defined]
        yield served


async def _tried(served: Served, path: str, run: str, with_report: bool) -> dict[str, Any]:
    source = FLOW.format(
        target=served.data_dir,
        run=run,
        with_report=REPORT_ARTIFACT.format(path=path) if with_report else "true",
        declared="" if with_report else f'{{path: "{path}"}}',
    )
    client = served.client
    return await client.until_ended((await client.run(source))["id"])


async def _kept(served: Served) -> int:
    connection = await asyncpg.connect(served.database_url)
    try:
        return int(await connection.fetchval("select count(*) from artifact_uses"))
    finally:
        await connection.close()


@pytest.mark.parametrize("with_report", [False, True], ids=["declared", "reported"])
@pytest.mark.parametrize("trick", TRICKS)
def test_only_the_tasks_own_files_become_artifacts(
    served: Served, trick: str, with_report: bool
) -> None:
    path, run = TRICKS[trick]
    way = served.way  # type: ignore[attr-defined]
    if trick == "hard link" and way == "none":
        pytest.skip("who may read the file may copy it too")
    execution = asyncio.run(_tried(served, path, run, with_report))
    assert asyncio.run(_kept(served)) == 0
    assert not list((served.data_dir / "artifacts").glob("**/taken"))
    if not with_report:
        assert execution["state"] == "FAILED"
        (task,) = execution["taskRuns"]
        assert "secret.key" not in str(task["error"]) + str(execution["failure"])


def test_own_files_anywhere_in_the_work_folder_are_stored(served: Served) -> None:
    run = 'mkdir -p deep/er; echo x > deep/er/kept; ln -s deep/er/kept "$PWD/near"'
    execution = asyncio.run(_tried(served, "**/[kn]*", run, with_report=False))
    assert execution["state"] == "SUCCESS", execution["failure"]
    names = execution["taskRuns"][0]["outputs"]["artifacts"]
    assert set(names) == {"deep/er/kept", "near"}
