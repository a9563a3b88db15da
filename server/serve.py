"""`headway serve` and `headway worker`, from settings to a clean stop."""

import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import uvicorn

from runner.artifacts import ArtifactStore
from runner.pruner import Pruner
from runner.store.database import migrate as migrate_tables
from runner.store.database import open_database
from runner.store.tokens import Tokens
from runner.worker import Worker
from server.app import POLICIES, create_app, create_operations
from server.auth import Door, DoorSettings, admin_token
from server.files import FileRoom
from server.flow_folder import FlowFolder
from server.graphql.allowance import allowance_of
from server.graphql.fanout import Fanout
from server.graphql.listening import let_go_of_the_dead
from server.places import Places
from server.postgres import embedded_postgres
from server.rates import Rates, allowed_by
from server.runtime import Runtime, make_worker, runtime
from server.secret_key import make_vault, warn_of_other_keys
from server.settings import Settings
from server.startup import load_examples

_SEND_TIMEOUT = 30.0
_GC_THRESHOLD = 50_000
Tell = Callable[[str], None]


class PortTaken(Exception):
    """Somebody else listens there."""


async def serve(settings: Settings, tell: Tell) -> None:
    """Returns after a clean stop. Raises PortTaken, Unavailable (database), Fault."""
    listening = _listen(settings.host, settings.port)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    stop = _on_signals()
    async with AsyncExitStack() as stack:
        database_url = await _database_url(stack, settings)
        vault = make_vault(settings, may_make_key=True)
        parts = await stack.enter_async_context(
            runtime(database_url, vault, artifact_store(settings))
        )
        await warn_of_other_keys(parts.database.pool, vault)
        tokens = Tokens(parts.database.pool)
        token = await admin_token(tokens, settings.data_dir)
        await _load_flows(stack, parts, settings)
        await stack.enter_async_context(
            Pruner(parts.database, parts.feed, settings.retention, settings.prune_every)
        )
        workers = [
            await stack.enter_async_context(_worker(parts, settings))
            for _ in range(0 if settings.no_worker else settings.workers)
        ]
        store = artifact_store(settings)
        places = Places(settings.data_dir, store.folder)
        rates = Rates(allowed_by(settings))
        operations = create_operations(parts, places, allowance_of(settings), rates)
        fanout = await stack.enter_async_context(Fanout(operations, POLICIES))
        door = Door(tokens, DoorSettings(hosts=frozenset(settings.allowed_hosts)), rates=rates)
        room = FileRoom(parts.database.pool, store, settings.max_file_size, places, rates)
        server = _Server(create_app(parts, operations, fanout, door, room))
        host, port = listening.getsockname()[:2]
        url = f"http://{host}:{port}"
        facts = {
            "url": url,
            "pid": os.getpid(),
            "token": token,
            "version": version("headway"),
            "databaseUrl": database_url,
        }
        with _announced(settings.data_dir / "server.json", facts):
            gc.collect()
            gc.freeze()
            gc.set_threshold(_GC_THRESHOLD)
            await _run(
                server, listening, stop, fanout, workers, lambda: tell(f"{url}/login?token={token}")
            )


async def work(settings: Settings, tell: Tell) -> None:
    """A worker alone; beside an embedded database it finds it through the data dir."""
    stop = _on_signals()
    database_url = settings.database_url or database_beside(settings.data_dir)
    vault = make_vault(settings, may_make_key=False)
    async with (
        runtime(database_url, vault, artifact_store(settings)) as parts,
        _worker(parts, settings) as worker,
    ):
        await warn_of_other_keys(parts.database.pool, vault)
        tell(f"worker {worker.name} serves {', '.join(settings.queues)}")
        await stop.wait()
        await worker.drain()


def artifacts_url(settings: Settings) -> str:
    return settings.artifacts_url or str(settings.data_dir.resolve() / "artifacts")


def artifact_store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(artifacts_url(settings))


async def _database_url(stack: AsyncExitStack, settings: Settings) -> str:
    """The external database, or the embedded one, started for as long as the stack is open."""
    if settings.database_url:
        return settings.database_url
    return await stack.enter_async_context(embedded_postgres(settings.data_dir))


async def _load_flows(stack: AsyncExitStack, parts: Runtime, settings: Settings) -> None:
    """The folder is looked after for as long as the stack is open."""
    if settings.flows:
        folder = FlowFolder(parts.database.pool, settings.flows)
        await folder.load()
        await stack.enter_async_context(folder)
    if settings.examples:
        await load_examples(parts)


@asynccontextmanager
async def _worker(parts: Runtime, settings: Settings) -> AsyncIterator[Worker]:
    async with make_worker(
        parts,
        settings.data_dir,
        tuple(settings.queues),
        settings.concurrency,
        settings.drain_timeout,
        artifacts_url(settings),
    ) as worker:
        yield worker


async def _run(
    server: "_Server",
    listening: socket.socket,
    stop: asyncio.Event,
    fanout: Fanout,
    workers: list[Worker],
    ready: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        served = tasks.create_task(server.serve([listening]))
        await _first(server.is_up.wait(), stop.wait())
        ready()
        await stop.wait()
        for worker in workers:
            await worker.drain()
        fanout.stop()
        server.should_exit = True
        await served


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class _Server(uvicorn.Server):
    """Uvicorn with the settings that were measured; signals are ours."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                ws_max_size=256 * 1024,
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise PortTaken(
            f"cannot listen on {host}:{port} ({error.strerror}); stop what listens there or pass --port"
        ) from error
    # asyncio sets it only on sockets made with an explicit protocol; without it each small frame may wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    let_go_of_the_dead(listening, _SEND_TIMEOUT)
    return listening


def _on_signals() -> asyncio.Event:
    """Set at the first SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop


@contextmanager
def _announced(path: Path, facts: dict[str, object]) -> Iterator[None]:
    """DIR/server.json while the server runs, for programs that started it and for `headway` on this machine."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file)
    part.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def database_beside(data_dir: Path) -> str:
    try:
        found = json.loads((data_dir / "server.json").read_text())
    except (OSError, ValueError) as error:
        raise DatabaseUnknown(
            f"no server runs on {data_dir}; start `headway serve` there or pass --database-url"
        ) from error
    return str(found["databaseUrl"])


class DatabaseUnknown(Exception):
    """No database was named, and no server announces one."""


async def migrate(settings: Settings, tell: Tell) -> None:
    """Only the tables, on the external database or the embedded one."""
    async with AsyncExitStack() as stack:
        url = await _database_url(stack, settings)
        database = await stack.enter_async_context(open_database(url))
        await migrate_tables(database)
        tell("the tables are up to date")
