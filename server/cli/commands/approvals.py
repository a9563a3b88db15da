"""Deciding what executions ask, and the inbox of what there is to decide."""

import asyncio
import json
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.inputs import given_inputs
from server.cli.mutations import DECIDED
from server.cli.naming import named
from server.cli.options import AsJson

Asked = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        callback=named,
        help="appr_..., or an execution, by id or name, that asks one thing, itself or below it.",
    ),
]
Comment = Annotated[str | None, typer.Option(help="A comment on the decision.")]
Form = Annotated[
    list[str] | None,
    typer.Option(help="field=value or field:=JSON of its form; may be repeated."),
]
Override = Annotated[
    bool,
    typer.Option(
        "--override",
        help="Decide past the policy, which needs OVERRIDE_APPROVAL; --comment says why.",
    ),
]
Key = Annotated[str | None, typer.Option(help="The same vote with the same key counts once.")]


def register(app: typer.Typer) -> None:
    for command in (approvals, approve, reject):
        app.command()(plain_errors(command))


def approvals(
    all: Annotated[
        bool, typer.Option("--all", help="Those too that others are to decide.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for your decision, the newest first."""
    where: dict[str, Any] = {"state": ["PENDING"]}
    if not all:
        where["mine"] = True
    found = asyncio.run(Api.find().post(queries.INBOX, where=where))["approvals"]["nodes"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from server.cli.terminal.rendering import inbox_table, print_whole

    print_whole(inbox_table(found) if found else "nothing to decide")


def approve(
    id: Asked,
    comment: Comment = None,
    form: Form = None,
    override: Override = False,
    idempotency_key: Key = None,
) -> None:
    """Approve what an execution waits for."""
    how = {"comment": comment, "override": override or None, "idempotencyKey": idempotency_key}
    asyncio.run(_decide("approve", id, form, how))


def reject(
    id: Asked,
    comment: Comment = None,
    form: Form = None,
    override: Override = False,
    idempotency_key: Key = None,
) -> None:
    """Reject what an execution waits for."""
    how = {"comment": comment, "override": override or None, "idempotencyKey": idempotency_key}
    asyncio.run(_decide("reject", id, form, how))


async def _decide(decision: str, id: str, form: list[str] | None, how: dict[str, Any]) -> None:
    api = Api.find()
    payload = await api.mutate(
        decision,
        "DecideInput",
        DECIDED,
        approvalId=await _request_of(api, id, decision),
        form=await given_inputs(api, form, _no_types) if form else None,
        **how,
    )
    typer.echo(f"{_standing(payload['approval'])}; {_state_of(payload['execution'], id)}")


async def _request_of(api: Api, id: str, decision: str) -> str:
    """Of an execution the one that is open, else the one of what it started, at any depth. Raises CommandFailed."""
    if id.startswith("appr_"):
        return id
    found = await api.post(queries.REQUESTS, id=id)
    requests = found["approvals"]["nodes"]
    pending = [one for one in requests if one["state"] == "PENDING"]
    if len(pending) == 1:
        return str(pending[0]["id"])
    if pending:
        asked = "; ".join(f"{one['id']} {one['message']!r}" for one in pending)
        raise CommandFailed(f"{id} asks {asked}; name one appr_ id")
    if found["execution"] is None:
        raise CommandFailed(f"no execution {id}; `headway ls` shows what there is")
    below = _asked_below(found["execution"])
    if len(below) == 1:
        return next(iter(below))
    if below:
        name = found["execution"]["name"]
        told = f"{name} asks nothing itself; {len(below)} requests of what it started are open:"
        mend = f"name one of them: headway {decision} {next(iter(below))}"
        raise CommandFailed("\n".join((told, *below.values(), mend)))
    if requests:
        raise CommandFailed("\n".join(map(_decided, requests)))
    raise CommandFailed(f"{id} asks nothing; `headway approvals` lists what waits for you")


def _asked_below(execution: dict[str, Any]) -> dict[str, str]:
    """The open requests of executions below, by id, each in words."""
    found: dict[str, str] = {}
    for reason in execution["waitingFor"]:
        request, asker = reason["approval"], reason["execution"]
        if request and asker:
            found[request["id"]] = (
                f"{request['id']} of {asker['name']} ({asker['id']}) {request['message']!r}"
            )
    return found


def _decided(request: dict[str, Any]) -> str:
    """The decision of a request, for a vote that comes too late."""
    from server.cli.terminal.rendering import moment

    votes = ", ".join(
        f"{vote['decision']} by {vote['actor']['name']}"
        + (f" ({vote['comment']})" if vote["comment"] else "")
        for vote in request["votes"]
    )
    when = f" since {moment(request['decidedAt'])}" if request["decidedAt"] else ""
    asked = f" {request['message']!r}" if request["message"] else ""
    return f"too late: {request['taskRun']['key']}{asked} is {request['state']}{when}; {votes or 'nobody voted'}"


async def _no_types() -> dict[str, str]:
    return {}  # a form takes no files


def _standing(approval: dict[str, Any]) -> str:
    if approval["state"] != "PENDING":
        return str(approval["state"])
    given = sum(group["given"] for group in approval["groups"])
    required = sum(group["required"] for group in approval["groups"])
    return f"PENDING, {given} of {required} given"


def _state_of(execution: dict[str, Any], named: str) -> str:
    """With its id where another one was named, which waits for this one."""
    if named.startswith("appr_") or named == execution["id"]:
        return f"{execution['name']} is {execution['state']}"
    return f"{execution['name']} ({execution['id']}), which asked below {named}, is {execution['state']}"
