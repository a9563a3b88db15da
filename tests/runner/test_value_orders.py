"""Orders by value: the same as an oracle in plain Python, page by page, in both directions, with no row left out."""

import json
from decimal import Decimal
from math import isnan
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.access.viewer import Scope
from models.errors import Refused
from models.filters.filters import EVERYTHING, Field, Filter
from models.filters.words import NUMBER
from models.ids import new_id
from models.orders import TEXTS, ByValue, ExecutionOrder, SortDirection
from models.search import parse_search
from runner.store.lists import value_orders
from runner.store.lists.filter_rows import candidate
from runner.store.lists.listing import View, executions_page
from runner.store.lists.orders import KeysetPosition
from runner.store.lists.snapshot_reads import all_executions, one_moment
from runner.store.postgres.connection import Executes
from runner.store.postgres.database import Database
from runner.store.rows import ExecutionRow
from schema.types.paging import Paging, encode_cursor, execution_cursor, execution_view
from tests.runner.test_where import extras_of, rows, store

EVERYONE = Scope()
TESTS_TOO: Filter = parse_search("is:archived OR NOT is:archived OR is:test OR NOT is:test")
COLUMNS = {Field.LABEL: "labels", Field.PROPERTY: "properties", Field.INPUT: "inputs"}
KEYED = [*COLUMNS, Field.METRIC]
orders = st.builds(
    ByValue, st.sampled_from(KEYED), st.sampled_from(["lr", "team", 'a"b']), st.booleans()
) | st.builds(ByValue, st.sampled_from(list(TEXTS.values())), st.just(""), st.booleans())


def value_of(row: Any, extra: Any, order: ByValue) -> Any:
    if not order.key:
        parent = {"parent_id": row["id"]} if extra["child"] else {}
        return getattr(candidate(cast(ExecutionRow, {**row, **parent}), {}, {}), order.field)
    if order.field is not Field.METRIC:
        return json.loads(row[COLUMNS[order.field]]).get(order.key)
    last = extra["metrics"].get(order.key, [None])[-1]
    return None if last is None or isnan(last) else last


def place_of(value: Any, order: ByValue) -> tuple[int, Any]:
    """Returns the sort key: numbers first, under a key also as text; then text and booleans; then all other values."""
    if not order.key:
        return (2, 0) if value is None else (1, value.encode())
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return 0, Decimal(value)
    if isinstance(value, bool):
        return 1, str(value).lower().encode()
    if isinstance(value, int | float):
        return 0, Decimal(str(value))
    return (1, value[:200].encode()) if isinstance(value, str) else (2, 0)


def expected(stored: list[Any], extras: list[Any], order: ByValue) -> list[UUID]:
    found = [
        (*place_of(value_of(row, extra, order), order), row["id"])
        for row, extra in zip(stored, extras, strict=True)
    ]
    return [
        id
        for kind in (0, 1, 2)
        for *_, id in sorted(
            (one for one in found if one[0] == kind),
            key=lambda one: one[1:],
            reverse=order.descending,
        )
    ]


async def walked(connection: Executes, order: ByValue, size: int, backwards: bool) -> list[UUID]:
    """Reads page by page, each from the cursor of the last."""
    found: list[UUID] = []
    cursor = None
    while True:
        view = execution_view(Paging(size, cursor, backwards), order)
        page = await executions_page(connection, EVERYONE, TESTS_TOO, view)
        ids = [row["id"] for row in page.rows]
        found = [*ids, *found] if backwards else [*found, *ids]
        if not (page.has_previous if backwards else page.has_next):
            return found
        cursor = execution_cursor(order, page.rows[0] if backwards else page.rows[-1])


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), order=orders)
async def test_pages_equal_those_of_an_oracle(
    database_url: str, data: st.DataObject, order: ByValue
) -> None:
    stored = data.draw(st.lists(rows(), min_size=1, max_size=9))
    extras = data.draw(st.lists(extras_of, min_size=len(stored), max_size=len(stored)))
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await store(connection, stored, list(extras))
        ids = expected(stored, list(extras), order)
        for size in (1, 2, 200):
            assert await walked(connection, order, size, False) == ids
            assert await walked(connection, order, size, True) == ids
        paged = [
            row["id"]
            async for some in all_executions(connection, EVERYONE, TESTS_TOO, order)
            for row in some
        ]
        assert paged == ids
    finally:
        await transaction.rollback()
        await connection.close()


LOSS = ByValue(Field.METRIC, "loss", True)


async def make(database: Database, number: int) -> None:
    await database.pool.executemany(
        """insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at)
           values ($1, 'acme', $2, 'flow', 'x', 'SUCCESS', 1, 1, 'user:a', now())""",
        [(new_id(), f"f{n % 2}") for n in range(number)],
    )


async def test_more_than_can_be_sorted_are_refused_with_a_way_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_orders, "MOST", 10)
    await make(database, 20)
    for search in ("", "metric.loss>1", "has:notes OR flow:f0"):
        with pytest.raises(
            Refused, match=r"more than 10 executions .* narrow them down, as by flow:KEY"
        ) as refused:
            await executions_page(database.pool, EVERYONE, parse_search(search), View(5, LOSS))
        assert refused.value.problems[0].path == ("orderByValue",)
    page = await executions_page(database.pool, EVERYONE, parse_search("flow:f0"), View(50, LOSS))
    assert len(page.rows) == 10
    async with one_moment(database.pool) as connection:
        paged = [
            row
            async for some in all_executions(connection, EVERYONE, EVERYTHING, LOSS)
            for row in some
        ]
    assert len(paged) == 20


@pytest.mark.parametrize(
    "column",
    [
        "loss",
        "metric",
        "metric.",
        "duration",
        "output.x",
        "secret.x",
        "label.\0",
        "input.\ud800",
        "metric." + "x" * 301,
    ],
)
def test_no_other_column_is_ordered_by(column: str) -> None:
    with pytest.raises(
        Refused, match=r"name one of metric.KEY, property.KEY, input.KEY, label.KEY, name, "
    ) as refused:
        ByValue.of(column, SortDirection.ASC)
    assert refused.value.problems[0].path == ("orderByValue", "column")


async def test_a_foreign_cursor_is_refused(database: Database) -> None:
    await make(database, 2)
    page = await executions_page(database.pool, EVERYONE, EVERYTHING, View(1, LOSS))
    cursor = execution_cursor(LOSS, page.rows[0])
    assert execution_view(Paging(1, cursor, False), ByValue(Field.METRIC, "loss", False)).place
    others = (
        ByValue(Field.METRIC, "accuracy", True),
        ByValue(Field.LABEL, "loss", True),
        ExecutionOrder.CREATED_DESC,
    )
    for order in others:
        with pytest.raises(Refused, match=r"does not belong to this list"):
            execution_view(Paging(1, cursor, False), order)
    kind, id = f"exec.{value_orders.digest_of(LOSS)}", page.rows[0]["id"].hex
    for key in (
        "x",
        "n",
        "nx",
        "nnan",
        "n1;drop",
        "t\0",
        "7",
        "n1_0",
        "n 1",
        "n٣",
        "tabc",
        "n1e+400",
        "n1e-400",
        "n" + "9" * 3000,
    ):
        with pytest.raises(Refused, match=r"does not belong to this list"):
            execution_view(Paging(1, encode_cursor(kind, f"{id}:{key}"), False), LOSS)


async def test_a_value_in_a_cursor_is_never_more_than_it_was(database: Database) -> None:
    await make(database, 3)
    await database.pool.execute(
        "update executions set properties = jsonb_build_object('p', repeat('ä', 100000))"
    )
    order = ByValue(Field.PROPERTY, "p", False)
    page = await executions_page(database.pool, EVERYONE, EVERYTHING, View(1, order))
    assert page.rows[0]["sort_key"] == "t" + "ä" * 200
    place = KeysetPosition(page.rows[0]["id"], page.rows[0]["sort_key"])
    rest = await executions_page(database.pool, EVERYONE, EVERYTHING, View(5, order, place))
    assert len(rest.rows) == 2
