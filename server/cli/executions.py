"""Starting, seeing and acting on executions: a client of the API, nothing more."""

import asyncio
import json
import sys
from collections import deque
from collections.abc import Awaitable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.inputs import (
    given_inputs,
    parse_labels,
    types_of_document,
    types_of_flow,
)

Id = Annotated[str, typer.Argument(help="An execution's id, exec_...")]
Reason = Annotated[str | None, typer.Option(help="Why; kept with the event.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_NEWEST_LINES = 8


def register(app: typer.Typer) -> None:
    for command in (run, ls, show, logs):
        app.command()(plain_errors(command))


def run(
    flow: Annotated[str, typer.Argument(help="NAMESPACE/FLOW, or a flow document to push first.")],
    input: Annotated[
        list[str] | None,
        typer.Option(
            "-i", "--input", help="name=value, name:=JSON or name=@PATH; may be repeated."
        ),
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="key=value; may be repeated.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch it to its end.")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key starts it once.")
    ] = None,
    disable: Annotated[
        list[str] | None, typer.Option(help="A task not to run; may be repeated.")
    ] = None,
    on_failure: Annotated[
        str | None,
        typer.Option(help="In place of the flow's: finish_running, finish_possible, cancel_all."),
    ] = None,
    priority: Annotated[
        int | None, typer.Option(help="-1000 to 1000; the greater goes first.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Not before this moment, as 2026-01-31T08:00:00Z.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Use no earlier results.")] = False,
    rerun_of: Annotated[
        str | None, typer.Option(help="An ended execution whose outputs stand for disabled tasks.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Run the document without saving it; lists hide it.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Start an execution.

    With --follow the exit code tells the end: 0 SUCCESS, WARNING or CACHED, 3 KILLED or CANCELLED, 1 any other.
    Ctrl-C ends the watching, never the execution.
    """
    api = Api.find()
    how: dict[str, Any] = {
        "labels": parse_labels(label or []),
        "idempotencyKey": idempotency_key,
        "reason": reason,
    }
    if not test:
        how |= {
            "disabledTasks": disable,
            "onFailure": on_failure and on_failure.upper(),
            "priority": priority,
            "scheduledAt": at,
            "noCache": no_cache or None,
            "rerunOf": rerun_of,
        }
    start = _start_test if test else _start
    state = asyncio.run(_run(api, start(api, flow, input or [], **how), follow))
    if state:
        from server.cli.rendering import exit_code

        raise typer.Exit(exit_code(state))


async def _run(api: Api, starting: Awaitable[str], follow: bool) -> str | None:
    id = await starting
    if not follow:
        typer.echo(id)
        return None
    return await watch(api, id)


async def _start(api: Api, flow: str, inputs: list[str], **how: Any) -> str:
    namespace, name = await _flow_named(api, flow)
    payload = await api.mutate(
        "createExecution",
        "CreateExecutionInput",
        "execution { id }",
        namespace=namespace,
        flow=name,
        inputs=await given_inputs(api, inputs, types_of_flow(api, namespace, name)),
        **how,
    )
    return str(payload["execution"]["id"])


async def _start_test(api: Api, flow: str, inputs: list[str], **how: Any) -> str:
    if not flow.endswith((".yaml", ".yml")):
        raise CommandFailed(f"--test runs a flow document, a .yaml file; {flow!r} is none")
    source = _read_document(flow)
    payload = await api.mutate(
        "runTest",
        "RunTestInput",
        "execution { id }",
        source=source,
        inputs=await given_inputs(api, inputs, types_of_document(source)),
        **how,
    )
    return str(payload["execution"]["id"])


def _read_document(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from error


async def _flow_named(api: Api, flow: str) -> tuple[str, str]:
    if flow.endswith((".yaml", ".yml")):
        saved = await api.mutate(
            "saveFlow", "SaveFlowInput", "flow { namespace key }", source=_read_document(flow)
        )
        return saved["flow"]["namespace"], saved["flow"]["key"]
    namespace, _, name = flow.rpartition("/")
    if not namespace:
        raise CommandFailed(f"{flow!r} is neither NAMESPACE/FLOW nor a .yaml file")
    return namespace, name


async def watch(api: Api, id: str) -> str:
    """Follow one execution on the screen; answers with its end state."""
    watching = _watch_live if sys.stdout.isatty() else _watch_plainly
    try:
        await watching(api, id)
    except asyncio.CancelledError:
        typer.echo(f"\nno longer watching; it goes on: headway show {id}", err=True)
        raise
    from rich.console import Console

    from server.cli.rendering import as_json, failure_sentence

    ended = (await api.ask(queries.SHOW, id=id))["execution"]
    typer.echo(f"{ended['name']} ended {ended['state']}")
    if sentence := failure_sentence(ended):
        Console(stderr=True).print(sentence, style="red")
    if ended["outputs"]:
        typer.echo(as_json(ended["outputs"]))
    return str(ended["state"])


async def _watch_live(api: Api, id: str) -> None:
    from rich.live import Live

    from server.cli.rendering import tree

    lines: deque[str] = deque(maxlen=_NEWEST_LINES)
    execution = (await api.ask(queries.SHOW, id=id))["execution"]
    with Live(tree(execution, lines), refresh_per_second=10) as live:
        async with asyncio.TaskGroup() as group:
            group.create_task(_gather_lines(api, id, lines))
            async for _ in api.follow(queries.EVENTS, "seq", 0, id=id):
                execution = (await api.ask(queries.SHOW, id=id))["execution"]
                live.update(tree(execution, lines))
        live.update(tree(execution, ()))


async def _gather_lines(api: Api, id: str, lines: deque[str]) -> None:
    from server.cli.rendering import log_text

    async for batch in api.follow(queries.LOGS, "cursor", None, id=id):
        lines.extend(log_text(line) for line in batch["lines"][-_NEWEST_LINES:])


async def _watch_plainly(api: Api, id: str) -> None:
    """One line an event."""
    async for event in api.follow(queries.EVENTS, "seq", 0, id=id):
        if event["toState"]:
            who = event["taskRun"]["key"] if event["taskRun"] else "execution"
            attempt = f" (attempt {event['attempt']})" if event["attempt"] else ""
            typer.echo(f"{event['at'][11:23]} {who}: {event['toState']}{attempt}")


def ls(
    namespace: Annotated[
        str | None, typer.Option(help="Of this namespace and those below.")
    ] = None,
    flow: Annotated[str | None, typer.Option(help="Of this flow.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="In this state; may be repeated.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="With key=value; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first."""
    where: dict[str, Any] = {
        "namespace": {"prefix": namespace} if namespace else None,
        "flow": {"eq": flow} if flow else None,
        "state": {"in": [one.upper() for one in state]} if state else None,
        "kind": {"eq": kind} if kind else None,
        "and": [{"labels": {"has": one}} for one in parse_labels(label or [])],
    }
    given = {name: value for name, value in where.items() if value}
    found = asyncio.run(Api.find().ask(queries.LIST, where=given, first=limit))["executions"]
    if as_json:
        typer.echo(json.dumps(found["nodes"], indent=2))
        return
    from rich.console import Console

    from server.cli.rendering import list_table

    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(list_table(found["nodes"]) if found["nodes"] else "no executions")


def show(
    id: Id,
    at: Annotated[
        int | None, typer.Option(help="As it was after this event: its seq, from 1.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell everything about an execution: state, why it waits or failed, tasks, what you can do."""
    execution = asyncio.run(Api.find().ask(queries.SHOW, id=id, at=at))["execution"]
    if execution is None:
        raise CommandFailed(f"no execution {id}; `headway ls` shows what there is")
    if as_json:
        typer.echo(json.dumps(execution, indent=2))
        return
    from rich.console import Console

    from server.cli.rendering import details

    Console(width=None if sys.stdout.isatty() else 200).print(details(execution))


def logs(
    id: Id,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until it ends.")] = False,
    task: Annotated[str | None, typer.Option(help="Of this task only.")] = None,
    level: Annotated[
        str | None, typer.Option(help="From this level up: DEBUG, INFO, WARN, ERROR.")
    ] = None,
) -> None:
    """Print an execution's log."""
    asyncio.run(_logs(Api.find(), id, follow, task, level.upper() if level else None))


async def _logs(api: Api, id: str, follow: bool, task: str | None, level: str | None) -> None:
    from server.cli.rendering import log_text

    task_run = await api.task_run(id, task) if task else None
    wanted = {"id": id, "task": task_run, "level": level}
    if follow:
        async with aclosing(api.follow(queries.LOGS, "cursor", None, **wanted)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                _print_lines(batch["lines"])
        return
    after = None
    while True:
        page = (await api.ask(queries.LOG_PAGE, after=after, **wanted))["execution"]["logs"]
        for line in page["nodes"]:
            typer.echo(log_text(line))
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _print_lines(lines: list[dict[str, Any]]) -> None:
    from server.cli.rendering import log_text

    for line in lines:
        typer.echo(log_text(line))
