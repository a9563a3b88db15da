"""Commands that write executions to files."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.naming import each_named
from server.cli.option_values import ordering

Output = Annotated[
    str, typer.Option("-o", "--output", help="The file to write; - is standard output.")
]


class TableFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


def register(app: typer.Typer) -> None:
    for command in (export, report):
        app.command()(plain_errors(command))


def export(
    search: Annotated[
        str | None,
        typer.Argument(help="A search, such as 'state:failed started>-24h'; see docs/search.md."),
    ] = None,
    format: Annotated[
        TableFormat, typer.Option(help="CSV, or one JSON object a line.")
    ] = TableFormat.CSV,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Such as name, label.team or metric.loss; may be repeated."),
    ] = None,
    order: Annotated[
        str, typer.Option(help="As in `headway ls`: created, duration_asc, metric.loss_asc, ...")
    ] = "created_desc",
    output: Output = "-",
) -> None:
    """Export all executions of a search to a file."""
    ending = "csv" if format is TableFormat.CSV else "json"
    parameters = {"columns": ",".join(map(_quoted, column or ()))}
    for name, value in ordering(order).items():
        parameters[name] = value if isinstance(value, str) else json.dumps(value)
    if search:
        parameters["search"] = search
    with _written(output) as file:
        Api.find().download(f"/executions/export.{ending}", parameters, file)


def report(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID",
            callback=each_named,
            help="One execution, or two to five to compare, by id or name.",
        ),
    ],
    output: Output,
) -> None:
    """Write a PDF report of one execution, or a comparison of several."""
    if len(ids) == 1:
        path, parameters = f"/executions/{ids[0]}/report.pdf", {}
    else:
        path, parameters = "/executions/report.pdf", {"ids": ",".join(ids)}
    with _written(output) as file:
        Api.find().download(path, parameters, file)


@contextmanager
def _written(output: str) -> Iterator[BinaryIO]:
    """Creates the file under its name when it is complete."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
