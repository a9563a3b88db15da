"""Who may come in, and do what: login links, tokens, roles, people and services; a client of the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, fail, plain_errors

tokens = typer.Typer(
    help="The login link, and tokens of people and programs.", invoke_without_command=True
)
roles = typer.Typer(help="Roles, and who holds them.", no_args_is_help=True)
people = typer.Typer(help="People and services.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Why; kept in the audit log.")]
Holder = Annotated[str, typer.Argument(help="user:NAME, service:NAME or group:NAME.")]
RoleName = Annotated[str, typer.Argument(help="`headway role list` shows them.")]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace", help="acme.* is acme and all below it; * is every one. Repeatable."
    ),
]


def register(app: typer.Typer) -> None:
    app.add_typer(tokens, name="token")
    app.add_typer(roles, name="role")
    app.add_typer(people, name="people")
    app.command()(rotate_session_key)


@tokens.callback()
@plain_errors
def token(context: typer.Context) -> None:
    """Print a link that signs one browser in, once, or manage tokens."""
    if context.invoked_subcommand:
        return
    api = Api.find()
    made = asyncio.run(api.mutate("createLoginLink", "CreateLoginLinkInput", "path"))
    typer.echo(f"{api.page}{made['path']}")


@tokens.command()
@plain_errors
def create(
    name: Annotated[str, typer.Argument(help="Its name, unique among the valid tokens.")],
    holder: Annotated[
        str | None,
        typer.Option("--for", help="user:NAME or service:NAME; default: the service NAME."),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="A role to grant to the holder; default: operator for a service."),
    ] = None,
    namespace: Namespaces = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(help="Limit the token to it. Repeatable; default: all of its holder's."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="After how long it ends, as 30d.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Revoke the valid token of that name.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Make a token; it is shown this once."""
    made = asyncio.run(
        Api.find().mutate(
            "createToken",
            "CreateTokenInput",
            "secret",
            name=name,
            principal=holder or f"service:{name}",
            role=role or ("operator" if holder is None else None),
            namespaces=namespace or None,
            permissions=permission or None,
            expiresAt=_moment(expires),
            replace=replace,
            reason=reason,
        )
    )
    typer.echo(made["secret"])


def _moment(expires: str | None) -> str | None:
    if expires is None:
        return None
    from models.durations import parse_duration

    try:
        ends = datetime.now(UTC) + timedelta(seconds=parse_duration(expires))
    except (ValueError, OverflowError) as error:
        raise CommandFailed(f"--expires: {error}") from error
    return ends.isoformat()


@tokens.command("list")
@plain_errors
def list_tokens() -> None:
    """List tokens; never their secrets."""
    for one in _all(queries.TOKENS, "tokens"):
        worth = [*(one["permissions"] or ()), *(one["namespaces"] or ())]
        typer.echo(
            f"{one['name']}  {_actor(one['holder'])}  {_state(one)}"
            f"  made {one['createdAt'][:16]} by {_actor(one['createdBy'])}"
            + (f"  only {', '.join(worth)}" if worth else "")
        )


def _state(one: dict[str, Any]) -> str:
    if one["revokedAt"]:
        return "revoked"
    ends = one["expiresAt"]
    if ends is None:
        return "valid"
    return "expired" if datetime.fromisoformat(ends) <= datetime.now(UTC) else f"until {ends[:16]}"


@tokens.command()
@plain_errors
def revoke(name: str, reason: Reason = None) -> None:
    """End a token, and the sessions and connections that came by it."""
    asyncio.run(
        Api.find().mutate(
            "revokeToken", "RevokeTokenInput", "token { name }", name=name, reason=reason
        )
    )
    typer.echo(f"{name} is revoked")


@roles.command("list")
@plain_errors
def list_roles() -> None:
    """List roles, and what they allow."""
    for one in asyncio.run(Api.find().ask(queries.ROLES))["roles"]:
        typer.echo(f"{one['name']}  {', '.join(one['permissions'])}")


@roles.command()
@plain_errors
def grant(
    holder: Holder, role: RoleName, namespace: Namespaces = None, reason: Reason = None
) -> None:
    """Give a role to a person, a service or a group."""
    _each("grantRole", "GrantRoleInput", holder, role, namespace, reason)
    typer.echo(f"{holder} is {role} in {', '.join(namespace or ['*'])}")


@roles.command("revoke")
@plain_errors
def revoke_role(
    holder: Holder, role: RoleName, namespace: Namespaces = None, reason: Reason = None
) -> None:
    """Take a role from a person, a service or a group."""
    _each("revokeRole", "RevokeRoleInput", holder, role, namespace, reason)
    typer.echo(f"{holder} is no longer {role} in {', '.join(namespace or ['*'])}")


def _each(
    mutation: str,
    kind: str,
    holder: str,
    role: str,
    namespaces: list[str] | None,
    reason: str | None,
) -> None:
    async def each() -> None:
        api = Api.find()
        for namespace in namespaces or ["*"]:
            await api.mutate(
                mutation,
                kind,
                "grant { role }",
                to=holder,
                role=role,
                namespace=namespace,
                reason=reason,
            )

    asyncio.run(each())


@roles.command("save")
@plain_errors
def save_role(
    name: str,
    permissions: Annotated[list[str], typer.Argument(help="As LIST_FLOWS RUN_FLOW.")],
    reason: Reason = None,
) -> None:
    """Make a role of permissions, or change one that was made here."""
    asyncio.run(
        Api.find().mutate(
            "saveRole",
            "SaveRoleInput",
            "role { name }",
            name=name,
            permissions=permissions,
            reason=reason,
        )
    )
    typer.echo(f"{name} allows {', '.join(permissions)}")


@roles.command("delete")
@plain_errors
def delete_role(name: str, reason: Reason = None) -> None:
    """Delete a role that was made here and that nobody holds."""
    asyncio.run(
        Api.find().mutate(
            "deleteRole", "DeleteRoleInput", "role { name }", name=name, reason=reason
        )
    )
    typer.echo(f"{name} is deleted")


@people.command("list")
@plain_errors
def list_people() -> None:
    """List people and services, with their roles."""
    for one in _all(queries.PRINCIPALS, "principals"):
        kind = "user" if one["kind"] == "PERSON" else "service"
        held = [f"{grant['role']} in {grant['namespace']}" for grant in one["grants"]]
        more = [f"groups {', '.join(one['groups'])}"] if one["groups"] else []
        more += [f"owner {_actor(one['owner'])}"] if one["owner"] else []
        more += ["disabled"] if one["disabledAt"] else []
        typer.echo("  ".join([f"{kind}:{one['name']}", ", ".join(held) or "no role", *more]))


@people.command("save")
@plain_errors
def save_principal(
    holder: Annotated[str, typer.Argument(help="user:NAME or service:NAME.")],
    owner: Annotated[
        str | None, typer.Option(help="The person who answers for a service: user:NAME.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="All groups of it from now on. Repeatable.")
    ] = None,
    no_groups: Annotated[
        bool, typer.Option("--no-groups", help="Take it out of all groups.")
    ] = False,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether it may not come in.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Make a person or a service, or change one."""
    prefix, _, name = holder.partition(":")
    kinds = {"user": "PERSON", "service": "SERVICE"}
    if prefix not in kinds:
        raise CommandFailed(f"{holder!r} is nobody; write user:NAME or service:NAME")
    asyncio.run(
        Api.find().mutate(
            "savePrincipal",
            "SavePrincipalInput",
            "principal { name }",
            kind=kinds[prefix],
            name=name,
            owner=owner,
            groups=[] if no_groups else group or None,
            disabled=disable,
            reason=reason,
        )
    )
    typer.echo(f"{holder} is saved")


def rotate_session_key() -> None:
    """Take another key for the sessions of browsers: everybody has to sign in again."""
    from server.cli.serving import settings_of
    from server.session_key import FILE, rotate

    settings = settings_of()
    if settings.session_key:
        raise fail("the key is that of the setting session_key: set another there, and restart")
    if not (settings.data_dir / FILE).exists():
        raise fail(
            f"{settings.data_dir} holds no {FILE}: set HEADWAY_DATA_DIR to the data dir of the server"
        )
    path = rotate(settings.data_dir)
    typer.echo(f"{path} holds another key: every browser has to sign in again")


def _actor(actor: dict[str, Any]) -> str:
    return f"{actor['kind'].lower()}:{actor['name']}"


def _all(query: str, field: str) -> list[dict[str, Any]]:
    """All pages of a list."""

    async def pages() -> list[dict[str, Any]]:
        api, found, after = Api.find(), [], None
        while True:
            page = (await api.ask(query, after=after))[field]
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    return asyncio.run(pages())
