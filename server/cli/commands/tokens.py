"""Commands of the login link, and of tokens of people and programs."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.holders import Holders, actor_of, pages
from server.cli.mutations import TOKEN_MADE
from server.cli.options import Namespaces, WhyAudited

app = typer.Typer(
    help="The login link, and tokens of people and programs.", invoke_without_command=True
)


@app.callback()
@plain_errors
def token(context: typer.Context) -> None:
    """Print a one-time link that signs a browser in, or manage tokens."""
    if context.invoked_subcommand:
        return
    api = Api.find()
    made = asyncio.run(api.mutate("createLoginLink", "CreateLoginLinkInput", "path"))
    typer.echo(f"{api.page}{made['path']}")


@app.command()
@plain_errors
def create(
    name: Annotated[str, typer.Argument(help="Its name, unique among the valid tokens.")],
    holder: Annotated[
        str | None,
        typer.Option("--for", help="user:NAME or service:NAME; default: the service NAME."),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="A role to grant to the holder permanently; a new service needs one."),
    ] = None,
    namespace: Namespaces = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            help="Limit the token to this permission. May be repeated; default: all of its holder's."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Time until the token expires, such as 30d.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Revoke the valid token with that name.")
    ] = False,
    reason: WhyAudited = None,
) -> None:
    """Create a token and print it, this once. Its permissions are printed to stderr."""
    whose = holder or f"service:{name}"
    input = {
        "name": name,
        "principal": whose,
        "role": role,
        "namespaces": namespace or None,
        "permissions": permission or None,
        "expiresAt": _moment(expires),
        "replace": replace,
        "reason": reason,
    }
    made = asyncio.run(_make(input, needs_role=holder is None and role is None))
    for line in _summary(made, whose, role, namespace):
        typer.echo(line, err=True)
    typer.echo(made["secret"])


async def _make(input: dict[str, Any], needs_role: bool) -> dict[str, Any]:
    api, new = Api.find(), ""
    if "MANAGE" in (await api.post(queries.PERMITTED))["viewer"]["permissions"]:
        new = (await Holders.read(api)).new_holder_note(input["principal"])
    if new and needs_role:
        raise CommandFailed(await _which_role(api, new))
    made = await api.mutate("createToken", "CreateTokenInput", TOKEN_MADE, **input)
    return {**made, "new": new}


async def _which_role(api: Api, new: str) -> str:
    roles = ", ".join(one["name"] for one in (await api.post(queries.ROLES))["roles"])
    return (
        f"{new}; give it a role: --role, one of {roles} (`headway role list` shows their permissions). "
        "Limit it with --namespace acme.shop and --expires 90d; with --for give an existing holder"
    )


def _summary(
    made: dict[str, Any], whose: str, role: str | None, namespaces: list[str] | None
) -> Iterator[str]:
    token = made["token"]
    if made["new"]:
        yield made["new"]
    if role:
        yield (
            f"{whose} is {role} in {_where(namespaces)}, also after the token is revoked "
            "(`headway role revoke` revokes the role)"
        )
    ends = token["expiresAt"]
    until = f"expires {ends[:16]}" if ends else "never expires (--expires 90d)"
    yield f"the token {token['name']} of {whose} {_limits(token)}, and {until}"
    if nothing := _why_nothing(made, whose):
        yield f"warning: the token has no permissions: {nothing}"


def _where(namespaces: list[str] | None) -> str:
    return ", ".join(namespaces or ["every namespace"])


def _limits(token: dict[str, Any]) -> str:
    """`null` is no limit; an empty list permits nothing."""
    may, where = token["permissions"], token["namespaces"]
    if may is None and where is None:
        return "has all permissions of its holder"
    what = "all permissions of its holder" if may is None else ", ".join(may) or "no permissions"
    return f"has {what} in {'no namespace' if where == [] else _where(where)}"


def _why_nothing(made: dict[str, Any], whose: str) -> str | None:
    if made["token"]["holderDisabledAt"]:
        return f"{whose} is disabled; headway people save {whose} --enable"
    if any(held["permissions"] and held["namespaces"] for held in made["roles"]):
        return None
    if made["roles"]:
        return f"these limits exclude everything that the roles of {whose} permit"
    grant = f"headway role grant {whose} ROLE --namespace NAMESPACE"
    return f"{whose} has no role; grant one: {grant}"


def _moment(expires: str | None) -> str | None:
    if expires is None:
        return None
    from models.durations import parse_duration

    try:
        ends = datetime.now(UTC) + timedelta(seconds=parse_duration(expires))
    except (ValueError, OverflowError) as error:
        raise CommandFailed(f"--expires: {error}") from error
    return ends.isoformat()


@app.command("list")
@plain_errors
def list_tokens() -> None:
    """List tokens without their secrets."""
    for one in asyncio.run(pages(Api.find(), queries.TOKENS, "tokens")):
        worth = [*(one["permissions"] or ()), *(one["namespaces"] or ())]
        typer.echo(
            f"{one['name']}  {actor_of(one['holder'])}  {_state(one)}"
            f"  created {one['createdAt'][:16]} by {actor_of(one['createdBy'])}"
            + (f"  only {', '.join(worth)}" if worth else "")
        )


def _state(one: dict[str, Any]) -> str:
    if one["revokedAt"]:
        return "revoked"
    ends = one["expiresAt"]
    if ends and datetime.fromisoformat(ends) <= datetime.now(UTC):
        return "expired"
    if one["holderDisabledAt"]:
        return "disabled with its holder"
    return f"until {ends[:16]}" if ends else "valid"


@app.command()
@plain_errors
def revoke(name: str, reason: WhyAudited = None) -> None:
    """Revoke a token, and end its sessions and connections."""
    asyncio.run(
        Api.find().mutate(
            "revokeToken", "RevokeTokenInput", "token { name }", name=name, reason=reason
        )
    )
    typer.echo(f"{name} was revoked")
