"""Commands that show executions."""

import asyncio
import json
from contextlib import aclosing
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.inputs import of_flow, parse_labels
from server.cli.option_values import one_of, ordering, states, triggers
from server.cli.options import AsJson, Child, Id, Triggers
from server.cli.times import ABOUT, begins, ends


def register(app: typer.Typer) -> None:
    for command in (ls, show, logs):
        app.command()(plain_errors(command))


def ls(
    search: Annotated[
        str | None,
        typer.Argument(help="A search, such as 'state:failed started>-24h'; see docs/search.md."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Only of this namespace and those below.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(help="Only of this flow: FLOW or NAMESPACE/FLOW.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only in this state; may be repeated.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only with key=value; may be repeated.")
    ] = None,
    trigger: Triggers = None,
    child: Child = None,
    since: Annotated[
        str | None, typer.Option(help=f"Started, or else created, from this time on: {ABOUT}.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="Started, or else created, before this time; a date includes its day."),
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Only archived executions.")] = False,
    order: Annotated[
        str,
        typer.Option(
            help="created, started, ended, duration, flow, state, progress, or e.g. metric.loss; with _asc or _desc."
        ),
    ] = "created_desc",
    limit: Annotated[int, typer.Option(min=1, max=200, help="The maximum number.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first by default; executions of subflows are included."""
    where: dict[str, Any] = {
        "namespace": {"prefix": namespace} if namespace else None,
        "state": {"in": states(state)} if state else None,
        "kind": {"eq": kind} if kind else None,
        "trigger": triggers(trigger) if trigger else None,
        "isChild": child,
        "date": _between(since, until),
        "archived": "YES" if archived else None,
        "and": [*of_flow(flow), *({"labels": {"has": one}} for one in parse_labels(label or []))],
    }
    given = {name: value for name, value in where.items() if value or value is False}
    variables = {"where": given, "search": search, **ordering(order), "first": limit}
    found = asyncio.run(Api.find().post(queries.LIST, **variables))["executions"]
    if as_json:
        typer.echo(json.dumps(found["nodes"], indent=2))
        return
    from server.cli.terminal.rendering import console, list_table

    console().print(list_table(found["nodes"]) if found["nodes"] else "no executions")


def _between(since: str | None, until: str | None) -> dict[str, str]:
    given = {"gte": since and begins(since), "lt": until and ends(until)}
    return {name: moment for name, moment in given.items() if moment}


def show(
    id: Id,
    at: Annotated[
        int | None, typer.Option(help="As it was after this event: the event's seq, from 1.")
    ] = None,
    unfolded: Annotated[
        bool, typer.Option("--all", help="Show every iteration of a foreach.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an execution: state, tasks, why it is waiting or failed, and available actions."""
    api = Api.find()
    execution = asyncio.run(api.post(queries.SHOW, id=id, at=at, now=at is None))["execution"]
    if execution is None:
        raise CommandFailed(f"no execution {id}; `headway ls` lists executions")
    if as_json:
        typer.echo(json.dumps(execution, indent=2))
        return
    from server.cli.terminal.details import details
    from server.cli.terminal.rendering import is_terminal, print_whole

    task_runs = _with_states(api, id, at)
    print_whole(
        details(execution, task_runs, unfolded, whole=not is_terminal(), past=at is not None)
    )


def _with_states(api: Api, id: str, at: int | None) -> list[dict[str, Any]]:
    """Returns the task runs with all their states; none if the response would be too large, as everything else can be
    shown without them."""
    try:
        found = asyncio.run(api.post(queries.TASK_STATES, id=id, at=at))["execution"]
    except CommandFailed as error:
        typer.echo(f"state changes of the tasks by people are not shown: {error}", err=True)
        return []
    return found["taskRuns"] if found else []


def logs(
    id: Id,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Continue until it ends.")] = False,
    task: Annotated[str | None, typer.Option(help="Only of this task.")] = None,
    level: Annotated[
        str | None, typer.Option(help="From this level up: TRACE, DEBUG, INFO, WARN, ERROR.")
    ] = None,
) -> None:
    """Print an execution's log."""
    from models.spec.task import LogLevel

    least = one_of(level, LogLevel, "level") if level else None
    asyncio.run(_logs(Api.find(), id, follow, task, least))


async def _logs(api: Api, id: str, follow: bool, task: str | None, level: str | None) -> None:
    from server.cli.terminal.rendering import log_text

    execution = (await api.post(queries.TASKS, id=id))["execution"]
    if execution is None:
        raise CommandFailed(f"no execution {id}; `headway ls` lists executions")
    runs = {run["key"]: run["id"] for run in execution["taskRuns"]}
    if task and task not in runs:
        raise CommandFailed(f"no task {task}; the execution has: {', '.join(runs)}")
    wanted = {"id": id, "task": runs.get(task or ""), "level": level}
    if follow:
        async with aclosing(api.follow(queries.LOGS, "cursor", None, **wanted)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                _print_lines(batch["lines"])
        return
    after = None
    while True:
        page = (await api.post(queries.LOG_PAGE, after=after, **wanted))["execution"]["logs"]
        for line in page["nodes"]:
            typer.echo(log_text(line))
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _print_lines(lines: list[dict[str, Any]]) -> None:
    from server.cli.terminal.rendering import log_text

    for line in lines:
        typer.echo(log_text(line))
