"""One action on many executions: a client of the API."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors, sentence
from server.cli.executions import AsJson, Reason
from server.cli.inputs import parse_labels

_FILTER, _PARAMETERS = "Which executions", "What to do"
_PROBLEMS = "problems { code message path }"


def register(app: typer.Typer) -> None:
    app.command()(plain_errors(bulk))


def bulk(
    action: Annotated[
        str,
        typer.Argument(
            help="cancel, pause, resume, retry-failed, restart, replay, force-run, change-state, set-labels, "
            "add-note, archive, unarchive, delete, approve or reject."
        ),
    ],
    ids: Annotated[list[str] | None, typer.Argument(help="Executions, exec_...")] = None,
    where_state: Annotated[
        list[str] | None,
        typer.Option(help="In this state; may be repeated.", rich_help_panel=_FILTER),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(help="Of this namespace and those below.", rich_help_panel=_FILTER),
    ] = None,
    flow: Annotated[str | None, typer.Option(help="Of this flow.", rich_help_panel=_FILTER)] = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind.", rich_help_panel=_FILTER)] = None,
    where_label: Annotated[
        list[str] | None,
        typer.Option(help="With key=value; may be repeated.", rich_help_panel=_FILTER),
    ] = None,
    archived: Annotated[
        bool, typer.Option("--archived", help="Those that are.", rich_help_panel=_FILTER)
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option(help="set-labels: key=value; may be repeated.", rich_help_panel=_PARAMETERS),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="set-labels: merge, replace or remove.", rich_help_panel=_PARAMETERS),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="change-state: the new state.", rich_help_panel=_PARAMETERS),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="add-note: the note.", rich_help_panel=_PARAMETERS)
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="cancel: leave no grace.", rich_help_panel=_PARAMETERS)
    ] = False,
    from_task: Annotated[
        str | None,
        typer.Option(help="replay: the task to start from.", rich_help_panel=_PARAMETERS),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="replay: same or latest.", rich_help_panel=_PARAMETERS)
    ] = None,
    atomic: Annotated[bool, typer.Option("--atomic", help="All together or none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Do one thing to many executions: tell what would happen, ask, do it and follow it.

    The exit code is 1 when some refused, or when it was cancelled. Ctrl-C ends the watching, never what is being done.
    """
    where = {
        "state": {"in": [one.upper() for one in where_state]} if where_state else None,
        "namespace": {"prefix": namespace} if namespace else None,
        "flow": {"eq": flow} if flow else None,
        "kind": {"eq": kind} if kind else None,
        "archived": "YES" if archived else None,
        "and": [{"labels": {"has": one}} for one in parse_labels(where_label or [])],
    }
    given = {
        "action": _name(action),
        "ids": ids or None,
        "where": {name: value for name, value in where.items() if value} or None,
        "labels": parse_labels(label) if label else None,
        "mode": _name(mode),
        "state": _name(to),
        "text": text,
        "force": force or None,
        "fromTask": from_task,
        "revision": _name(revision),
        "reason": reason,
    }
    asyncio.run(_bulk(given, atomic, yes, as_json))


def _name(word: str | None) -> str | None:
    return word.upper().replace("-", "_") if word else None


async def _bulk(given: dict[str, Any], atomic: bool, yes: bool, as_json: bool) -> None:
    if not given["ids"] and not given["where"]:
        raise CommandFailed("name executions, or which ones: `headway bulk --help` tells how")
    api = Api.find()
    payload = await api.mutate("previewBulk", "PreviewBulkInput", queries.PREVIEW_BULK, **given)
    preview = payload["preview"]
    if not as_json:
        _tell_preview(preview)
    if not yes:
        typer.confirm(f"{given['action']} {preview['wouldApply']} execution(s)?", abort=True)
    await _run(api, preview["id"], "ATOMIC" if atomic else "EACH")
    ended = await _follow(api, preview["id"], quiet=as_json)
    refused = await _refused(api, preview["id"])
    if as_json:
        typer.echo(json.dumps({**ended, "refused": refused}, indent=2))
    else:
        _tell_end(ended, refused)
    if ended["state"] != "DONE" or ended["counts"]["refused"]:
        raise typer.Exit(1)


def _tell_preview(preview: dict[str, Any]) -> None:
    total, applies = preview["total"], preview["wouldApply"]
    typer.echo(f"{preview['action']}: {applies} of {total} would do it")
    for group in preview["notAllowed"]:
        names = ", ".join(one["name"] for one in group["samples"])
        more = ", ..." if group["count"] > len(group["samples"]) else ""
        typer.echo(f"  {group['count']} not: {group['reason']} ({names}{more})")
    if preview["forbidden"]:
        typer.echo(f"  {preview['forbidden']} you may not")
    for id in preview["notFound"]:
        typer.echo(f"  no execution {id}")


async def _run(api: Api, id: str, mode: str) -> None:
    """The reason stands in the preview already."""
    data = await api.ask(
        f"mutation ($input: RunBulkInput!) {{ runBulk(input: $input) {{ {_PROBLEMS} }} }}",
        input={"previewId": id, "mode": mode},
    )
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
        page = (await api.ask(queries.BULK_REFUSED, id=id, after=after))["bulk"]["results"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _tell_end(ended: dict[str, Any], refused: list[dict[str, Any]]) -> None:
    counts = ended["counts"]
    typer.echo(
        f"{ended['state'].lower()}: {counts['done']} done, {counts['refused']} refused, {counts['left']} left"
    )
    for one in refused:
        typer.echo(f"{one['executionId']} {one['name']}: {sentence(one['problem'])}", err=True)
