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
Comment = Annotated[str | None, typer.Option(help="A comment on the decision.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_NEWEST_LINES = 8


def register(app: typer.Typer) -> None:
    for command in (run, ls, show, logs, cancel, pause, resume, approve, reject):
        app.command()(plain_errors(command))
    app.command("retry-failed")(plain_errors(retry_failed))
    app.command("set-labels")(plain_errors(set_labels))


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
    how = {"labels": parse_labels(label or []), "idempotencyKey": idempotency_key, "reason": reason}
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

    execution = (await api.ask(queries.TASKS, id=id))["execution"]
    if execution is None:
        raise CommandFailed(f"no execution {id}")
    runs = {run["key"]: run["id"] for run in execution["taskRuns"]}
    if task and task not in runs:
        raise CommandFailed(f"no task {task}; it has: {', '.join(runs)}")
    wanted = {"id": id, "task": runs.get(task or ""), "level": level}
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


def _act(name: str, kind: str, id: str, **input: Any) -> None:
    payload = asyncio.run(Api.find().mutate(name, kind, "execution { name state }", id=id, **input))
    typer.echo(f"{payload['execution']['name']} is {payload['execution']['state']}")


def cancel(
    id: Id,
    force: Annotated[bool, typer.Option("--force", help="Leave no grace.")] = False,
    reason: Reason = None,
) -> None:
    """Stop an execution and everything that it runs."""
    _act("cancelExecution", "CancelExecutionInput", id, force=force, reason=reason)


def pause(id: Id, reason: Reason = None) -> None:
    """Start nothing new; what runs goes on."""
    _act("pauseExecution", "ActionInput", id, reason=reason)


def resume(id: Id, reason: Reason = None) -> None:
    """Go on after a pause."""
    _act("resumeExecution", "ActionInput", id, reason=reason)


def retry_failed(id: Id, reason: Reason = None) -> None:
    """Give failed tasks a new attempt while the execution is FAILED_FINISHING, or PAUSED with a failure."""
    _act("retryFailed", "RetryFailedInput", id, reason=reason)


def set_labels(
    id: Id,
    labels: Annotated[list[str], typer.Argument(help="key=value ...")],
    mode: Annotated[str, typer.Option(help="merge, replace or remove.")] = "merge",
) -> None:
    """Set labels."""
    _act("setLabels", "SetLabelsInput", id, labels=parse_labels(labels), mode=mode.upper())


def approve(
    id: Annotated[str, typer.Argument(help="appr_..., or an execution that asks one thing.")],
    comment: Comment = None,
) -> None:
    """Approve what an execution waits for."""
    asyncio.run(_decide("approve", id, comment))


def reject(
    id: Annotated[str, typer.Argument(help="appr_..., or an execution that asks one thing.")],
    comment: Comment = None,
) -> None:
    """Reject what an execution waits for."""
    asyncio.run(_decide("reject", id, comment))


async def _decide(decision: str, id: str, comment: str | None) -> None:
    api = Api.find()
    if not id.startswith("appr_"):
        pending = (await api.ask(queries.PENDING, id=id))["approvals"]["nodes"]
        if len(pending) != 1:
            asked = "; ".join(f"{one['id']} {one['message']!r}" for one in pending) or "nothing"
            raise CommandFailed(f"{id} asks {asked}; name one appr_ id")
        id = pending[0]["id"]
    payload = await api.mutate(
        decision,
        "DecideInput",
        "approval { state } execution { name state }",
        approvalId=id,
        comment=comment,
    )
    typer.echo(
        f"{payload['approval']['state']}; {payload['execution']['name']} is {payload['execution']['state']}"
    )
