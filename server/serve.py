"""Runs `headway serve` and `headway worker`, from settings to a clean stop."""

import asyncio
import gc
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path

from models.access.credentials import digest_of
from models.access.hosts import HostRules
from runner.denials import Denials
from runner.files.artifact_store import ArtifactStore
from runner.files.uploads import UploadPruner
from runner.maintenance.pruner import Pruner
from runner.processes.descriptors import raise_limit
from runner.store.access import sign_ins, tokens
from runner.store.access.holders import Holders
from runner.store.postgres.database import Database, describe, open_database
from runner.store.postgres.database import migrate as migrate_tables
from runner.store.postgres.worker_roles import is_superuser
from runner.worker.worker import Worker
from server.app import POLICIES, create_app, create_operations
from server.auth.admin import admin_token
from server.auth.auth import Door, DoorSettings
from server.auth.identity import identity_parts
from server.auth.login import Login
from server.auth.revocations import Revocations
from server.auth.session_key import session_key
from server.auth.shared_key import SharedKey
from server.document_policy import DocumentPolicy
from server.files.files import MOST_UPLOADS, FileRoom
from server.files.places import Places
from server.graphql.allowance import allowance_of
from server.graphql.fanout import Fanout
from server.http.addresses import read_origin
from server.http.connections import ConnectionLimits, Connections
from server.http.forwarded import Proxies
from server.http.listener import Listener, listen
from server.http.rates import Rates
from server.local.postgres import embedded_postgres
from server.local.sole_server import sole_server
from server.process.flow_folder import FlowFolder
from server.process.rates import allowed_by
from server.process.readiness import Readiness
from server.process.runtime import Runtime, make_worker, runtime
from server.process.secret_key import make_vault, warn_of_other_keys
from server.process.startup import load_examples
from server.process.stopping import StopSignal
from server.process.task_isolation import kept_from_tasks
from server.settings.settings import Settings

logger = logging.getLogger("headway.server")

_GC_THRESHOLD = 50_000
Report = Callable[[str], None]


async def serve(settings: Settings, report: Report) -> None:
    """Returns after a clean stop, including one requested during start-up.

    Raises DataDirTaken, PortTaken, Unavailable (database), Fault.
    """
    stop = StopSignal.on_signals()
    with stop.ends_the_start(), sole_server(settings.data_dir):
        listening = listen(settings.host, settings.port)
        async with AsyncExitStack() as stack:
            stack.callback(listening.close)
            served = await _start(stack, settings, listening)
            ready = partial(report, served.link)
            with _announced(settings.data_dir / "server.json", served.facts):
                gc.collect()
                gc.freeze()
                gc.set_threshold(_GC_THRESHOLD)
                stop.started()
                logger.info(
                    "Headway %s listens on %s", served.facts["version"], served.facts["url"]
                )
                await _run(served, listening, stop.requested, settings.drain_notice, ready)
    logger.info("Headway has stopped")


@dataclass(frozen=True, slots=True)
class _Served:
    """The parts of a server in the order in which they stop, and the contents of server.json."""

    listener: Listener
    readiness: Readiness
    fanout: Fanout
    workers: Sequence[Worker]
    facts: Mapping[str, object]
    link: str
    """The address of the page; with an admin token, a link that signs in once."""


async def _start(stack: AsyncExitStack, settings: Settings, listening: socket.socket) -> _Served:
    """Starts all parts; they run until the stack is closed."""
    limits = connection_limits(settings)
    database_url = await _database_url(stack, settings)
    vault, key = make_vault(settings, may_make_key=True), session_key(settings)
    parts = await stack.enter_async_context(
        runtime(database_url, vault, artifact_store(settings), settings.pool_sizes, settings.quotas)
    )
    await warn_of_other_keys(parts.database.pool, vault)
    await stack.enter_async_context(SharedKey(parts.database.pool, key))
    await _warn_of_superuser(parts.database)
    token = await admin_token(parts.database.pool, settings.data_dir)
    await _load_flows(stack, parts, settings)
    await stack.enter_async_context(
        Pruner(parts.database, parts.feed, settings.retention, settings.prune_every)
    )
    store = artifact_store(settings)
    await stack.enter_async_context(
        UploadPruner(parts.database, store, settings.uploads_kept, settings.prune_every)
    )
    workers = [
        await stack.enter_async_context(_worker(parts, settings))
        for _ in range(_worker_count(settings))
    ]
    places = Places(settings.data_dir, store.folder)
    rates = Rates(allowed_by(settings))
    denials = await stack.enter_async_context(Denials(parts.database.reads))
    policy, quotas = document_policy_of(settings), settings.quotas
    operations = create_operations(
        parts, places, allowance_of(settings), rates, denials, policy, quotas
    )
    fanout = await stack.enter_async_context(Fanout(operations, POLICIES))
    holders = Holders(parts.database.reads)
    identity = await identity_parts(settings, parts.database.reads, denials)
    door = Door(
        holders, key, door_settings(settings), rates=rates,
        bearers=identity.bearers, proxied=identity.proxied,
    )  # fmt: skip
    await stack.enter_async_context(Revocations(door, holders))
    sign_on = identity.single_sign_on(door, key)
    login = Login(parts.database.reads, door, denials, sign_on)
    room = FileRoom(
        parts.database.reads, store, settings.max_file_size, places, rates, quotas=quotas,
        presence=door.presence, denials=denials,
    )  # fmt: skip
    connections = await stack.enter_async_context(Connections(limits))
    readiness = await stack.enter_async_context(Readiness(parts.database, parts.feed))
    app = create_app(parts, operations, fanout, door, login, room, readiness)
    listener = Listener(app, connections)
    facts = _facts(listening, token, database_url, settings.external_url)
    link = await _link(parts, door, str(facts["externalUrl"]), token)
    return _Served(listener, readiness, fanout, workers, facts, link)


async def _link(parts: Runtime, door: Door, url: str, token: str | None) -> str:
    row = await tokens.find(parts.database.pool, digest_of(token)) if token else None
    if row is None:
        return url
    secret, _ = await sign_ins.make_link(parts.database.pool, row["id"], door.now)
    return f"{url}/login?token={secret}"


async def _warn_of_superuser(database: Database) -> None:
    """A superuser connection would allow anyone who obtains it to run programs and read files on the database host."""
    if await is_superuser(database.pool):
        logger.warning(
            "Headway logs in to %s as a superuser: give it a role that owns its database and nothing else, "
            "as described in docs/database.md",
            describe(database.url),
        )


def _facts(
    listening: socket.socket, token: str | None, database_url: str, external_url: str | None
) -> dict[str, object]:
    """Returns the contents of server.json: `url` is for programs on this machine, `externalUrl` for people."""
    host, port = listening.getsockname()[:2]
    if ip_address(host).is_unspecified:  # every address of this machine
        host = "::1" if ":" in host else "127.0.0.1"
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return {
        "url": url,
        "externalUrl": external_url or url,
        "pid": os.getpid(),
        "token": token,
        "version": version("headway"),
        "databaseUrl": database_url,
    }


def document_policy_of(settings: Settings) -> DocumentPolicy:
    """Raises ValueError if the documents cannot be read."""
    return DocumentPolicy.of(
        settings.introspection,
        settings.field_suggestions,
        settings.persisted_documents,
        settings.only_persisted_documents,
    )


def door_settings(settings: Settings) -> DoorSettings:
    external = read_origin(settings.external_url) if settings.external_url else None
    return DoorSettings(
        frozenset(settings.allowed_hosts),
        frozenset(settings.allowed_origins),
        secure_cookie=external is not None and external.scheme == "https",
        external=external,
        proxies=Proxies.of(settings.trusted_proxies),
    )


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Returns the limits of the settings, lowered to what this process's open-file limit allows."""
    wanted = ConnectionLimits(
        settings.max_connections,
        settings.max_connections_per_address,
        settings.header_timeout,
        settings.body_timeout,
        proxies=Proxies.of(settings.trusted_proxies),
    )
    tasks = _worker_count(settings) * settings.concurrency
    return wanted.within(raise_limit(), tasks, MOST_UPLOADS)


def _worker_count(settings: Settings) -> int:
    return 0 if settings.no_worker else settings.workers


async def work(settings: Settings, report: Report) -> None:
    """Runs a worker alone. Without a database URL, finds a server's embedded database through the data directory."""
    stop = StopSignal.on_signals()
    with stop.ends_the_start():
        raise_limit()
        database_url = settings.database_url or announced_database_url(settings.data_dir)
        vault = make_vault(settings, may_make_key=False)
        async with (
            runtime(
                database_url, vault, artifact_store(settings), settings.pool_sizes, for_worker=True
            ) as parts,
            _worker(parts, settings) as worker,
        ):
            await warn_of_other_keys(parts.database.pool, vault)
            stop.started()
            report(f"worker {worker.name} serves {', '.join(settings.queues)}")
            logger.info("worker %s has started, Headway %s", worker.name, version("headway"))
            await stop.requested.wait()
            logger.info("worker %s is stopping: running tasks may end first", worker.name)
            await worker.drain()
    logger.info("the worker has stopped")


def artifacts_url(settings: Settings) -> str:
    return settings.artifacts_url or str(settings.data_dir.resolve() / "artifacts")


def artifact_store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(artifacts_url(settings))


async def _database_url(stack: AsyncExitStack, settings: Settings) -> str:
    """Returns the URL of the external database, or starts the embedded one until the stack is closed."""
    if settings.database_url:
        return settings.database_url
    return await stack.enter_async_context(embedded_postgres(settings.data_dir))


async def _load_flows(stack: AsyncExitStack, parts: Runtime, settings: Settings) -> None:
    """Loads the flows; a loop saves changed files of the folder until the stack is closed."""
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
        HostRules(settings.task_allowed_hosts, settings.task_denied_hosts),
        kept_from_tasks(settings, parts.database.url),
    ) as worker:
        yield worker


async def _run(
    served: _Served,
    listening: socket.socket,
    stop: asyncio.Event,
    notice: float,
    ready: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        listened = tasks.create_task(served.listener.serve([listening]))
        await _first(served.listener.is_up.wait(), stop.wait())
        ready()
        await stop.wait()
        logger.info("Headway is stopping: running tasks may end first, within `drain_timeout`")
        # Load balancers see this on /readyz while the process still accepts requests.
        served.readiness.accepting = False
        await asyncio.sleep(notice)
        for worker in served.workers:
            await worker.drain()
        served.fanout.stop()
        served.listener.should_exit = True
        await listened


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


@contextmanager
def _announced(path: Path, facts: Mapping[str, object]) -> Iterator[None]:
    """Keeps DIR/server.json while the server runs, for programs that started it and for `headway` on this machine."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file)
    part.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def announced_database_url(data_dir: Path) -> str:
    """Returns the database URL in DIR/server.json. Raises DatabaseUnknown."""
    try:
        found = json.loads((data_dir / "server.json").read_text())
    except (OSError, ValueError) as error:
        raise DatabaseUnknown(
            f"no server runs on {data_dir}; start `headway serve` there or pass --database-url"
        ) from error
    return str(found["databaseUrl"])


class DatabaseUnknown(Exception):
    """No database URL was given, and no server announces one."""


async def migrate(settings: Settings, report: Report) -> None:
    """Migrates the tables of the external or embedded database, and nothing else. On a signal, stops what it started
    and raises Interrupted."""
    stop = StopSignal.on_signals()
    with stop.ends_the_start():
        async with AsyncExitStack() as stack:
            url = await _database_url(stack, settings)
            database = await stack.enter_async_context(open_database(url))
            await migrate_tables(database)
            stop.started()
            report("the tables are up to date")
        return
    raise Interrupted("stopped by a signal before the tables were up to date; run it again")


class Interrupted(Exception):
    """A signal arrived before the work was done."""
