"""The command `headway debug`: evaluates an expression in the context of a task run."""

import asyncio
import json
from typing import Annotated

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.options import AsJson


def register(app: typer.Typer) -> None:
    app.command()(plain_errors(debug))


def debug(
    run_id: Annotated[str, typer.Argument(help="A task run's id, run_...")],
    expression: Annotated[
        str, typer.Argument(help="Such as `outputs.extract.rows`, with or without {{ }}.")
    ],
    as_json: AsJson = False,
) -> None:
    """Evaluate an expression in the context of a task run. Secrets are shown as ****."""
    found = asyncio.run(Api.find().post(queries.DEBUG, id=run_id, expression=expression))
    result = found["debugExpression"]
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    elif result["error"] is None:
        text = result["type"] == "STRING"
        typer.echo(result["value"] if text else json.dumps(result["value"], indent=2))
    if error := result["error"]:
        place = f"{error['line']}:{error['column']}: " if error["line"] else ""
        raise CommandFailed(f"{place}{error['message']}")
