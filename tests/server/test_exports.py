"""Tables of executions: complete, from one moment, with a few of tens of thousands of rows in memory."""

import csv
import importlib.util
import io
import tracemalloc
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.access.viewer import Scope
from models.errors import Refused, Unavailable
from models.filters.filters import EVERYTHING
from models.ids import new_id, typed
from models.orders import ExecutionOrder
from runner.store.lists.listing import View, executions_page
from runner.store.lists.snapshot_reads import CHUNK
from runner.store.postgres.database import Database
from schema.lists.arguments import ListArguments, wanted_executions
from schema.lists.columns import NAMES, columns_of
from server.exports.downloads import Download, DownloadSlots
from server.exports.tables import csv_writer, json_writer, table

EVERYONE = Scope()
ALL = ListArguments(EVERYTHING, ExecutionOrder.CREATED_DESC)


async def seed(connection: Any, count: int, metrics: int = 0) -> list[UUID]:
    path = Path(__file__).parents[2] / "bench" / "seed.py"
    spec = importlib.util.spec_from_file_location("seed", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ids: list[UUID] = await module.seed(connection, count, metrics=metrics)
    return ids


async def seeded(database: Database, count: int, metrics: int = 0) -> list[UUID]:
    async with database.pool.acquire() as connection:
        return await seed(connection, count, metrics)


def csv_of(database: Database, wanted: ListArguments, *columns: str) -> AsyncGenerator[bytes, None]:
    chosen = columns_of(columns)
    return table(database.pool, EVERYONE, wanted, chosen, csv_writer(chosen))


async def read_csv(database: Database, wanted: ListArguments, *columns: str) -> list[list[str]]:
    text = b"".join([piece async for piece in csv_of(database, wanted, *columns)]).decode()
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


async def test_tens_of_thousands_pass_through_little_memory(database: Database) -> None:
    ids = await seeded(database, 30_000)
    columns = columns_of(["id,labels,properties,inputs"])
    pieces = table(database.pool, EVERYONE, ALL, columns, json_writer(columns))
    count, size, largest, last = 0, 0, 0, b""
    tracemalloc.start()
    try:
        async for piece in pieces:
            count += piece.count(b"\n")
            size, largest = size + len(piece), max(largest, len(piece))
            last = piece
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert orjson.loads(last.splitlines()[-1])["id"] == typed("exec", ids[0])
    assert size > 12_000_000
    assert largest < 200_000
    assert peak < 4_000_000


async def test_rows_that_are_not_read_are_not_produced(database: Database) -> None:
    await seeded(database, 5 * CHUNK)
    pulled = 0

    async def counted() -> AsyncGenerator[bytes, None]:
        nonlocal pulled
        async for piece in csv_of(database, ALL, "id"):
            pulled += 1
            yield piece

    sent: list[tuple[int, int]] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            sent.append((len(sent) + 1, pulled))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    download = await Download.of(counted(), "text/csv", "x.csv")
    await download({"type": "http", "method": "GET", "headers": []}, receive, send)
    assert sent == [(number, number) for number in range(1, 6)]


async def test_a_disconnected_client_frees_the_connection(database: Database) -> None:
    await seeded(database, 3 * CHUNK)
    slots, sent = DownloadSlots(1), []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    download = await Download.of(
        slots.taken(csv_of(database, ALL, "id"), "user:a"), "text/csv", "x.csv"
    )
    other = slots.taken(csv_of(database, ALL, "id"), "user:b")
    with pytest.raises(Unavailable, match="1 exports are running"):
        await anext(other)
    assert database.pool.get_size() - database.pool.get_idle_size() == 1
    await download({"type": "http", "method": "GET", "headers": []}, receive, send)
    assert [len(message.get("body", b"")) > 0 for message in sent] == [False, True, False]
    assert database.pool.get_size() == database.pool.get_idle_size()
    assert [piece async for piece in slots.taken(csv_of(database, ALL, "id"), "user:a")]


@pytest.mark.parametrize("order", list(ExecutionOrder))
async def test_every_order_is_that_of_the_list(database: Database, order: ExecutionOrder) -> None:
    await seeded(database, 2 * CHUNK + 7)
    page = await executions_page(database.pool, EVERYONE, EVERYTHING, View(10_000, order))
    header, *rows = await read_csv(database, ListArguments(EVERYTHING, order), "id")
    assert header == ["id"]
    assert [row[0] for row in rows] == [typed("exec", row["id"]) for row in page.rows]
    assert len(rows) == 2 * CHUNK + 7


@pytest.mark.parametrize(
    ("where", "search"),
    [
        (None, "state:failed"),
        (None, "metric:metric-0>0.5 OR label.team:data"),
        ({"flow": {"prefix": "flow-1"}, "hasError": True}, None),
        ({"not": {"state": {"eq": "SUCCESS"}}}, "space"),
        (None, "is:archived"),
        ({"id": []}, None),
    ],
)
async def test_a_filter_finds_what_the_list_finds(
    database: Database, where: Any, search: str | None
) -> None:
    await seeded(database, 2_000, metrics=2)
    for order in ("CREATED_ASC", "DURATION_DESC"):
        wanted = wanted_executions(where, search, order)
        page = await executions_page(
            database.pool, EVERYONE, wanted.where, View(10_000, wanted.order)
        )
        _, *rows = await read_csv(database, wanted, "id")
        assert [row[0] for row in rows] == [typed("exec", row["id"]) for row in page.rows]


async def test_changes_during_an_export_are_not_in_it(database: Database) -> None:
    ids = await seeded(database, 2 * CHUNK)
    pieces = csv_of(database, ALL, "id,name")
    first = await anext(pieces)
    await database.pool.execute(
        "update executions set name = 'changed', archived = id = $1", ids[0]
    )
    rest = b"".join([piece async for piece in pieces])
    assert (first + rest).count(b"\n") == 2 * CHUNK + 1
    assert b"changed" not in rest


async def test_a_scope_holds(database: Database) -> None:
    await seeded(database, 200)
    columns = columns_of(["namespace"])
    rows = b"".join(
        [p async for p in table(database.pool, Scope(("acme.data",)), ALL, columns, csv_writer(columns))]
    ).split(b"\r\n")  # fmt: skip
    everyone = await read_csv(database, ALL, "namespace")
    mine = [one for (one,) in everyone if one == "acme.data" or one.startswith("acme.data.")]
    assert [row.decode() for row in rows[1:-1]] == mine
    assert len(mine) < len(everyone) - 1


FORMULAS = {
    "equal": '=HYPERLINK("http://x";"y")',
    "plus": "+1",
    "minus": "-1",
    "at": "@SUM(A1)",
    "tab": "\t=1",
    "return": "\r=1",
    "quotes": 'a "b", c\nd',
    "plain": "a=b",
    "unicode": "Grüße 東京 🚀",
    "number": -1.5,
    "whole": 10**17,
    "truth": True,
    "none": None,
    "list": ["=1", {"a": "@"}],
}


async def test_cells_cannot_be_formulas_and_quotes_come_back(database: Database) -> None:
    (id,) = await seeded(database, 1)
    await database.pool.execute(
        "update executions set name = '=1+1', properties = $2, labels = '{\"=k\": \"=v\"}' where id = $1",
        id, orjson.dumps(FORMULAS).decode(),
    )  # fmt: skip
    await database.pool.executemany(
        "insert into metrics (execution_id, id, name, value, kind, at) values ($1, $2, 'loss', $3, 'gauge', $4)",
        [
            (id, new_id(), value, moment)
            for value, moment in (
                (-0.5, datetime(2026, 1, 1, 0, 2, tzinfo=UTC)),
                (9.0, datetime(2026, 1, 1, 0, 1, tzinfo=UTC)),
            )
        ],
    )
    keys = [f"property.{key}" for key in FORMULAS]
    header, row = await read_csv(
        database, ALL, "name", *keys, "label.=k", "label.none", "metric.loss", "metrics", "labels"
    )
    assert header == ["name", *keys, "label.=k", "label.none", "metric.loss", "metrics", "labels"]
    expected = [
        "'=1+1",
        "'" + FORMULAS["equal"],  # type: ignore[operator]
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\t=1",
        "'\r=1",
        FORMULAS["quotes"],
        "a=b",
        "Grüße 東京 🚀",
        "-1.5",
        "100000000000000000",
        "true",
        "",
        '["=1",{"a":"@"}]',
        "'=v",
        "",
        "-0.5",
        '{"loss":-0.5}',
        '{"=k":"=v"}',
    ]
    assert row == expected


async def test_every_column_has_a_value_and_an_empty_table_a_head(database: Database) -> None:
    assert await read_csv(database, ALL, "id,name") == [["id", "name"]]
    await seeded(database, 3, metrics=1)
    columns = columns_of([",".join(NAMES)])
    lines = b"".join(
        [p async for p in table(database.pool, EVERYONE, ALL, columns, json_writer(columns))]
    ).splitlines()
    rows = [orjson.loads(line) for line in lines]
    assert [list(row) for row in rows] == [list(NAMES)] * 3
    assert len(rows[0]["labels"]) == 10 and len(rows[0]["metrics"]) == 1
    assert rows[0]["createdAt"].endswith("Z")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("id,nam", "there is no column 'nam'; available columns: id, name, namespace"),
        ("label.", "there is no column 'label.'"),
        ("metric", "there is no column 'metric'"),
        ("id,name,id", "the column id is listed twice; list it once"),
        (",".join(f"label.{n}" for n in range(201)), "a table has at most 200 columns"),
    ],
)
def test_a_column_that_is_not_there_is_refused(given: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        columns_of([given])


def test_a_key_may_hold_a_comma() -> None:
    found = columns_of(['id,"label.a,b"', "property.c"])
    assert [column.name for column in found] == ["id", "label.a,b", "property.c"]


async def test_an_unreachable_database_is_reported(database: Database) -> None:
    await database.pool.close()
    with pytest.raises(Unavailable, match="the database cannot be reached now"):
        await Download.of(csv_of(database, ALL, "id"), "text/csv", "x.csv")
