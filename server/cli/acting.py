"""Acting on executions: a client of the API. What cannot be done now is refused with what can."""

import asyncio
from typing import Annotated, Any

import typer

from server.cli.api import Api, plain_errors
from server.cli.executions import Id, Reason
from server.cli.inputs import parse_labels, parse_object

Why = Annotated[str, typer.Option("--reason", help="Why; it is required.")]


def register(app: typer.Typer) -> None:
    for command in (cancel, pause, resume):
        app.command()(plain_errors(command))
    app.command("force-run")(plain_errors(force_run))
    app.command("change-state")(plain_errors(change_state))
    app.command("change-task-state")(plain_errors(change_task_state))
    app.command("send-event")(plain_errors(send_event))
    app.command("set-labels")(plain_errors(set_labels))


def tell(execution: dict[str, Any]) -> None:
    typer.echo(f"{execution['name']} is {execution['state']}")


def _act(name: str, kind: str, id: str, **input: Any) -> None:
    payload = asyncio.run(Api.find().mutate(name, kind, "execution { name state }", id=id, **input))
    tell(payload["execution"])


def cancel(
    id: Id,
    force: Annotated[bool, typer.Option("--force", help="Leave no grace.")] = False,
    no_cascade: Annotated[
        bool, typer.Option("--no-cascade", help="Let go on what its subflows started.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Stop an execution and everything that it runs."""
    cascade = not no_cascade
    _act("cancelExecution", "CancelExecutionInput", id, force=force, cascade=cascade, reason=reason)


def pause(id: Id, reason: Reason = None) -> None:
    """Start nothing new; what runs goes on."""
    _act("pauseExecution", "ActionInput", id, reason=reason)


def resume(id: Id, reason: Reason = None) -> None:
    """Go on after a pause."""
    _act("resumeExecution", "ActionInput", id, reason=reason)


def force_run(id: Id, reason: Reason = None) -> None:
    """Start now, past concurrency limits and backoff, and go first in line."""
    _act("forceRun", "ActionInput", id, reason=reason)


def change_state(
    id: Id,
    state: Annotated[str, typer.Argument(help="success, warning, failed, killed or cancelled.")],
    reason: Why,
) -> None:
    """Set the state that an execution ended in; nothing else changes."""
    _act("changeState", "ChangeStateInput", id, state=state.upper(), reason=reason)


def change_task_state(
    id: Id,
    task: Annotated[str, typer.Argument(help="The task run's key, as `load` or `each[3].load`.")],
    state: Annotated[str, typer.Argument(help="success, warning, failed or skipped.")],
    reason: Why,
    outputs: Annotated[str | None, typer.Option(help="Outputs to add, a JSON object.")] = None,
) -> None:
    """Set the state that a task run ended in; the execution goes on from there."""
    asyncio.run(_change_task_state(id, task, state.upper(), reason, outputs))


async def _change_task_state(
    id: str, task: str, state: str, reason: str, outputs: str | None
) -> None:
    api = Api.find()
    payload = await api.mutate(
        "changeTaskRunState",
        "ChangeTaskRunStateInput",
        "execution { name state }",
        taskRunId=await api.task_run(id, task),
        state=state,
        reason=reason,
        outputs=parse_object(outputs, "--outputs") if outputs else None,
    )
    tell(payload["execution"])


def send_event(
    name: Annotated[str, typer.Argument(help="What `wait` tasks give as their `event`.")],
    execution: Annotated[
        str | None, typer.Option(help="To this execution, which keeps it until a wait takes it.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="To all that wait for it now, here and below.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="What goes with it, a JSON object.")] = None,
    reason: Reason = None,
) -> None:
    """Send an event to what waits for it."""
    payload = asyncio.run(
        Api.find().mutate(
            "sendEvent",
            "SendEventInput",
            "executions { name state }",
            name=name,
            executionId=execution,
            namespace=namespace,
            data=parse_object(data, "--data") if data else None,
            reason=reason,
        )
    )
    for found in payload["executions"]:
        tell(found)
    if not payload["executions"]:
        typer.echo("nothing waits for it there")


def set_labels(
    id: Id,
    labels: Annotated[list[str], typer.Argument(help="key=value ...")],
    mode: Annotated[str, typer.Option(help="merge, replace or remove.")] = "merge",
    reason: Reason = None,
) -> None:
    """Set labels."""
    given = parse_labels(labels)
    _act("setLabels", "SetLabelsInput", id, labels=given, mode=mode.upper(), reason=reason)
