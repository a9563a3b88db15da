"""Commands of actions on executions, except starting, running again and deciding."""

import asyncio
from typing import Annotated, Any

import typer

from models.json_text import read_json
from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.inputs import parse_label_keys, parse_labels
from server.cli.mutations import STATE, TASK
from server.cli.naming import named
from server.cli.option_values import one_of
from server.cli.options import Id, NeededReason, Reason


def register(app: typer.Typer) -> None:
    for command in (cancel, pause, resume):
        app.command()(plain_errors(command))
    app.command("force-run")(plain_errors(force_run))
    app.command("change-state")(plain_errors(change_state))
    app.command("change-task-state")(plain_errors(change_task_state))
    app.command("send-event")(plain_errors(send_event))
    app.command("set-labels")(plain_errors(set_labels))


def _act(name: str, kind: str, id: str, **input: Any) -> None:
    payload = asyncio.run(Api.find().mutate(name, kind, STATE, id=id, **input))
    typer.echo(f"{payload['execution']['name']} is {payload['execution']['state']}")


NoCascade = Annotated[
    bool, typer.Option("--no-cascade", help="Do not apply to executions of its subflows.")
]


def cancel(
    id: Id,
    force: Annotated[bool, typer.Option("--force", help="Skip the grace period.")] = False,
    no_cascade: NoCascade = False,
    reason: Reason = None,
) -> None:
    """Cancel an execution and all its running tasks."""
    further = {"force": force, "cascade": not no_cascade, "reason": reason}
    _act("cancelExecution", "CancelExecutionInput", id, **further)


def pause(id: Id, no_cascade: NoCascade = False, reason: Reason = None) -> None:
    """Start no new tasks, also in executions of its subflows; running tasks continue."""
    _act("pauseExecution", "ActionInput", id, cascade=not no_cascade, reason=reason)


def resume(id: Id, no_cascade: NoCascade = False, reason: Reason = None) -> None:
    """Resume after a pause, with the executions of its subflows."""
    _act("resumeExecution", "ActionInput", id, cascade=not no_cascade, reason=reason)


def force_run(id: Id, reason: Reason = None) -> None:
    """Start now, before all others: ignore the flow's limit, a pause, and the delay of retries."""
    _act("forceRun", "ActionInput", id, reason=reason)


def change_state(
    id: Id,
    state: Annotated[str, typer.Argument(help="SUCCESS, WARNING, FAILED, KILLED or CANCELLED.")],
    reason: NeededReason,
) -> None:
    """Change the end state of an execution; nothing runs."""
    from models.lifecycle.actions import CHANGED_TO

    wanted = one_of(state, CHANGED_TO, "state to change to")
    _act("changeState", "ChangeStateInput", id, state=wanted, reason=reason)


def change_task_state(
    id: Id,
    task: Annotated[str, typer.Argument(help="The task's key, or each[3].key in a foreach.")],
    state: Annotated[str, typer.Argument(help="SUCCESS, WARNING, FAILED or SKIPPED.")],
    reason: NeededReason,
    outputs: Annotated[
        str | None,
        typer.Option(help="Outputs to set on the task run, as JSON; later tasks read them."),
    ] = None,
) -> None:
    """Change the end state of a task run; the execution continues from there."""
    from models.lifecycle.actions import TASK_CHANGED_TO

    given = json_of(outputs, "--outputs")
    wanted = one_of(state, TASK_CHANGED_TO, "state to change to")
    asyncio.run(_change_task_state(id, task, wanted, reason, given))


async def _change_task_state(id: str, key: str, state: str, reason: str, outputs: Any) -> None:
    api = Api.find()
    payload = await api.mutate(
        "changeTaskRunState",
        "ChangeTaskRunStateInput",
        TASK,
        taskRunId=await task_run_of(api, id, key),
        state=state,
        reason=reason,
        outputs=outputs,
    )
    task, execution = payload["taskRun"], payload["execution"]
    typer.echo(f"{task['key']} is {task['state']}; {execution['name']} is {execution['state']}")


async def task_run_of(api: Api, id: str, key: str) -> str:
    """Returns the id of an execution's task run. Raises CommandFailed."""
    execution = (await api.post(queries.TASKS, id=id))["execution"]
    if execution is None:
        raise CommandFailed(f"no execution {id}; `headway ls` lists executions")
    runs = {run["key"]: run["id"] for run in execution["taskRuns"]}
    if key not in runs:
        raise CommandFailed(f"no task {key}; the execution has: {', '.join(runs)}")
    return str(runs[key])


def send_event(
    name: Annotated[str, typer.Argument(help="The `event` of wait tasks.")],
    execution: Annotated[
        str | None,
        typer.Option(
            callback=named,
            help="To this execution, by id or name; the event is queued until a wait task takes it.",
        ),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="To all executions that wait for it now, here and below.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="JSON; the wait task's output `data`.")] = None,
    reason: Reason = None,
) -> None:
    """Send an event to executions that wait for it."""
    work = Api.find().mutate(
        "sendEvent",
        "SendEventInput",
        "executions { id name }",
        name=name,
        executionId=execution,
        namespace=namespace,
        data=json_of(data, "--data"),
        reason=reason,
    )
    reached = asyncio.run(work)["executions"]
    for one in reached:
        typer.echo(f"{one['name']}  {one['id']}")
    if not reached:
        typer.echo("nothing waits for this event there")


def json_of(text: str | None, what: str) -> Any:
    if text is None:
        return None
    try:
        return read_json(text)
    except ValueError as error:
        raise CommandFailed(f"{what} is not valid JSON: {error}") from error


def set_labels(
    id: Id,
    labels: Annotated[list[str], typer.Argument(help="key=value ...; with --mode remove, key ...")],
    mode: Annotated[str, typer.Option(help="merge, replace or remove.")] = "merge",
    reason: Reason = None,
) -> None:
    """Set labels."""
    from models.states import LabelMode

    how = one_of(mode, LabelMode, "mode")
    parsed = parse_label_keys(labels) if how == LabelMode.REMOVE else parse_labels(labels)
    given = {"labels": parsed, "mode": how, "reason": reason}
    _act("setLabels", "SetLabelsInput", id, **given)
