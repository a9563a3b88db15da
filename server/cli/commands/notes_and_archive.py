"""Commands of notes, the audit log, archiving and deleting."""

import asyncio
import json
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors, sentence
from server.cli.command_names import action_of, command_of
from server.cli.mutations import mutation_on_many
from server.cli.naming import named
from server.cli.option_values import unknown
from server.cli.options import AsJson, Id, Ids, Reason
from server.cli.times import ABOUT, begins, ends


def register(app: typer.Typer) -> None:
    for command in (note, archive, unarchive, delete, audit):
        app.command()(plain_errors(command))


def note(
    id: Id,
    text: Annotated[str, typer.Argument(help="The note, as Markdown.")],
    idempotency_key: Annotated[
        str | None, typer.Option(help="Notes with the same key are added once.")
    ] = None,
) -> None:
    """Add a note to an execution."""
    given = {"id": id, "text": text, "idempotencyKey": idempotency_key}
    payload = asyncio.run(Api.find().mutate("addNote", "AddNoteInput", "note { id }", **given))
    typer.echo(payload["note"]["id"])


def archive(ids: Ids, reason: Reason = None) -> None:
    """Hide ended executions from lists, and exclude them from pruning."""
    _act_on("archiveExecutions", "ManyInput", "executions { name }", "archived", ids, reason=reason)


def unarchive(ids: Ids, reason: Reason = None) -> None:
    """Show archived executions in lists again."""
    _act_on(
        "unarchiveExecutions", "ManyInput", "executions { name }", "unarchived", ids, reason=reason
    )


def delete(
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    keep_logs: Annotated[bool, typer.Option("--keep-logs", help="Keep the log lines.")] = False,
    keep_metrics: Annotated[bool, typer.Option("--keep-metrics", help="Keep the metrics.")] = False,
    keep_artifacts: Annotated[
        bool, typer.Option("--keep-artifacts", help="Keep the artifacts and their files.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Delete ended executions permanently; only the audit log remains."""
    if not yes:
        typer.confirm(f"permanently delete {len(ids)} execution(s)?", abort=True)
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
    """Prints the number of changed executions; raises CommandFailed with the problems of the others."""
    given = {key: value for key, value in input.items() if value is not None}
    data = asyncio.run(
        Api.find().post(mutation_on_many(name, kind, what), input={"ids": ids, **given})
    )
    payload = data[name]
    count = len(payload[what.split(maxsplit=1)[0]])
    typer.echo(f"{count} {done}")
    if payload["problems"]:
        raise CommandFailed("\n".join(_problem_text(ids, one) for one in payload["problems"]))


def _action_named(name: str) -> str:
    """Returns the action of a command or action name; the audit log also has others than those of executions."""
    return action_of(name) or name.upper().replace("-", "_")


async def _entries(where: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Raises CommandFailed if there are no entries of an action at all: its name may be wrong."""
    api = Api.find()
    found: list[dict[str, Any]] = await _entries_matching(api, where, limit)
    if not found and "action" in where:
        actions = {command_of(one["action"]) for one in await _entries_matching(api, {}, 200)}
        for name in map(command_of, where["action"]):
            if name not in actions:
                raise unknown(name, sorted(actions), "action among the newest 200 entries")
    return found


async def _entries_matching(api: Api, where: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    answer = await api.post(queries.AUDIT, where=where, first=limit)
    nodes: list[dict[str, Any]] = answer["auditLog"]["nodes"]
    return nodes


def _problem_text(ids: list[str], problem: dict[str, Any]) -> str:
    place = problem["path"]
    named = len(place or ()) == 2
    text = sentence(problem)
    if not named or ids[int(place[1])] in text:
        return text
    return f"{ids[int(place[1])]}: {text}"


def audit(
    actor: Annotated[
        str | None, typer.Option(help="Only by this actor: user:admin, token:ci, or a name.")
    ] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="Only of this action, such as CANCEL; may be repeated.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Only in this namespace and those below.")
    ] = None,
    execution: Annotated[
        str | None, typer.Option(callback=named, help="Only on this execution, by id or name.")
    ] = None,
    since: Annotated[str | None, typer.Option(help=f"From this time on: {ABOUT}.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Before this time; a date includes its day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="The maximum number.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what people and programs did, newest first."""
    where = {
        "actor": actor,
        "action": [_action_named(one) for one in action] if action else None,
        "namespace": namespace,
        "executionId": execution,
        "since": since and begins(since),
        "until": until and ends(until),
    }
    given = {name: value for name, value in where.items() if value is not None}
    entries = asyncio.run(_entries(given, limit))
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
        return
    from server.cli.terminal.rendering import audit_table, print_whole

    print_whole(audit_table(entries) if entries else "no entries")
