"""The commands that run servers: serve, worker, migrate.

Their options are settings of server/settings/settings.py; all others come from HEADWAY_* and headway.toml.
"""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from server.settings.settings import Settings

PORT_TAKEN, DATABASE, DATA_DIR_TAKEN, NOT_ISOLATED = 3, 4, 5, 6

DataDir = Annotated[Path | None, typer.Option(help="The directory of all data.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="An external PostgreSQL >= 15; default: embedded in the data dir."),
]
Queue = Annotated[
    list[str] | None,
    typer.Option(help="A queue to take tasks from; may be repeated. [default: default]"),
]
Concurrency = Annotated[int | None, typer.Option(help="Tasks that a worker runs at once.")]
DrainTimeout = Annotated[
    float | None, typer.Option(help="Seconds that running tasks get when the process is stopped.")
]


def register(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    flows: Annotated[
        Path | None, typer.Option(help="A folder of flow documents to load at start.")
    ] = None,
    examples: Annotated[
        bool | None, typer.Option("--examples", help="Load the example flows and run the first.")
    ] = None,
    queue: Queue = None,
    workers: Annotated[int | None, typer.Option(help="Embedded workers.")] = None,
    no_worker: Annotated[
        bool | None, typer.Option("--no-worker", help="Serve the API only.")
    ] = None,
    concurrency: Concurrency = None,
    drain_timeout: DrainTimeout = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A host name of the server; may be repeated.")
    ] = None,
) -> None:
    """Run the server: API, page, and an embedded worker. Stops cleanly on Ctrl-C or SIGTERM.

    Exit codes: 0 clean stop, 2 wrong usage, 3 port taken, 4 database unreachable,
    5 another server runs on the data directory, 6 task isolation is required and not possible.
    """
    _end_cleanly()
    settings = settings_of(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=database_url,
        flows=flows,
        examples=examples,
        queues=queue,
        workers=workers,
        no_worker=no_worker,
        concurrency=concurrency,
        drain_timeout=drain_timeout,
        allowed_hosts=allowed_host,
    )
    from server.serve import serve as run

    run_to_its_end(settings, run(settings, _say_ready))


def worker(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    queue: Queue = None,
    concurrency: Concurrency = None,
    drain_timeout: DrainTimeout = None,
) -> None:
    """Run a worker alone, next to a server of this data dir or on an external database."""
    _end_cleanly()
    settings = settings_of(
        data_dir=data_dir,
        database_url=database_url,
        queues=queue,
        concurrency=concurrency,
        drain_timeout=drain_timeout,
    )
    from server.serve import work

    run_to_its_end(settings, work(settings, typer.echo))


def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Migrate the tables without serving."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from server.serve import migrate as run

    run_to_its_end(settings, run(settings, typer.echo))


def _end_cleanly() -> None:
    """Handles SIGTERM until the event loop does: nothing that would have to be stopped has started yet."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


def _say_ready(link: str) -> None:
    once = "Open this link to sign in; it works once, within ten minutes. `headway token` prints another one."
    hint = once if "token=" in link else "Open this address and sign in with a token."
    typer.echo(f"Headway is ready. {hint}\n\n    {link}\n")


def settings_of(**given: Any) -> "Settings":
    from pydantic import ValidationError

    from server.settings.settings import Settings

    try:
        return Settings.read({name: value for name, value in given.items() if value is not None})
    except (ValidationError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def run_to_its_end(settings: "Settings", work: Coroutine[Any, Any, None]) -> None:
    """Runs to the end; turns faults into error messages and exit codes."""
    import uvloop

    from models.errors import Fault, Unavailable
    from runner.isolation.ways import IsolationUnavailable
    from server.auth.identity import WrongSetting
    from server.http.listener import PortTaken
    from server.local.sole_server import DataDirTaken
    from server.process.log_setup import logging_to_stderr
    from server.process.secret_key import BadSecretKey
    from server.serve import DatabaseUnknown, Interrupted

    try:
        with (
            logging_to_stderr(settings.log_level, settings.log_format),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(work)
    except BaseExceptionGroup as group:
        # A part that cannot start ends those that started before it.
        if (failed := group.subgroup((IsolationUnavailable, WrongSetting))) is None:
            raise
        first = _first(failed)
        _fail(first, 2 if isinstance(first, WrongSetting) else NOT_ISOLATED)
    except (BadSecretKey, WrongSetting) as error:
        _fail(error, 2)
    except PortTaken as error:
        _fail(error, PORT_TAKEN)
    except DataDirTaken as error:
        _fail(error, DATA_DIR_TAKEN)
    except Interrupted as error:
        _fail(error, 1)
    except (Unavailable, DatabaseUnknown, Fault) as error:
        _fail(error, DATABASE)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    one = group.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one


def _fail(error: Exception, code: int) -> None:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(code) from error
