"""Unauthenticated connections take no resources from authenticated ones, nor from flows."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.processes.descriptors import raise_limit
from tests.api.half_open import half_open
from tests.api.servers import FEW_FILES, Served, start

FLOOD = 1500
HEADER_TIMEOUT = 4
RUNS = """id: runs
namespace: doors
tasks:
  - id: a
    type: shell
    run: |
      ls / > /dev/null
      until [ "$(ulimit -Sn)" = {limit} ]; do :; done
"""


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that may open 1 024 files."""
    served = start(
        tmp_path_factory.mktemp("narrow") / "data",
        env={"HEADWAY_HEADER_TIMEOUT": f"{HEADER_TIMEOUT}"},
        within=FEW_FILES,
    )
    try:
        yield served
    finally:
        served.stop()


@pytest.mark.timeout(90)
async def test_flows_run_despite_1500_half_open_connections(narrow: Served) -> None:
    assert raise_limit() > 2 * FLOOD, "this test itself opens 2 000 connections: raise ulimit -Hn"
    client = narrow.client
    await client.save(RUNS.format(limit=1024))
    with half_open(narrow.port) as flood:
        flood.open(FLOOD)
        for _ in range(5):
            ended = await client.until_ended((await client.create("doors/runs"))["id"])
            assert ended["state"] == "SUCCESS", ended
            flood.open(100)
            assert _open_files(narrow) < 1024 - 128
        flood.wait_until_ended(FLOOD + 500, within=HEADER_TIMEOUT + 20)
    log = (narrow.data_dir / "serve.log").read_text()
    assert "max_connections" in log and "to make room for others" in log
    assert "Traceback" not in log and "Too many open files" not in log


@pytest.mark.timeout(60)
async def test_programs_get_the_limit_that_the_server_was_started_with(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    soft = ("sh", "-c", 'ulimit -Sn 512 && exec "$0" "$@"')
    served = start(tmp_path_factory.mktemp("soft") / "data", within=soft)
    try:
        await served.client.save(RUNS.format(limit=512) + "    timeout: 20s\n")
        created = await served.client.create("doors/runs")
        assert (await served.client.until_ended(created["id"]))["state"] == "SUCCESS"
        limits = Path(f"/proc/{served.process.pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
        assert int(line.split()[3]) > 512, "the server itself has more"
    finally:
        served.stop()


def _open_files(served: Served) -> int:
    return len(os.listdir(f"/proc/{served.process.pid}/fd"))
