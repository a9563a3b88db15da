"""The command `headway bulk`: one action on many executions."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors, sentence
from server.cli.command_names import action_of, command_of
from server.cli.inputs import of_flow, parse_label_keys, parse_labels
from server.cli.mutations import RUN_BULK
from server.cli.option_values import one_of, states, unknown
from server.cli.options import AnyIds, AsJson, Reason

_FILTER, _PARAMETERS = "Which executions", "What to do"

ActionName = Annotated[
    str,
    typer.Argument(
        metavar="ACTION",
        help="cancel, pause, resume, retry-failed, restart, replay, force-run, change-state, set-labels, "
        "note, archive, unarchive, delete, approve or reject.",
    ),
]


def _option(help: str, *names: str, panel: str = _FILTER) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel)


def _parameter(help: str, *names: str) -> Any:
    return _option(help, *names, panel=_PARAMETERS)


WhereState = Annotated[list[str] | None, _option("Only in this state; may be repeated.")]
Namespace = Annotated[str | None, _option("Only of this namespace and those below.")]
Flow = Annotated[str | None, _option("Only of this flow: FLOW or NAMESPACE/FLOW.")]
Kind = Annotated[str | None, _option("Only of this kind.")]
WhereLabel = Annotated[list[str] | None, _option("Only with key=value; may be repeated.")]
IsArchived = Annotated[bool, _option("Only archived ones.", "--archived")]
NewLabels = Annotated[list[str] | None, _parameter("set-labels: key=value; may be repeated.")]
Mode = Annotated[str | None, _parameter("set-labels: merge, replace or remove.")]
NewState = Annotated[str | None, _parameter("change-state: the new state.")]
NoteText = Annotated[str | None, _parameter("note: the note.")]
Force = Annotated[bool, _parameter("cancel: skip the grace period.", "--force")]
FromTask = Annotated[str | None, _parameter("replay: the task to start from.")]
Revision = Annotated[str | None, _parameter("replay: same or latest.")]
Atomic = Annotated[bool, typer.Option("--atomic", help="Change all or none.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def register(app: typer.Typer) -> None:
    app.command()(plain_errors(bulk))


def bulk(
    action: ActionName,
    ids: AnyIds = None,
    where_state: WhereState = None,
    namespace: Namespace = None,
    flow: Flow = None,
    kind: Kind = None,
    where_label: WhereLabel = None,
    archived: IsArchived = False,
    label: NewLabels = None,
    mode: Mode = None,
    to: NewState = None,
    text: NoteText = None,
    force: Force = False,
    from_task: FromTask = None,
    revision: Revision = None,
    atomic: Atomic = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Act on many executions: preview, ask for confirmation, run the action and follow it.

    The exit code is 1 if any execution refused, if none would accept it, or if it was cancelled. Ctrl-C only stops
    following.
    """
    from models.lifecycle.actions import CHANGED_TO
    from models.states import LabelMode

    where = {
        "state": {"in": states(where_state)} if where_state else None,
        "namespace": {"prefix": namespace} if namespace else None,
        "kind": {"eq": kind} if kind else None,
        "archived": "YES" if archived else None,
        "and": [
            *of_flow(flow),
            *({"labels": {"has": one}} for one in parse_labels(where_label or [])),
        ],
    }
    how = one_of(mode, LabelMode, "mode") if mode else None
    parse = parse_label_keys if how == LabelMode.REMOVE else parse_labels
    given = {
        "action": _action(action),
        "ids": ids or None,
        "where": {name: value for name, value in where.items() if value} or None,
        "labels": parse(label) if label else None,
        "mode": how,
        "state": one_of(to, CHANGED_TO, "state to change to") if to else None,
        "text": text,
        "force": force or None,
        "fromTask": from_task,
        "revision": one_of(revision, ("SAME", "LATEST"), "revision") if revision else None,
        "reason": reason,
    }
    asyncio.run(_bulk(given, atomic, yes, as_json))


def _action(name: str) -> str:
    from models.bulk import PERMISSIONS

    found = action_of(name)
    if found and found in PERMISSIONS:
        return found
    raise unknown(name, map(command_of, PERMISSIONS), "bulk action")


async def _bulk(given: dict[str, Any], atomic: bool, yes: bool, as_json: bool) -> None:
    if not given["ids"] and not given["where"]:
        raise CommandFailed("give executions or a filter: see `headway bulk --help`")
    api = Api.find()
    payload = await api.mutate("previewBulk", "PreviewBulkInput", queries.PREVIEW_BULK, **given)
    preview = payload["preview"]
    if not as_json:
        _print_preview(preview)
    if not preview["wouldApply"]:
        if as_json:
            typer.echo(json.dumps({**preview, "refused": []}, indent=2))
        raise CommandFailed("nothing was changed: the action applies to none of them")
    if not yes:
        typer.confirm(f"{given['action']} {preview['wouldApply']} execution(s)?", abort=True)
    await _run(api, preview["id"], "ATOMIC" if atomic else "EACH")
    ended = await _follow(api, preview["id"], quiet=as_json)
    refused = await _refused(api, preview["id"])
    if as_json:
        typer.echo(json.dumps({**ended, "refused": refused}, indent=2))
    else:
        _print_end(ended, refused)
    if ended["state"] != "DONE" or ended["counts"]["refused"]:
        raise typer.Exit(1)


def _print_preview(preview: dict[str, Any]) -> None:
    total, applies = preview["total"], preview["wouldApply"]
    typer.echo(f"{preview['action']}: applies to {applies} of {total}")
    for group in preview["notAllowed"]:
        names = ", ".join(one["name"] for one in group["samples"])
        more = ", ..." if group["count"] > len(group["samples"]) else ""
        typer.echo(f"  {group['count']} excluded: {group['reason']} ({names}{more})")
    if preview["forbidden"]:
        typer.echo(f"  {preview['forbidden']} not permitted")
    for id in preview["notFound"]:
        typer.echo(f"  no execution {id}")


async def _run(api: Api, id: str, mode: str) -> None:
    """Runs the preview, which already has the reason."""
    data = await api.post(RUN_BULK, input={"previewId": id, "mode": mode})
    if problems := data["runBulk"]["problems"]:
        raise CommandFailed("\n".join(map(sentence, problems)))


async def _follow(api: Api, id: str, quiet: bool) -> dict[str, Any]:
    last: dict[str, Any] = {}
    live = sys.stdout.isatty() and not quiet
    async for last in api.follow(queries.BULK, "state", None, id=id):
        counts = last["counts"]
        if live:
            typer.echo(f"\r{last['progress']:4.0%}  {counts['left']} left ", nl=False)
    if live:
        typer.echo("\r", nl=False)
    return last


async def _refused(api: Api, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await api.post(queries.BULK_REFUSED, id=id, after=after))["bulk"]["results"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _print_end(ended: dict[str, Any], refused: list[dict[str, Any]]) -> None:
    counts = ended["counts"]
    typer.echo(
        f"{ended['state'].lower()}: {counts['done']} done, {counts['refused']} refused, {counts['left']} left"
    )
    for one in refused:
        typer.echo(f"{one['executionId']} {one['name']}: {sentence(one['problem'])}", err=True)
