"""`headway serve` as a process, started as a user starts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api.client import Client
from tests.clusters import copy_cluster

HEADWAY = Path(sys.executable).with_name("headway")
START_WITHIN = 55.0
FEW_FILES = ("sh", "-c", 'ulimit -n 1024 && exec "$0" "$@"')
"""A system whose hard limit of open files is as low as the usual soft limit."""


APART = {"HEADWAY_TASK_ISOLATION": "off"}
"""Tests have tasks write into folders that pytest keeps private; tests/isolation and tests/examples isolate the
tasks."""


@dataclass
class Served:
    process: "subprocess.Popen[bytes]"
    data_dir: Path
    url: str
    token: str
    database_url: str

    @property
    def client(self) -> Client:
        return Client(self.url, self.token)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        """Kills a process, as the kernel does when memory runs out."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def start(
    data_dir: Path,
    *options: str,
    port: int = 0,
    env: dict[str, str] | None = None,
    within: Sequence[str] = (),
) -> Served:
    """Starts a server and returns when it is ready; raises with its output when it is not ready in time.

    `within` is the command line of a program that becomes the server, such as `FEW_FILES`.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    if "--database-url" not in options:
        copy_cluster(data_dir)
    output = data_dir / "serve.log"
    announced = data_dir / "server.json"
    announced.unlink(missing_ok=True)
    with output.open("ab") as log:
        process = subprocess.Popen(
            [*within, HEADWAY, "serve", "--port", str(port), "--data-dir", data_dir, *options],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **APART, **(env or {})},
        )
    facts = _await(announced, process, output)
    return Served(process, data_dir, facts["url"], facts["token"], facts["databaseUrl"])


def start_second_server(
    first: Served, data_dir: Path, *options: str, env: dict[str, str] | None = None
) -> Served:
    """Starts a second process on the same database, with the same token and keys: another engine, not another
    worker."""
    data_dir.mkdir(parents=True)
    for name in ("token", "secret.key", "session.key"):
        shutil.copy(first.data_dir / name, data_dir / name)
    return start(data_dir, "--database-url", first.database_url, "--no-worker", *options, env=env)


def start_worker(
    data_dir: Path, *options: str, env: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    with (data_dir / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [HEADWAY, "worker", "--data-dir", data_dir, *options],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **APART, **(env or {})},
        )


@contextmanager
def serving(data_dir: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    served = start(data_dir, *options, env=env)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()


def _await(path: Path, process: "subprocess.Popen[bytes]", output: Path) -> Any:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if path.exists():
            return json.loads(path.read_text())
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            raise AssertionError(output.read_text())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    raise AssertionError(f"not ready within {START_WITHIN} s:\n{output.read_text()}")
