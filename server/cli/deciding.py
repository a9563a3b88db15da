"""Approvals: the inbox, and deciding."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.executions import AsJson
from server.cli.inputs import parse_values

Request = Annotated[str, typer.Argument(help="appr_..., or an execution that asks one thing.")]
Comment = Annotated[str | None, typer.Option(help="A comment on the decision.")]
Form = Annotated[
    list[str] | None,
    typer.Option("--form", help="field=value, or field:=JSON, of its form; may be repeated."),
]
Override = Annotated[
    bool, typer.Option("--override", help="Decide past the policy; needs MANAGE and a comment.")
]


def register(app: typer.Typer) -> None:
    for command in (approve, reject, approvals):
        app.command()(plain_errors(command))


def approve(
    id: Request, comment: Comment = None, form: Form = None, override: Override = False
) -> None:
    """Approve what an execution waits for."""
    asyncio.run(_decide("approve", id, comment, form, override))


def reject(
    id: Request, comment: Comment = None, form: Form = None, override: Override = False
) -> None:
    """Reject what an execution waits for."""
    asyncio.run(_decide("reject", id, comment, form, override))


def approvals(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that you may not decide.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The inbox: what waits for a decision, the oldest first."""
    where = {"state": ["PENDING"], "mine": None if everything else True}
    given = {key: value for key, value in where.items() if value is not None}
    found = asyncio.run(Api.find().ask(queries.INBOX, where=given))["approvals"]["nodes"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from rich.console import Console

    from server.cli.rendering import inbox_table

    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(inbox_table(found) if found else "nothing waits for you")


async def _decide(
    decision: str, id: str, comment: str | None, form: list[str] | None, override: bool
) -> None:
    api = Api.find()
    payload = await api.mutate(
        decision,
        "DecideInput",
        "approval { state } execution { name state }",
        approvalId=await _request(api, id),
        comment=comment,
        form=parse_values(form) if form else None,
        override=override or None,
    )
    state, execution = payload["approval"]["state"], payload["execution"]
    typer.echo(f"{state}; {execution['name']} is {execution['state']}")


async def _request(api: Api, id: str) -> str:
    if id.startswith("appr_"):
        return id
    pending: list[dict[str, Any]] = (await api.ask(queries.PENDING, id=id))["approvals"]["nodes"]
    if len(pending) != 1:
        asked = "; ".join(f"{one['id']} {one['message']!r}" for one in pending) or "nothing"
        raise CommandFailed(f"{id} asks {asked}; name one appr_ id")
    return str(pending[0]["id"])
