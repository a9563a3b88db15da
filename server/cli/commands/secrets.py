"""Commands of secrets. A value is read from standard input or a prompt, never from an argument."""

import asyncio
import sys
from typing import Annotated

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors

app = typer.Typer(help="Secrets of namespaces, for `secrets.NAME` in flows.", no_args_is_help=True)

Namespace = Annotated[
    str, typer.Argument(help="The namespace; those below it can use the secret, too.")
]
Name = Annotated[str, typer.Argument(help="As in secrets.NAME.")]


@app.command("set")
@plain_errors
def set_secret(namespace: Namespace, name: Name) -> None:
    """Save a secret; its value is read from standard input or, on a terminal, from a prompt."""
    value = _read_value(f"{namespace} {name}")
    asyncio.run(
        Api.find().mutate(
            "saveSecret",
            "SaveSecretInput",
            "secret { name }",
            namespace=namespace,
            name=name,
            value=value,
        )
    )
    typer.echo(f"the secret {name} of {namespace} was saved")


def _read_value(what: str) -> str:
    if sys.stdin.isatty():
        value: str = typer.prompt(f"Value of {what}", hide_input=True, confirmation_prompt=True)
        return value
    try:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise CommandFailed(
            "the value is not UTF-8 text; encode it first, for example with base64"
        ) from error


@app.command("list")
@plain_errors
def list_secrets(
    namespace: Annotated[
        str | None, typer.Argument(help="Only secrets available in this namespace.")
    ] = None,
) -> None:
    """List secrets by name, without values."""
    found = asyncio.run(Api.find().post(queries.SECRETS, namespace=namespace))["secrets"]
    for one in found:
        typer.echo(f"{one['namespace']}  {one['name']}  saved {one['updatedAt'][:16]}")


@app.command()
@plain_errors
def delete(namespace: Namespace, name: Name) -> None:
    """Delete a secret."""
    asyncio.run(
        Api.find().mutate(
            "deleteSecret", "DeleteSecretInput", "secret { name }", namespace=namespace, name=name
        )
    )
    typer.echo(f"the secret {name} of {namespace} was deleted")
