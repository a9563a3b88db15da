"""Notes, the audit log, and what is put away or deleted: a client of the API."""

import asyncio
import json
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors, sentence
from server.cli.options import AsJson, Id, Reason

Ids = Annotated[list[str], typer.Argument(help="Executions, exec_...")]
_SEVERAL = "problems { code message path }"


def register(app: typer.Typer) -> None:
    for command in (note, archive, unarchive, delete, audit):
        app.command()(plain_errors(command))


def note(
    id: Id,
    text: Annotated[str, typer.Argument(help="The note, as Markdown.")],
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key writes it once.")
    ] = None,
) -> None:
    """Write a note beside an execution."""
    given = {"id": id, "text": text, "idempotencyKey": idempotency_key}
    payload = asyncio.run(Api.find().mutate("addNote", "AddNoteInput", "note { id }", **given))
    typer.echo(payload["note"]["id"])


def archive(ids: Ids, reason: Reason = None) -> None:
    """Hide ended executions from lists, and keep them from pruning."""
    _act_on("archiveExecutions", "ManyInput", "executions { name }", "archived", ids, reason=reason)


def unarchive(ids: Ids, reason: Reason = None) -> None:
    """Show archived executions in lists again."""
    _act_on(
        "unarchiveExecutions", "ManyInput", "executions { name }", "unarchived", ids, reason=reason
    )


def delete(
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    keep_logs: Annotated[bool, typer.Option("--keep-logs", help="Leave the log lines.")] = False,
    keep_metrics: Annotated[
        bool, typer.Option("--keep-metrics", help="Leave the metrics.")
    ] = False,
    keep_artifacts: Annotated[
        bool, typer.Option("--keep-artifacts", help="Leave the artifacts and their files.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Remove ended executions for good; what remains is in the audit log."""
    if not yes:
        typer.confirm(f"delete {len(ids)} execution(s) for good?", abort=True)
    _act_on(
        "deleteExecutions",
        "DeleteExecutionsInput",
        "deleted",
        "deleted",
        ids,
        logs=not keep_logs,
        metrics=not keep_metrics,
        artifacts=not keep_artifacts,
        reason=reason,
    )


def _act_on(name: str, kind: str, what: str, done: str, ids: list[str], **input: Any) -> None:
    """Some may be refused while the others are done: both are told."""
    given = {key: value for key, value in input.items() if value is not None}
    data = asyncio.run(
        Api.find().ask(
            f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} {_SEVERAL} }} }}",
            input={"ids": ids, **given},
        )
    )
    payload = data[name]
    count = len(payload[what.split(maxsplit=1)[0]])
    typer.echo(f"{count} {done}")
    if payload["problems"]:
        raise CommandFailed("\n".join(_told(ids, one) for one in payload["problems"]))


def _told(ids: list[str], problem: dict[str, Any]) -> str:
    place = problem["path"]
    named = len(place or ()) == 2
    return f"{ids[int(place[1])]}: {sentence(problem)}" if named else sentence(problem)


def audit(
    actor: Annotated[
        str | None, typer.Option(help="By whom: user:admin, token:ci, or a name.")
    ] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="What was done, as CANCEL; may be repeated.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="In this namespace and those below.")
    ] = None,
    execution: Annotated[str | None, typer.Option(help="To this execution.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this moment on, as 2026-01-31T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Tell what people and programs did, newest first."""
    where = {
        "actor": actor,
        "action": [one.upper().replace("-", "_") for one in action] if action else None,
        "namespace": namespace,
        "executionId": execution,
        "since": since,
        "until": until,
    }
    given = {name: value for name, value in where.items() if value is not None}
    entries = asyncio.run(Api.find().ask(queries.AUDIT, where=given, first=limit))["auditLog"][
        "nodes"
    ]
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
        return
    from server.cli.rendering import audit_table, console

    console().print(audit_table(entries) if entries else "nothing was done")
