"""Commands that run executions again: in the same execution, or in a new one."""

import asyncio
import json
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.commands.run import finish, start_draft
from server.cli.inputs import given_inputs, types_of_flow
from server.cli.mutations import DONE, DRAFT
from server.cli.options import Follow, Id, Inputs, PlanOnly, Reason, Revision
from server.cli.terminal.revisions import newest_revision_text, revision_text
from server.cli.terminal.watch import follow_to_exit


def register(app: typer.Typer) -> None:
    app.command("retry-failed")(plain_errors(retry_failed))
    for command in (restart, replay, prepare):
        app.command()(plain_errors(command))


def retry_failed(
    id: Id, plan: PlanOnly = False, follow: Follow = False, reason: Reason = None
) -> None:
    """Retry failed tasks while the execution is FAILED_FINISHING, or PAUSED with a failure.

    This ends the pause.
    """
    _rerun("retryFailed", "RetryFailedInput", id, plan, follow, reason)


def restart(id: Id, plan: PlanOnly = False, follow: Follow = False, reason: Reason = None) -> None:
    """Run failed, killed, rejected and cancelled tasks of an ended execution again, in the same execution."""
    _rerun("restartExecution", "RestartExecutionInput", id, plan, follow, reason)


def _rerun(name: str, kind: str, id: str, plan: bool, follow: bool, reason: str | None) -> None:
    api = Api.find()
    before = asyncio.run(api.post(queries.RERUN_FROM, id=id))["execution"] if follow else None
    payload = asyncio.run(api.mutate(name, kind, DONE, id=id, plan=plan, reason=reason))
    execution = payload["execution"]
    if plan:
        _print_plan(payload["plan"]["tasks"], revision_text(execution))
        return
    typer.echo(f"{execution['name']} is {execution['state']}, {revision_text(execution)}")
    if before:
        follow_to_exit(api, id, after=before["seq"])


def _print_plan(tasks: list[dict[str, Any]], revision: str) -> None:
    from server.cli.terminal.rendering import console, plan_table

    console().print(plan_table(tasks, revision))


def replay(
    id: Id,
    from_task: Annotated[
        str | None,
        typer.Option("--from", help="Start with this task; reuse the outputs before it."),
    ] = None,
    revision: Revision = None,
    input: Inputs = None,
    plan: PlanOnly = False,
    follow: Follow = False,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Requests with the same key start one execution.")
    ] = None,
    override_approvals: Annotated[
        bool,
        typer.Option(help="Reuse decisions that were made on other inputs; --reason is required."),
    ] = False,
    reason: Reason = None,
) -> None:
    """Start a new execution from an ended one, from the start or from a task."""
    api = Api.find()
    wanted = {
        "id": id,
        "fromTask": from_task,
        "revision": _choice(revision),
        "plan": plan,
        "idempotencyKey": idempotency_key,
        "overrideApprovals": override_approvals,
        "reason": reason,
    }
    payload = asyncio.run(_replay(api, id, input or [], wanted))
    if plan:
        _print_plan(payload["plan"]["tasks"], payload["revision"])
    else:
        about = f"it runs {revision_text(payload['execution'])}"
        finish(api, payload["execution"]["id"], follow, about)


async def _replay(api: Api, id: str, inputs: list[str], wanted: dict[str, Any]) -> dict[str, Any]:
    given = await given_inputs(api, inputs, _types_of_execution(api, id)) if inputs else None
    payload = await api.mutate(
        "replayExecution", "ReplayExecutionInput", DONE, **wanted, inputs=given
    )
    if not wanted["plan"]:
        return payload
    source = (await api.post(queries.RERUN_FROM, id=wanted["id"]))["execution"]
    is_latest = wanted["revision"] == "LATEST"
    planned = newest_revision_text(source) if is_latest else revision_text(source)
    return {**payload, "revision": planned}


def _types_of_execution(api: Api, id: str) -> Any:
    async def read() -> dict[str, str]:
        found = (await api.post(queries.FLOW_OF, id=id))["execution"]
        return await types_of_flow(api, found["namespace"], found["flowKey"])() if found else {}

    return read


def _choice(revision: str | None) -> str | None:
    if revision is not None and revision.lower() not in ("same", "latest"):
        raise CommandFailed(f"--revision must be same or latest, not {revision!r}")
    return revision.upper() if revision else None


def prepare(
    id: Id,
    revision: Revision = None,
    enable: Annotated[
        list[str] | None,
        typer.Option(help="A task to run although its outputs could be reused; may be repeated."),
    ] = None,
    disable: Annotated[
        list[str] | None, typer.Option(help="A task not to run; may be repeated.")
    ] = None,
    input: Inputs = None,
    run: Annotated[bool, typer.Option("--run", help="Start the draft.")] = False,
    follow: Follow = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the input of createExecution, to edit and `run`.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Draft a new execution from an ended one, with its successful tasks disabled.

    Starts nothing without --run. The other tasks can use the outputs of disabled tasks that succeeded.
    """
    api = Api.find()
    wanted = {"id": id, "revision": _choice(revision)}
    work = api.mutate("prepareExecution", "PrepareExecutionInput", DRAFT, **wanted)
    draft = asyncio.run(work)["draft"]
    _switch(draft, enable or [], disable or [])
    if run or follow:
        starting = start_draft(api, draft["createInput"], input or [], reason=reason)
        finish(api, asyncio.run(starting), follow)
    elif as_json:
        typer.echo(json.dumps(draft["createInput"], indent=2))
    else:
        from server.cli.terminal.rendering import console, draft_table

        console().print(draft_table(draft))


def _switch(draft: dict[str, Any], enable: list[str], disable: list[str]) -> None:
    """Edits the draft as a user would. Raises CommandFailed for unknown tasks."""
    tasks = {task["key"]: task for task in draft["tasks"]}
    for keys, enabled in ((enable, True), (disable, False)):
        for key in keys:
            if key not in tasks:
                raise CommandFailed(f"no task {key}; the draft has: {', '.join(tasks)}")
            if tasks[key]["enabled"] is not enabled:
                why = "enabled by you" if enabled else "disabled by you"
                tasks[key].update(enabled=enabled, plan="RUN" if enabled else "SKIP", why=why)
    draft["createInput"]["disabledTasks"] = [
        key for key, task in tasks.items() if not task["enabled"]
    ]
