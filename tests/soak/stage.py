"""The processes of a soak test: one PostgreSQL, two servers and three workers on it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from runner.service.encryption import new_key
from server.local.postgres import embedded_postgres
from tests.api.servers import HEADWAY, Served, start

SERVERS, WORKERS = 2, 3
TOKEN = "token"
ENV = {"HEADWAY_CONCURRENCY": "8", "HEADWAY_DRAIN_TIMEOUT": "2"}


@dataclass
class Process:
    """A process that is started again after each end."""

    name: str
    folder: Path
    arguments: tuple[str, ...]
    env: dict[str, str]
    running: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "output.log").open("ab") as log:
            self.running = subprocess.Popen(
                [HEADWAY, *self.arguments, "--data-dir", self.folder],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.env},
            )

    def send(self, number: signal.Signals) -> None:
        assert self.running
        with suppress(ProcessLookupError):
            self.running.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Ends the process, with SIGKILL if necessary; returns its exit code."""
        assert self.running
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            return await asyncio.to_thread(self.running.wait, 60)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return await asyncio.to_thread(self.running.wait)


@dataclass
class Stage:
    folder: Path
    database_url: str
    urls: list[str]
    token: str
    servers: list[Process]
    workers: list[Process]
    exits: list[str] = field(default_factory=list)
    """Unexpected exit codes."""

    @property
    def everyone(self) -> list[Process]:
        return [*self.servers, *self.workers]

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    async def until_ready(self) -> None:
        """Waits until all servers, and PostgreSQL, are ready."""
        async with asyncio.timeout(120), httpx.AsyncClient(verify=False, timeout=10) as http:
            for url in self.urls:
                while not await _is_ready(http, url):
                    self.revive()
                    await asyncio.sleep(0.1)
            self.revive()

    def revive(self) -> None:
        """Restarts ended processes, as a supervisor does: one that finds no database at its start exits with code 4."""
        for process in self.everyone:
            if process.running and process.running.poll() is not None:
                process.start()

    def leftovers(self) -> list[str]:
        """Returns processes and work folders of attempts that no worker runs any more."""
        folders = [
            str(path) for one in self.everyone for path in (one.folder / "work").rglob("att_*")
        ]
        tasks = [
            " ".join(process.info["cmdline"])
            for process in psutil.process_iter(["cmdline", "environ"])
            if str(self.folder) in ((process.info["environ"] or {}).get("HEADWAY_FILE") or "")
        ]
        return folders + tasks


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    async with embedded_postgres(folder / "postgres") as database_url:
        env = {
            **ENV,
            "HEADWAY_DATABASE_URL": database_url,
            "HEADWAY_ARTIFACTS_URL": str(folder / "artifacts"),
            "HEADWAY_SECRET_KEY": new_key(),
        }
        first = await asyncio.to_thread(_first_start, folder / "server-0", env)
        servers = [
            Process(
                f"server-{n}", folder / f"server-{n}", ("serve", "--no-worker", "--port", port), env
            )
            for n, port in enumerate([str(first.port), str(_free_port())])
        ]
        servers[0].running = first.process
        (folder / "server-1").mkdir()
        (folder / "server-1" / "token").write_text((folder / "server-0" / "token").read_text())
        workers = [
            Process(f"worker-{n}", folder / f"worker-{n}", ("worker",), env) for n in range(WORKERS)
        ]
        urls = [f"http://127.0.0.1:{one.arguments[3]}" for one in servers]
        stage = Stage(folder, database_url, urls, first.token, servers, workers)
        for process in stage.everyone[1:]:
            process.start()
        try:
            await stage.until_ready()
            yield stage
        finally:
            for process in stage.everyone:
                if process.running and process.running.poll() is None:
                    await process.end(signal.SIGTERM)


def _first_start(folder: Path, env: dict[str, str]) -> Served:
    """Creates the tables and the token; its port is used from then on."""
    return start(folder, "--no-worker", env=env)


def _free_port() -> Any:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
