"""Running again what ran before: retried, restarted, replayed, or prepared anew."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.executions import AsJson, Id, Reason, watch
from server.cli.inputs import parse_values

Plan = Annotated[bool, typer.Option("--plan", help="Only tell what would happen.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Watch it to its end.")]
Revision = Annotated[str | None, typer.Option(help="same or latest.")]
_PLAN = "plan { tasks { key plan why isNew reusedFrom { name } } }"
_DRAFT = "draft { createInput disabledTasks tasks { key plan why isNew enabled } concurrency { limit behavior } }"


def register(app: typer.Typer) -> None:
    for command in (restart, replay, prepare):
        app.command()(plain_errors(command))
    app.command("retry-failed")(plain_errors(retry_failed))


def retry_failed(id: Id, plan: Plan = False, reason: Reason = None) -> None:
    """Give failed tasks a new attempt while the execution is FAILED_FINISHING, or PAUSED with a failure."""
    _again("retryFailed", "RetryFailedInput", plan, id=id, reason=reason)


def restart(id: Id, plan: Plan = False, reason: Reason = None) -> None:
    """Run again what failed, was killed, rejected or cancelled of an ended execution."""
    _again("restartExecution", "RestartExecutionInput", plan, id=id, reason=reason)


def replay(
    id: Id,
    from_task: Annotated[
        str | None, typer.Option("--from", help="Start from this task; use the results before it.")
    ] = None,
    revision: Revision = None,
    input: Annotated[
        list[str] | None, typer.Option("-i", "--input", help="name=value in place of its own.")
    ] = None,
    plan: Plan = False,
    reason: Reason = None,
) -> None:
    """Start a new execution from an ended one, from the start or from a task."""
    _again(
        "replayExecution",
        "ReplayExecutionInput",
        plan,
        id=id,
        fromTask=from_task,
        revision=revision and revision.upper(),
        inputs=parse_values(input) if input else None,
        reason=reason,
    )


def prepare(
    id: Id,
    revision: Revision = None,
    enable: Annotated[list[str] | None, typer.Option(help="Run this task after all.")] = None,
    disable: Annotated[list[str] | None, typer.Option(help="Do not run this task.")] = None,
    input: Annotated[
        list[str] | None, typer.Option("-i", "--input", help="name=value in place of its own.")
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Start it.")] = False,
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """Draft a new execution from an ended one, in which what succeeded is disabled.

    With --json it prints the input of createExecution, with --run it starts the execution.
    """
    edits = (set(enable or ()), set(disable or ()), parse_values(input or []))
    state = asyncio.run(_prepare(id, revision, edits, run, follow, as_json))
    if state:
        from server.cli.rendering import exit_code

        raise typer.Exit(exit_code(state))


async def _prepare(
    id: str,
    revision: str | None,
    edits: tuple[set[str], set[str], dict[str, Any]],
    run: bool,
    follow: bool,
    as_json: bool,
) -> str | None:
    api = Api.find()
    chosen = revision and revision.upper()
    payload = await api.mutate(
        "prepareExecution", "PrepareExecutionInput", _DRAFT, id=id, revision=chosen
    )
    draft = payload["draft"]
    given = _edited(draft, *edits)
    if as_json:
        typer.echo(json.dumps(given, indent=2))
    if not run:
        if not as_json:
            _print_plan(draft["tasks"], given["disabledTasks"])
        return None
    created = await api.mutate(
        "createExecution", "CreateExecutionInput", "execution { id }", **given
    )
    new = str(created["execution"]["id"])
    if follow:
        return await watch(api, new)
    typer.echo(new)
    return None


def _edited(
    draft: dict[str, Any], enable: set[str], disable: set[str], inputs: dict[str, Any]
) -> dict[str, Any]:
    known = {task["key"] for task in draft["tasks"]}
    if unknown := (enable | disable) - known:
        names = ", ".join(sorted(unknown))
        raise CommandFailed(f"no task {names}; it has: {', '.join(sorted(known))}")
    given: dict[str, Any] = draft["createInput"]
    disabled = (set(given["disabledTasks"]) - enable) | disable
    return {
        **given,
        "disabledTasks": [task["key"] for task in draft["tasks"] if task["key"] in disabled],
        "inputs": {**given["inputs"], **inputs},
    }


def _again(name: str, kind: str, plan: bool, **input: Any) -> None:
    result = f"execution {{ id name state }} {_PLAN}"
    payload = asyncio.run(Api.find().mutate(name, kind, result, plan=plan or None, **input))
    if plan:
        _print_plan(payload["plan"]["tasks"], [])
        return
    execution = payload["execution"]
    typer.echo(f"{execution['name']} is {execution['state']}  {execution['id']}")


def _print_plan(tasks: list[dict[str, Any]], disabled: list[str]) -> None:
    from rich.console import Console

    from server.cli.rendering import plan_table

    Console(width=None if sys.stdout.isatty() else 200).print(plan_table(tasks, disabled))
