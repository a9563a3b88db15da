"""A server that is stopped while it starts, and two servers on one data directory."""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from tests.api.servers import HEADWAY, Served, serving, start, start_second_server, start_worker

WITHIN = 50.0


class Starting:
    """A `headway serve` process that is observed while it starts."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [HEADWAY, "serve", "--port", "0", "--data-dir", data_dir, *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + WITHIN
        while not reached():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.stop()
                raise AssertionError(self.said())
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.001)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN)

    def said(self) -> str:
        return self.log.read_text()

    @property
    def children(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


def beginning(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def owners(data_dir: Path) -> list[str]:
    """Returns the processes that still work in the data directory."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(str(data_dir)):
                found.append(beginning(process))
    return found


MOMENTS: dict[str, Callable[[Starting], object]] = {
    "the lock is taken": lambda one: (one.data_dir / "server.lock").exists(),
    "initdb writes": lambda one: (one.data_dir / "pg/data.new/PG_VERSION").exists(),
    "PostgreSQL starts": lambda one: (one.data_dir / "pg/data/postmaster.pid").exists(),
    "PostgreSQL answers": lambda one: any((one.data_dir / "pg/socket").glob(".s.PGSQL.*")),
    "the tables are being made": lambda one: any(
        "headway_server headway" in owner for owner in owners(one.data_dir)
    ),
    "the evaluator is started": lambda one: any(
        "sandbox_process" in beginning(child) for child in one.children
    ),
    "the token is made": lambda one: (one.data_dir / "token").exists(),
    "it is announced": lambda one: (one.data_dir / "server.json").exists(),
}


STARTED_AGAIN = {"initdb writes", "PostgreSQL starts", "the tables are being made"}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_while_it_starts_it_exits_with_0_and_leaves_nothing(
    tmp_path: Path, moment: str
) -> None:
    data_dir = tmp_path / "data"
    one = Starting(data_dir, "--examples")
    one.until(lambda: MOMENTS[moment](one))
    assert one.stop() == 0, one.said()
    assert "Traceback" not in one.said()
    assert "Headway is ready" not in one.said() or moment == "it is announced"
    assert owners(data_dir) == []
    for left in ("pg/data.new", "pg/data/postmaster.pid", "server.json"):
        assert not (data_dir / left).exists(), left
    if moment in STARTED_AGAIN:
        with serving(data_dir) as served:
            assert httpx.get(f"{served.url}/readyz").status_code == 200


@pytest.mark.timeout(90)
def test_stopped_while_postgresql_recovers_it_exits_with_0(tmp_path: Path) -> None:
    served = start(tmp_path / "data")
    postmaster = int((tmp_path / "data/pg/data/postmaster.pid").read_text().split()[0])
    asyncio.run(_written(served.database_url))
    os.kill(postmaster, signal.SIGKILL)
    served.kill()
    before = (tmp_path / "data/pg/postgres.log").stat().st_size

    def recovers() -> bool:
        log = (tmp_path / "data/pg/postgres.log").read_bytes()[before:]
        return b"automatic recovery in progress" in log

    one = Starting(tmp_path / "data")
    one.until(recovers)
    assert one.stop() == 0, one.said()
    assert "Headway is ready" not in one.said()
    assert owners(tmp_path / "data") == []
    with serving(tmp_path / "data") as again:
        assert httpx.get(f"{again.url}/readyz").status_code == 200


async def _written(url: str) -> None:
    """Writes WAL that a recovery has to read."""
    connection = await asyncpg.connect(url)
    await connection.execute("create table much as select generate_series(1, 300000) as n")
    await connection.close()


@pytest.mark.timeout(90)
def test_a_stopped_worker_and_a_stopped_migration_leave_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    migrating = subprocess.Popen(
        [HEADWAY, "migrate", "--data-dir", data_dir], stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + WITHIN
    while not (data_dir / "pg/data/postmaster.pid").exists():
        assert time.monotonic() < deadline and migrating.poll() is None
    migrating.send_signal(signal.SIGTERM)
    _, said = migrating.communicate(timeout=WITHIN)
    assert (migrating.returncode, b"run it again" in said) == (1, True), said
    assert owners(data_dir) == []
    with serving(data_dir, "--no-worker"):
        worker = start_worker(data_dir)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WITHIN) in (0, -signal.SIGTERM), "the latter before Python has begun"


@pytest.mark.timeout(90)
def test_a_second_server_on_a_data_directory_is_refused_until_the_first_is_gone(
    served: Served, tmp_path: Path
) -> None:
    """With an external database; with the embedded one it is the same lock."""
    first = start_second_server(served, tmp_path / "data")
    try:
        for more in ((), ("--database-url", served.database_url)):
            ended = subprocess.run(
                [HEADWAY, "serve", "--port", "0", "--data-dir", tmp_path / "data", *more],
                capture_output=True,
                check=False,
                timeout=WITHIN,
            )
            said = ended.stderr.decode()
            assert ended.returncode == 5, said
            assert str(first.process.pid) in said and "--data-dir" in said
            assert "Traceback" not in said
        assert json.loads((tmp_path / "data/server.json").read_text())["url"] == first.url
        assert httpx.get(f"{first.url}/readyz").status_code == 200
        worker = start_worker(tmp_path / "data", "--database-url", served.database_url)
        log = tmp_path / "data/worker.log"
        _wait(lambda: b"serves default" in log.read_bytes())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WITHIN) == 0
    finally:
        first.kill()
    again = start(tmp_path / "data", "--database-url", served.database_url, "--no-worker")
    assert again.stop() == 0


DRAINS = """id: drains
namespace: starts
tasks: [{{id: a, type: shell, run: "touch {here}; until [ -e {go} ]; do sleep 0.02; done"}}]
"""


@pytest.fixture
def draining(tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """Stops a server while a task runs that waits for this path."""
    here, go = tmp_path / "here", tmp_path / "go"
    served = start(tmp_path / "data", "--drain-timeout", "30")
    try:
        asyncio.run(served.client.run(DRAINS.format(here=here, go=go)))
        _wait(here.exists)
        yield served, go
    finally:
        go.touch()
        served.process.wait(WITHIN)


@pytest.mark.timeout(90)
def test_a_server_that_drains_is_not_ready_but_answers(draining: tuple[Served, Path]) -> None:
    served, go = draining
    assert httpx.get(f"{served.url}/readyz").status_code == 200
    served.process.send_signal(signal.SIGTERM)
    _wait(lambda: httpx.get(f"{served.url}/readyz").status_code == 503)
    found = httpx.get(f"{served.url}/readyz").json()
    assert found.pop("accepting") is False
    assert found == {"database": True, "migrations": True, "feed": True} | found
    assert all(found.values())
    assert httpx.get(f"{served.url}/healthz").status_code == 200
    asyncio.run(served.client.post("{ viewer { version } }"))
    go.touch()
    assert served.process.wait(WITHIN) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/readyz")


@pytest.mark.timeout(90)
def test_the_notice_of_a_drain_lasts_as_long_as_it_is_set(served: Served, tmp_path: Path) -> None:
    notified = start_second_server(served, tmp_path / "data", env={"HEADWAY_DRAIN_NOTICE": "2s"})
    begun = time.monotonic()
    notified.process.send_signal(signal.SIGTERM)
    _wait(lambda: httpx.get(f"{notified.url}/readyz").status_code == 503)
    assert notified.process.wait(WITHIN) == 0
    assert time.monotonic() - begun >= 2


def _wait(holds: Callable[[], object]) -> None:
    deadline, look_again = time.monotonic() + WITHIN, threading.Event()
    while not holds():
        assert time.monotonic() < deadline
        look_again.wait(0.01)
