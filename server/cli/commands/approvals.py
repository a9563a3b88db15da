"""Commands of approvals: the inbox, and deciding."""

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

RequestId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        callback=named,
        help="appr_..., or an execution, by id or name, with one pending approval, its own or below it.",
    ),
]
Comment = Annotated[str | None, typer.Option(help="A comment on the decision.")]
Form = Annotated[
    list[str] | None, typer.Option(help="field=value or field:=JSON of the form; may be repeated.")
]
Override = Annotated[
    bool,
    typer.Option(
        "--override",
        help="Override the policy, which needs OVERRIDE_APPROVAL; --comment is the reason.",
    ),
]
Key = Annotated[str | None, typer.Option(help="Votes with the same key count once.")]


def register(app: typer.Typer) -> None:
    for command in (approvals, approve, reject):
        app.command()(plain_errors(command))


def approvals(
    all: Annotated[
        bool, typer.Option("--all", help="Include those that only others may decide.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List approval requests that you may decide, newest first."""
    where: dict[str, Any] = {"state": ["PENDING"]}
    if not all:
        where["mine"] = True
    found = asyncio.run(Api.find().post(queries.INBOX, where=where))["approvals"]["nodes"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from server.cli.terminal.rendering import inbox_table, print_whole

    print_whole(inbox_table(found) if found else "no pending approvals")


def approve(
    id: RequestId,
    comment: Comment = None,
    form: Form = None,
    override: Override = False,
    idempotency_key: Key = None,
) -> None:
    """Approve a pending request of an execution."""
    how = {"comment": comment, "override": override or None, "idempotencyKey": idempotency_key}
    asyncio.run(_decide("approve", id, form, how))


def reject(
    id: RequestId,
    comment: Comment = None,
    form: Form = None,
    override: Override = False,
    idempotency_key: Key = None,
) -> None:
    """Reject a pending request of an execution."""
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
    typer.echo(f"{_progress(payload['approval'])}; {_state_of(payload['execution'], id)}")


async def _request_of(api: Api, id: str, decision: str) -> str:
    """Returns the pending request of an execution, or of what it started, at any depth. Raises CommandFailed."""
    if id.startswith("appr_"):
        return id
    found = await api.post(queries.REQUESTS, id=id)
    requests = found["approvals"]["nodes"]
    pending = [one for one in requests if one["state"] == "PENDING"]
    if len(pending) == 1:
        return str(pending[0]["id"])
    if pending:
        requests_text = "; ".join(f"{one['id']} {one['message']!r}" for one in pending)
        raise CommandFailed(
            f"{id} has several pending approvals: {requests_text}; give one appr_ id"
        )
    if found["execution"] is None:
        raise CommandFailed(f"no execution {id}; `headway ls` lists executions")
    below = _requests_below(found["execution"])
    if len(below) == 1:
        return next(iter(below))
    if below:
        name = found["execution"]["name"]
        message = f"{name} has no pending approval itself; the executions that it started have {len(below)}:"
        fix = f"give one of their ids: headway {decision} {next(iter(below))}"
        raise CommandFailed("\n".join((message, *below.values(), fix)))
    if requests:
        raise CommandFailed("\n".join(map(_decided, requests)))
    raise CommandFailed(f"{id} has no pending approval; `headway approvals` lists your approvals")


def _requests_below(execution: dict[str, Any]) -> dict[str, str]:
    """Returns the pending requests of executions below, as text by id."""
    found: dict[str, str] = {}
    for reason in execution["waitingFor"]:
        request, below = reason["approval"], reason["execution"]
        if request and below:
            found[request["id"]] = (
                f"{request['id']} of {below['name']} ({below['id']}) {request['message']!r}"
            )
    return found


def _decided(request: dict[str, Any]) -> str:
    """Describes the decision of a request, for a vote that comes too late."""
    from server.cli.terminal.rendering import moment

    votes = ", ".join(
        f"{vote['decision']} by {vote['actor']['name']}"
        + (f" ({vote['comment']})" if vote["comment"] else "")
        for vote in request["votes"]
    )
    when = f" since {moment(request['decidedAt'])}" if request["decidedAt"] else ""
    message = f" {request['message']!r}" if request["message"] else ""
    return f"too late: {request['taskRun']['key']}{message} is {request['state']}{when}; {votes or 'nobody voted'}"


async def _no_types() -> dict[str, str]:
    return {}  # a form has no files


def _progress(approval: dict[str, Any]) -> str:
    if approval["state"] != "PENDING":
        return str(approval["state"])
    given = sum(group["given"] for group in approval["groups"])
    required = sum(group["required"] for group in approval["groups"])
    return f"PENDING, {given} of {required} given"


def _state_of(execution: dict[str, Any], named: str) -> str:
    """Includes the id if the user named an execution above."""
    if named.startswith("appr_") or named == execution["id"]:
        return f"{execution['name']} is {execution['state']}"
    return f"{execution['name']} ({execution['id']}), below {named}, is {execution['state']}"
