"""Commands that check a server: doctor, schema."""

import asyncio
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, announced, data_dir, fail
from server.local.data_dir import no_server

RECORD = "isolation.json"
"""Written by runner/isolation into the folder of a worker."""
_PAGES, _NAMED = 10, 3
_NOT_READY = {
    "database": "the database cannot be reached; see the server's log",
    "writable": "the database accepts no writes; see its own log",
    "migrations": "the tables are of another version; restart `headway serve`",
    "feed": "the server receives no notifications of changes; see its log",
    "accepting": "the server is stopping and accepts no more requests",
}
DatabaseUrl = Annotated[
    str | None, typer.Option(help="Default: the database of the running server.")
]


def register(app: typer.Typer) -> None:
    app.command()(doctor)
    app.command()(schema)


def _database(given: str | None) -> str:
    facts = announced()
    if given is None and facts is None:
        raise fail(no_server(data_dir(), otherwise="pass --database-url"))
    return given or str((facts or {})["databaseUrl"])


def schema() -> None:
    """Print the GraphQL schema."""
    from schema import sdl

    typer.echo(sdl(), nl=False)


def doctor(
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every invariant of the whole database.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Report problems and how to fix them. Exit code 1 if there are any."""
    faults = asyncio.run(_check())
    if not faults and (facts := announced()):
        faults = asyncio.run(_differing_keys(str(facts["databaseUrl"])))
    if verify and not faults:
        faults = asyncio.run(_verify(_database(database_url)))
    for fault in faults:
        typer.echo(f"✗ {fault}", err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo("✓ no problems found")


async def _check() -> list[str]:
    import httpx

    try:
        api = Api.find()
    except CommandFailed as error:
        return [str(error)]
    typer.echo(f"✓ a server is announced at {api.url}")
    try:
        async with httpx.AsyncClient(timeout=10) as http:
            ready = (await http.get(f"{api.url}/readyz")).json()
    except (httpx.HTTPError, ValueError) as error:
        return [f"{api.url} does not respond ({error}); restart `headway serve`"]
    faults = not_ready(ready)
    if not ready.get("database", True):
        return faults  # all other checks need the database
    try:
        found = await api.post(queries.WORKERS)
        unserved = await _unserved(api)
    except CommandFailed as error:
        return [*faults, f"the API refuses requests: {error}"]
    typer.echo(f"✓ version {found['viewer']['version']}")
    alive = [worker for worker in found["workers"] if worker["alive"]]
    for worker in alive:
        typer.echo(f"✓ worker {worker['name']} serves {', '.join(worker['queues'])}")
    for line in isolation_report(data_dir(), {worker["id"] for worker in alive}):
        typer.echo(line)
    if not alive:
        faults.append("no live worker; start one: headway worker")
    return [*faults, *unserved]


def isolation_report(folder: Path, workers: Collection[str]) -> list[str]:
    """Reports how each worker of this data directory isolates tasks from the server, and what tasks can still reach."""
    lines = []
    for file in sorted(folder.glob(f"work/wrk_*/{RECORD}")):
        try:
            report = json.loads(file.read_text()) if file.parent.name in workers else None
        except (OSError, ValueError):
            continue  # the worker is just ending
        if report and not report["lacks"]:
            lines.append(f"✓ tasks are isolated from the server: {report['way']}")
        elif report:
            lines += [f"! task isolation ({report['way']}): {one}" for one in report["lacks"]]
    return list(dict.fromkeys(lines))


def not_ready(parts: dict[str, bool]) -> list[str]:
    """Returns a message for each failed part of `/readyz`; only the database's while it is unavailable, because the
    others need it."""
    wrong = [name for name, good in parts.items() if not good]
    if "database" in wrong:
        wrong = [name for name in wrong if name in ("database", "accepting")]
    return [_NOT_READY.get(name, f"not ready: {name}; see the server's log") for name in wrong]


async def _unserved(api: Api) -> list[str]:
    """Returns a message for each queue with waiting tasks and no live worker."""
    from models.lifecycle.waiting import NO_LIVE_WORKER

    waiting: dict[str, list[str]] = {}
    after: str | None = None
    for _ in range(_PAGES):
        page = (await api.post(queries.STANDING, after=after))["executions"]
        for execution in page["nodes"]:
            for one in execution["waitingFor"]:
                if one["code"] == "WORKER" and one["message"].startswith(NO_LIVE_WORKER):
                    waiting.setdefault(one["message"], []).append(execution["name"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    return [
        f"{message} ({_counted(len(names), 'task waits', 'tasks wait')}, of {', '.join(_some(names))})"
        for message, names in sorted(waiting.items())
    ]


def _some(names: Sequence[str]) -> list[str]:
    different = list(dict.fromkeys(names))
    more = len(different) - _NAMED
    return different if more <= 0 else [*different[:_NAMED], f"{more} more"]


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


async def _differing_keys(database_url: str) -> list[str]:
    """Returns a message if servers of the database sign sessions with different keys."""
    import asyncpg

    from runner.store.postgres import servers
    from server.auth.shared_key import HINT

    try:
        connection = await asyncpg.connect(database_url, timeout=10)
    except (OSError, asyncpg.PostgresError) as error:
        return [f"could not read the servers from the database: {error}"]
    try:
        found = await servers.by_key(connection)
    finally:
        await connection.close()
    if len(found) < 2:
        return []
    apart = " / ".join(", ".join(names) for names in found)
    return [f"servers sign browser sessions with different keys: {apart}; {HINT}"]


async def _verify(database_url: str) -> list[str]:
    from runner.maintenance import invariants
    from runner.store.postgres.database import open_database

    async with open_database(database_url) as database:
        found = await invariants.verify(database.exports)
    if not found:
        typer.echo("✓ every invariant holds")
    return [f"{one.invariant}: {one.execution_id}: {one.message}" for one in found]
