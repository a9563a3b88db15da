"""Pages of executions: every order in both directions, complete and without duplicates; counts and facets."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Scope
from models.errors import Refused
from models.filters.filters import EVERYTHING, Filter
from models.ids import new_id
from models.orders import ExecutionOrder
from models.search import parse_search
from runner.store.flows.flows import namespaces
from runner.store.lists.facets import FacetField, FacetWish, facets
from runner.store.lists.listing import View, count_executions, executions_page
from runner.store.lists.orders import KeysetPosition, check_place
from runner.store.lists.words import wanted_words
from runner.store.postgres.database import Database
from schema.types.paging import Paging, execution_cursor, execution_view

EVERYONE = Scope()
BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
COUNT = 300


@pytest.fixture
async def history(database: Database) -> list[UUID]:
    """A history of which a tenth has not ended, half of these not started, and some ended without a start."""
    path = Path(__file__).parents[2] / "bench" / "seed.py"
    spec = importlib.util.spec_from_file_location("seed", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with database.pool.acquire() as connection:
        ids: list[UUID] = await module.seed(connection, COUNT, metrics=3)
        for number, id in enumerate(ids):
            if number % 10 == 0:
                await connection.execute(
                    "update executions set state = 'RUNNING', ended_at = null, failure = null, progress = $2 "
                    "where id = $1",
                    id, number / 1000,
                )  # fmt: skip
            if number % 20 in (0, 1):
                await connection.execute(
                    "update executions set started_at = null where id = $1", id
                )
            if number % 3 == 0:
                await connection.execute(
                    "update executions set ended_at = started_at + interval '1 minute' "
                    "where id = $1 and ended_at is not null and started_at is not null",
                    id,
                )
    return ids


async def walk(
    database: Database, where: Filter, order: ExecutionOrder, size: int, backwards: bool
) -> list[Any]:
    found: list[Any] = []
    place = None
    while True:
        view = View(size, order, place, backwards)
        page = await executions_page(database.pool, EVERYONE, where, view)
        found = [*page.rows, *found] if backwards else [*found, *page.rows]
        assert (page.has_previous if not backwards else page.has_next) == (place is not None)
        if not (page.has_previous if backwards else page.has_next):
            return found
        edge = page.rows[0] if backwards else page.rows[-1]
        place = KeysetPosition(edge["id"], edge["sort_key"])


@pytest.mark.parametrize(
    "search", ["", "state:failed OR is:running", "flow-1", "label.team:data warehouse"]
)
async def test_every_order_is_paged_both_ways(
    database: Database, history: list[UUID], search: str
) -> None:
    where = parse_search(search)
    for order in ExecutionOrder:
        rows = await walk(database, where, order, 200, False)
        ids = [row["id"] for row in rows]
        assert (
            len(set(ids)) == len(ids) == (await count_executions(database.pool, EVERYONE, where))[0]
        )
        assert [row["id"] for row in await walk(database, where, order, 37, False)] == ids
        assert [row["id"] for row in await walk(database, where, order, 41, True)] == ids
        if order.descending:
            reverse = ExecutionOrder(order.value.replace("DESC", "ASC"))
            turned = await walk(database, where, reverse, 200, False)
            assert [row["id"] for row in turned] == ids[::-1]


async def test_orders_sort_correctly(database: Database, history: list[UUID]) -> None:
    async def first(order: ExecutionOrder, key: str) -> list[Any]:
        rows = await walk(database, EVERYTHING, order, 200, False)
        return [row[key] for row in rows]

    started = await first(ExecutionOrder.STARTED_ASC, "started_at")
    known = [moment for moment in started if moment]
    assert started == sorted(known) + [None] * (len(started) - len(known))
    ended = await first(ExecutionOrder.ENDED_DESC, "ended_at")
    known = [moment for moment in ended if moment]
    assert ended == [None] * (len(ended) - len(known)) + sorted(known, reverse=True)
    progress = await first(ExecutionOrder.PROGRESS_ASC, "progress")
    assert progress == sorted(progress)
    flows = await first(ExecutionOrder.FLOW_DESC, "flow_key")
    assert flows == sorted(flows, reverse=True)
    rows = await walk(database, EVERYTHING, ExecutionOrder.DURATION_DESC, 200, False)
    running = [row for row in rows if row["started_at"] and not row["ended_at"]]
    assert rows[: len(running)] == sorted(running, key=lambda row: row["started_at"])


async def test_a_foreign_cursor_is_refused_with_words(
    database: Database, history: list[UUID]
) -> None:
    by_start = ExecutionOrder.STARTED_DESC
    page = await executions_page(database.pool, EVERYONE, EVERYTHING, View(1, by_start))
    cursor = execution_cursor(by_start, page.rows[0])
    assert execution_view(Paging(1, cursor, False), ExecutionOrder.STARTED_ASC).place
    for order in (ExecutionOrder.CREATED_DESC, ExecutionOrder.ENDED_ASC):
        with pytest.raises(Refused, match=r"does not belong to this list"):
            execution_view(Paging(1, cursor, False), order)
    for key in ("", "yesterday", "nan", "2026-01-01", "1;drop"):
        for order in (by_start, ExecutionOrder.DURATION_ASC):
            with pytest.raises(Refused, match=f"not of a list in the order {order.value}"):
                check_place(order, KeysetPosition(new_id(), key))


async def test_the_scope_holds_everywhere(database: Database, history: list[UUID]) -> None:
    beta = Scope(("beta",))
    page = await executions_page(database.pool, beta, parse_search("flow-3"), View(200))
    assert page.rows and {row["namespace"] for row in page.rows} == {"beta"}
    assert await count_executions(database.pool, Scope(()), EVERYTHING) == (0, True)
    found = await facets(database.pool, beta, EVERYTHING, FacetWish(FacetField.NAMESPACE, 10))
    assert [one.value for one in found] == ["beta"]


async def test_facets_count_matching_executions(database: Database, history: list[UUID]) -> None:
    for search in ("", "state:failed", "warehouse"):
        where = parse_search(search)
        rows = await walk(database, where, ExecutionOrder.CREATED_DESC, 200, False)
        for field, column in ((FacetField.STATE, "state"), (FacetField.FLOW, "flow_key")):
            found = await facets(database.pool, EVERYONE, where, FacetWish(field, 100))
            counted = {one.value: one.count for one in found}
            values = [row[column] for row in rows]
            assert counted == {value: values.count(value) for value in set(values)}
            assert all(one.exact for one in found)
    labels = await facets(database.pool, EVERYONE, EVERYTHING, FacetWish(FacetField.LABEL, 3))
    assert labels[0].key == "env" and labels[0].value == "prod"
    keys = await facets(database.pool, EVERYONE, EVERYTHING, FacetWish(FacetField.LABEL_KEY, 100))
    assert {one.value for one in keys} >= {"team", "env", "customer"}


def test_the_index_is_searched_for_required_words() -> None:
    found = wanted_words(parse_search('state:failed "disk is full" x'))
    assert found and found.words == ["disk", "is", "full"] and not found.exact
    assert wanted_words(parse_search("a OR b")) is None
    assert wanted_words(parse_search("NOT a")) is None


@pytest.mark.parametrize(
    ("search", "exact"),
    [("Warehouse", True), ("flow-3", False), ('"a b"', False), ("é", True), ("q" * 100, False)],
)
def test_the_index_answers_one_word_alone(search: str, exact: bool) -> None:
    found = wanted_words(parse_search(search))
    assert found and found.exact is exact


async def test_a_frequent_word_is_distinguished_from_a_rare_one(
    database: Database, history: list[UUID]
) -> None:
    await database.pool.execute("analyze executions")
    frequent = wanted_words(parse_search("wareh"))
    rare = wanted_words(parse_search("nowhere"))
    assert frequent and rare
    assert await frequent.are_frequent(database.pool)
    assert not await rare.are_frequent(database.pool)


async def test_a_long_word_of_an_error_can_be_stored_and_found(database: Database) -> None:
    word = "Q" * 9000
    await database.pool.execute(
        """insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at,
             ended_at, failure)
           values ($1, 'a', 'b', 'flow', 'c', 'FAILED', 1, 1, 'user:a', now(), now(),
                   jsonb_build_object('message', $2::text))""",
        new_id(),
        f"decoding {word} failed",
    )
    for wanted, number in (("qqqq", 1), (word[:150], 1), ("failed", 0), ("ecoding", 0)):
        where = parse_search(wanted)
        assert (await count_executions(database.pool, EVERYONE, where))[0] == number
        page = await executions_page(database.pool, EVERYONE, where, View(5))
        assert len(page.rows) == number


async def test_no_statement_is_built_from_text(database: Database) -> None:
    for text in ("'; drop table executions; --", "a' | !b", "\\", "':*", "(((", "%_"):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        where = parse_search(f'"{quoted}"')
        assert await count_executions(database.pool, EVERYONE, where) == (0, True)
        await executions_page(database.pool, EVERYONE, where, View(5))


async def test_menus_find_values_of_the_oldest_executions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting reads the newest executions only; values in none of these are still found, and hidden ones are not."""
    monkeypatch.setattr("runner.store.lists.facets.COUNT_LIMIT", 20)
    old = [("beta", f"rare-{n:03}", "train" if n else "Special") for n in range(260)]
    places = [*old, *[("acme", "etl", "flow")] * 30, *[("acmes", "hidden", "secret")] * 30]
    await database.pool.copy_records_to_table(
        "executions",
        columns=["id", "namespace", "flow_key", "kind", "name", "state", "seq", "state_seq", "created_by",
                 "created_at"],
        records=[(UUID(int=n + 1), *place, "x", "SUCCESS", 1, 1, "user:a", BEGIN) for n, place in enumerate(places)],
    )  # fmt: skip

    async def found(
        wish: FacetWish, search: str = "", scope: Scope = EVERYONE
    ) -> dict[str, tuple[int, bool]]:
        values = await facets(database.pool, scope, parse_search(search), wish)
        return {one.value: (one.count, one.exact) for one in values}  # fmt: skip

    assert await found(FacetWish(FacetField.NAMESPACE)) == {
        "acmes": (20 + 1, False), "acme": (30, True), "beta": (100, False),
    }  # fmt: skip
    assert len(await found(FacetWish(FacetField.FLOW, 200))) == 200
    assert await found(FacetWish(FacetField.FLOW, 50, "E-259")) == {"rare-259": (1, True)}
    assert await found(FacetWish(FacetField.FLOW, 5, "RARE")) == {
        f"rare-{n:03}": (1, True) for n in range(5)
    }
    assert await found(FacetWish(FacetField.KIND, 50, "spec")) == {"Special": (1, True)}
    assert await found(FacetWish(FacetField.KIND), "flow:rare-000") == {"Special": (1, True)}
    acme = Scope(("acme",))
    for field, value in (
        (FacetField.NAMESPACE, "acme"),
        (FacetField.FLOW, "etl"),
        (FacetField.KIND, "flow"),
    ):
        assert list(await found(FacetWish(field), scope=acme)) == [value]
        assert await found(FacetWish(field, 50, "s"), scope=Scope(("acm",))) == {}
    assert [row["namespace"] for row in await namespaces(database.pool, acme, acme)] == ["acme"]
    every = await namespaces(database.pool, EVERYONE, EVERYONE)
    assert [(row["namespace"], row["flows"]) for row in every] == [
        ("acme", 0),
        ("acmes", 0),
        ("beta", 0),
    ]
    assert await namespaces(database.pool, EVERYONE, Scope(())) == []
