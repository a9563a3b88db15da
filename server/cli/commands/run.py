"""The command `headway run`: starts executions of flows, documents and drafts."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.json_text import read_json
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.inputs import given_inputs, parse_labels, types_of_document, types_of_flow
from server.cli.mutations import ID
from server.cli.naming import named
from server.cli.option_values import one_of
from server.cli.options import Follow, Inputs, Reason
from server.cli.terminal.watch import follow_to_exit


def register(app: typer.Typer) -> None:
    app.command()(plain_errors(run))


def run(
    flow: Annotated[
        str,
        typer.Argument(
            help="NAMESPACE/FLOW, a flow document (.yaml) to push first, or a draft of `prepare --json` (.json)."
        ),
    ],
    input: Inputs = None,
    label: Annotated[list[str] | None, typer.Option(help="key=value; may be repeated.")] = None,
    follow: Follow = False,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Requests with the same key start one execution.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Run the document without saving it; lists hide the run.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(help="Not before this time: 2026-01-31T08:00, local or with a zone."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Do not reuse cached results.")
    ] = False,
    rerun_of: Annotated[
        str | None,
        typer.Option(callback=named, help="An execution that supplies disabled tasks' outputs."),
    ] = None,
    disable: Annotated[
        list[str] | None, typer.Option(help="A task not to run; may be repeated.")
    ] = None,
    on_failure: Annotated[
        str | None,
        typer.Option(help="Instead of the flow's: finish_running, finish_possible, cancel_all."),
    ] = None,
    priority: Annotated[
        int | None, typer.Option(help="-1000 to 1000; the greatest starts first.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Start an execution.

    With --follow the exit code shows the end state: 0 SUCCESS, WARNING or CACHED, 3 KILLED or CANCELLED, 1 any other.
    Ctrl-C stops watching; the execution continues.
    """
    api = Api.find()
    how = {"labels": parse_labels(label or []), "idempotencyKey": idempotency_key, "reason": reason}
    further = {
        "scheduledAt": moment_of(at),
        "noCache": no_cache or None,
        "rerunOf": rerun_of,
        "disabledTasks": disable,
        "onFailure": _failure_action(on_failure),
        "priority": priority,
    }
    if test:
        refuse_with_test(further)
        start = _start_test(api, flow, input or [], **how)
    else:
        start = _start(api, flow, input or [], **how, **further)
    finish(api, asyncio.run(start), follow)


def _failure_action(name: str | None) -> str | None:
    from models.states import FailureAction

    return name and one_of(name, FailureAction, "failure action")


def finish(api: Api, id: str, follow: bool, about: str = "") -> None:
    """Prints the id of a started execution (on a terminal also its address, and `about`), and follows it if
    requested."""
    typer.echo(id)
    if follow or sys.stdout.isatty():
        typer.echo(f"{api.page}/executions/{id}")
        if about:
            typer.echo(about)
    if follow:
        follow_to_exit(api, id)


def refuse_with_test(further: dict[str, Any]) -> None:
    options = ("--at", "--no-cache", "--rerun-of", "--disable", "--on-failure", "--priority")
    given = [
        option for option, value in zip(options, further.values(), strict=True) if value is not None
    ]
    if given:
        raise CommandFailed(f"--test runs a document unchanged; leave out {', '.join(given)}")


def moment_of(text: str | None) -> str | None:
    """Adds the local time zone to a time without one."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError as error:
        raise CommandFailed(
            f"{text!r} is not a valid time; write it as 2026-01-31T08:00"
        ) from error


async def _start(api: Api, flow: str, inputs: list[str], **how: Any) -> str:
    if flow.endswith(".json"):
        return await start_draft(api, _read_draft(flow), inputs, **how)
    namespace, name = await _flow_named(api, flow)
    given = await given_inputs(api, inputs, types_of_flow(api, namespace, name))
    return await _create(api, {"namespace": namespace, "flow": name, "inputs": given, **how})


async def start_draft(api: Api, draft: dict[str, Any], inputs: list[str], **how: Any) -> str:
    """Starts a draft of `prepareExecution` (a CreateExecutionInput); options override its values."""
    types = types_of_flow(api, str(draft.get("namespace")), str(draft.get("flow")))
    given = await given_inputs(api, inputs, types)
    changed = {name: value for name, value in how.items() if value not in (None, [])}
    if "disabledTasks" in changed:
        changed["disabledTasks"] = [*(draft.get("disabledTasks") or []), *changed["disabledTasks"]]
    return await _create(
        api, {**draft, **changed, "inputs": {**(draft.get("inputs") or {}), **given}}
    )


async def _create(api: Api, input: dict[str, Any]) -> str:
    payload = await api.mutate("createExecution", "CreateExecutionInput", ID, **input)
    return str(payload["execution"]["id"])


async def _start_test(api: Api, flow: str, inputs: list[str], **how: Any) -> str:
    if not flow.endswith((".yaml", ".yml")):
        raise CommandFailed(f"--test needs a flow document, a .yaml file; {flow!r} is not one")
    source = _read_text(flow)
    payload = await api.mutate(
        "runTest",
        "RunTestInput",
        ID,
        source=source,
        inputs=await given_inputs(api, inputs, types_of_document(source)),
        **how,
    )
    return str(payload["execution"]["id"])


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from error


def _read_draft(path: str) -> dict[str, Any]:
    try:
        draft = read_json(_read_text(path))
    except ValueError as error:
        raise CommandFailed(f"{path} is not valid JSON: {error}") from error
    if not isinstance(draft, dict):
        raise CommandFailed(f"{path} is not a draft; `headway prepare ID --json` writes one")
    return draft


async def _flow_named(api: Api, flow: str) -> tuple[str, str]:
    if flow.endswith((".yaml", ".yml")):
        saved = await api.mutate(
            "saveFlow", "SaveFlowInput", "flow { namespace key }", source=_read_text(flow)
        )
        return saved["flow"]["namespace"], saved["flow"]["key"]
    namespace, _, name = flow.rpartition("/")
    if not namespace:
        raise CommandFailed(f"{flow!r} is neither NAMESPACE/FLOW nor a .yaml file")
    return namespace, name
