"""Follows an execution on the screen until it ends."""

import asyncio
import sys
from collections import deque
from typing import Any

import typer

from server.cli import queries
from server.cli.api import Api

_NEWEST_LINES = 8


def follow_to_exit(api: Api, id: str, after: int = 0) -> None:
    """Follows an execution from the event after this seq, and exits with the code of its end state."""
    from server.cli.terminal.rendering import exit_code

    raise typer.Exit(exit_code(asyncio.run(watch(api, id, after))))


async def watch(api: Api, id: str, after: int) -> str:
    """Follows an execution on the screen; returns its end state."""
    watching = _watch_live if sys.stdout.isatty() else _watch_plainly
    try:
        await watching(api, id, after)
    except asyncio.CancelledError:
        typer.echo(f"\nstopped watching; the execution continues: headway show {id}", err=True)
        raise
    from server.cli.terminal.rendering import as_json, failure_sentence

    ended = (await api.post(queries.WATCHED, id=id))["execution"]
    typer.echo(f"{ended['name']} ({id}) ended {ended['state']}")
    if sentence := failure_sentence(ended):
        typer.secho(sentence, fg="red", err=True)
    if ended["outputs"]:
        typer.echo(as_json(ended["outputs"]))
    return str(ended["state"])


async def _watch_live(api: Api, id: str, after: int) -> None:
    from rich.live import Live

    from server.cli.terminal.rendering import tree

    lines: deque[str] = deque(maxlen=_NEWEST_LINES)
    execution = (await api.post(queries.WATCHED, id=id))["execution"]
    with Live(tree(execution, lines), refresh_per_second=10) as live:
        async with asyncio.TaskGroup() as group:
            group.create_task(_gather_lines(api, id, lines))
            async for _ in api.follow(queries.EVENTS, "seq", after, id=id):
                execution = (await api.post(queries.WATCHED, id=id))["execution"]
                live.update(tree(execution, lines))
        live.update(tree(execution, ()))


async def _gather_lines(api: Api, id: str, lines: deque[str]) -> None:
    from server.cli.terminal.rendering import log_text

    async for batch in api.follow(queries.LOGS, "cursor", None, id=id):
        lines.extend(log_text(line) for line in batch["lines"][-_NEWEST_LINES:])


async def _watch_plainly(api: Api, id: str, after: int) -> None:
    """Prints one line for each event."""
    async for event in api.follow(queries.EVENTS, "seq", after, id=id):
        if event["toState"]:
            who = event["taskRun"]["key"] if event["taskRun"] else "execution"
            typer.echo(f"{event['at'][11:23]} {who}: {event['toState']}{_of_attempt(event)}")


def _of_attempt(event: dict[str, Any]) -> str:
    from server.cli.terminal.rendering import lost

    number = event["attempt"]
    if number is None:
        return ""
    is_lost = event["type"] == "ATTEMPT_ENDED" and (event["data"] or {}).get("state") == "LOST"
    return f" ({lost(number)})" if is_lost else f" (attempt {number})"
