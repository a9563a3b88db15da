"""Commands of access control: roles, people and services."""

import asyncio
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, fail, plain_errors
from server.cli.commands import tokens
from server.cli.holders import Holders, actor_of, holder_of, pages
from server.cli.options import Namespaces, WhyAudited

roles = typer.Typer(help="Roles and their holders.", no_args_is_help=True)
people = typer.Typer(help="People and services.", no_args_is_help=True)

Holder = Annotated[str, typer.Argument(help="user:NAME, service:NAME or group:NAME.")]
RoleName = Annotated[str, typer.Argument(help="`headway role list` lists roles.")]


def register(app: typer.Typer) -> None:
    app.add_typer(tokens.app, name="token")
    app.add_typer(roles, name="role")
    app.add_typer(people, name="people")
    app.command()(rotate_session_key)


@roles.command("list")
@plain_errors
def list_roles() -> None:
    """List roles with their permissions and holders."""

    async def read(api: Api) -> tuple[list[dict[str, Any]], Holders]:
        return (await api.post(queries.ROLES))["roles"], await Holders.read(api)

    found, holders = asyncio.run(read(Api.find()))
    for one in found:
        typer.echo(f"{one['name']}  {', '.join(one['permissions'])}")
        for holder, places in holders.of_role(one["name"]).items():
            typer.echo(f"  {holder} in {', '.join(places)}{holders.members_text(holder)}")


@roles.command()
@plain_errors
def grant(
    holder: Holder, role: RoleName, namespace: Namespaces = None, reason: WhyAudited = None
) -> None:
    """Grant a role to a person, a service or a group."""
    new = _each("grantRole", "GrantRoleInput", holder, role, namespace, reason)
    typer.echo(f"{holder} is {role} in {', '.join(namespace or ['*'])}" + (new and f"; {new}"))


@roles.command("revoke")
@plain_errors
def revoke_role(
    holder: Holder, role: RoleName, namespace: Namespaces = None, reason: WhyAudited = None
) -> None:
    """Revoke a role of a person, a service or a group."""
    _each("revokeRole", "RevokeRoleInput", holder, role, namespace, reason)
    typer.echo(f"{holder} is no longer {role} in {', '.join(namespace or ['*'])}")


def _each(
    mutation: str,
    kind: str,
    holder: str,
    role: str,
    namespaces: list[str] | None,
    reason: str | None,
) -> str:
    """Returns a note if the holder is new."""

    async def each() -> str:
        api = Api.find()
        new = (await Holders.read(api)).new_holder_note(holder)
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
        return new

    return asyncio.run(each())


@roles.command("save")
@plain_errors
def save_role(
    name: str,
    permissions: Annotated[list[str], typer.Argument(help="Such as LIST_FLOWS RUN_FLOW.")],
    reason: WhyAudited = None,
) -> None:
    """Create a role with permissions, or change a custom one."""
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
def delete_role(name: str, reason: WhyAudited = None) -> None:
    """Delete a custom role that nobody holds."""
    asyncio.run(
        Api.find().mutate(
            "deleteRole", "DeleteRoleInput", "role { name }", name=name, reason=reason
        )
    )
    typer.echo(f"{name} was deleted")


@people.command("list")
@plain_errors
def list_people() -> None:
    """List people and services, with their roles."""
    for one in asyncio.run(pages(Api.find(), queries.PRINCIPALS, "principals")):
        held = [f"{grant['role']} in {grant['namespace']}" for grant in one["grants"]]
        more = [f"groups {', '.join(one['groups'])}"] if one["groups"] else []
        more += [f"owner {actor_of(one['owner'])}"] if one["owner"] else []
        more += ["disabled"] if one["disabledAt"] else []
        typer.echo("  ".join([holder_of(one), ", ".join(held) or "no role", *more]))


@people.command("save")
@plain_errors
def save_principal(
    holder: Annotated[str, typer.Argument(help="user:NAME or service:NAME.")],
    owner: Annotated[
        str | None, typer.Option(help="The person responsible for a service: user:NAME.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="All its groups from now on. May be repeated.")
    ] = None,
    no_groups: Annotated[
        bool, typer.Option("--no-groups", help="Remove it from all groups.")
    ] = False,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Forbid or allow it to sign in.")
    ] = None,
    reason: WhyAudited = None,
) -> None:
    """Create a person or a service, or change one."""
    prefix, _, name = holder.partition(":")
    kinds = {"user": "PERSON", "service": "SERVICE"}
    if prefix not in kinds:
        raise CommandFailed(
            f"{holder!r} is not a person or service; write user:NAME or service:NAME"
        )
    groups = [] if no_groups else group or None

    async def save(api: Api) -> Holders:
        before = await Holders.read(api)
        await api.mutate(
            "savePrincipal",
            "SavePrincipalInput",
            "principal { name }",
            kind=kinds[prefix],
            name=name,
            owner=owner,
            groups=groups,
            disabled=disable,
            reason=reason,
        )
        return before

    before = asyncio.run(save(Api.find()))
    is_new = holder not in before.grants
    done = ["created"] if is_new else []
    done += [] if disable is None else ["disabled" if disable else "enabled"]
    done += [] if groups is None else [f"in {_groups(groups)}"]
    done += [] if owner is None else [f"owned by {owner}"]
    others = [*([owner] if owner else []), *(f"group:{one}" for one in groups or ())]
    text = f"{holder} is {', '.join(done) or 'unchanged'}" + (
        before.suggestion(holder) if is_new else ""
    )
    typer.echo("; ".join([text, *filter(None, map(before.new_holder_note, others))]))


def _groups(groups: list[str]) -> str:
    if not groups:
        return "no group"
    return f"the group{'s' * (len(groups) > 1)} {' and '.join(groups)}"


def rotate_session_key() -> None:
    """Replace the key of browser sessions: everybody has to sign in again."""
    from server.auth.session_key import FILE, rotate
    from server.cli.commands.serve import settings_of

    settings = settings_of()
    if settings.session_key:
        raise fail("the key is in the setting session_key: change it there, and restart")
    if not (settings.data_dir / FILE).exists():
        raise fail(
            f"{settings.data_dir} has no {FILE}: set HEADWAY_DATA_DIR to the data dir of the server"
        )
    path = rotate(settings.data_dir)
    typer.echo(f"{path} has a new key: every browser has to sign in again")
