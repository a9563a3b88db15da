"""Executions as CSV and as JSON Lines."""

import csv
import io
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import orjson

from models.access.viewer import Scope
from runner.store.lists.snapshot_reads import all_executions, last_metrics, one_moment
from runner.store.postgres.connection import Pool
from schema.lists.arguments import ListArguments
from schema.lists.columns import Column, metrics_needed
from server.exports.cells import cell

Write = Callable[[Sequence[Sequence[Any]]], bytes]


def csv_writer(columns: Sequence[Column]) -> tuple[bytes, Write]:
    """Returns the header, and a function that writes rows: RFC 4180, in UTF-8."""
    return _lines([[column.name for column in columns]]), _lines


def json_writer(columns: Sequence[Column]) -> tuple[bytes, Write]:
    names = [column.name for column in columns]

    def write(rows: Sequence[Sequence[Any]]) -> bytes:
        return b"".join(
            orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in rows
        )

    return b"", write


async def table(
    pool: Pool,
    scope: Scope,
    wanted: ListArguments,
    columns: Sequence[Column],
    written: tuple[bytes, Write],
) -> AsyncGenerator[bytes, None]:
    """Yields all rows of the list at one moment."""
    head, write = written
    names = metrics_needed(columns)
    async with one_moment(pool) as connection:
        async for rows in all_executions(connection, scope, wanted.where, wanted.order):
            measured = {}
            if names != []:
                measured = await last_metrics(connection, [row["id"] for row in rows], names)
            cells = [
                [column.read(row, measured.get(row["id"], {})) for column in columns]
                for row in rows
            ]
            yield head + write(cells)
            head = b""
    if head:
        yield head


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()
