"""Introspection is priced correctly, one tree for each document; answers are cached and computed outside the event
loop."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from graphql import execute_sync, get_introspection_query, parse

from models.access.viewer import Viewer
from schema import build_schema
from schema.lists.bounds import priced_lists
from server.graphql.allowance import Allowance
from server.graphql.documents import Documents
from server.graphql.operations import Operations
from server.graphql.requests import Rejected, Request

SCHEMA = build_schema()._schema
VIEWER = Viewer.holding("user:test", frozenset())
OTHER = Viewer.holding("user:other", frozenset())
FULL = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
CLIENTS = {
    "graphql-core, all of it": FULL,
    "graphql-core, as it comes": get_introspection_query(),
    "Apollo": "query IntrospectionQuery { __schema { __typename types { kind name possibleTypes { name } } } }",
    "one type": '{ __type(name: "Execution") { fields { name args { name type { name ofType { name } } } } } }',
    "of a variable": None,
    "names": "{ __schema { types { name fields { name type { name } } } } }",
}
BY_VARIABLE = "query ($name: String!) { __type(name: $name) { fields { name } } }"
NESTED = "{ __schema { types { fields { type { fields { type { name %s } } } } } } }"


def operations(allowance: Allowance | None = None) -> Operations:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    return Operations(SCHEMA, lambda viewer: SimpleNamespace(), documents, allowance=allowance)


def fields_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from fields_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from fields_in(part)


@pytest.mark.parametrize("client", CLIENTS)
async def test_queries_of_clients_pass_at_their_true_price(client: str) -> None:
    query = CLIENTS[client] or BY_VARIABLE
    variables = {} if CLIENTS[client] else {"name": "Query"}
    served = operations()
    prepared = served.prepare(Request(query, None, variables))
    answer = await served.execute(prepared, VIEWER)
    assert answer.errors == ()
    found = orjson.loads(answer.body)["data"]
    assert prepared.price == len(list(fields_in(found)))
    assert found == execute_sync(SCHEMA, parse(query), variable_values=variables).data


async def test_the_name_in_a_variable_has_its_own_price_and_answer() -> None:
    served = operations()
    answers = []
    for name in ("Query", "PageInfo", "Nothing", "Query"):
        prepared = served.prepare(Request(BY_VARIABLE, None, {"name": name}))
        answers.append((prepared.price, (await served.execute(prepared, VIEWER)).body))
    assert answers[0] == answers[3]
    assert len(set(answers)) == 3


FLOODS = {
    "nested": NESTED % " ".join(f"n{number}: name" for number in range(90)),
    "fields of fields": NESTED % "fields { name }",
    "many trees": "{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(2)) + "}",
    "trees of two kinds": '{ __schema { types { name } } __type(name: "Query") { name } }',
    "in a fragment": "{ ...A a: __schema { types { name } } } fragment A on Query { __schema { types { name } } }",
    "with other fields": FULL.replace("__schema", "viewer { actor { name } } __schema", 1),
    "aliases of it": "{ __schema { types { fields { "
    + " ".join(f"t{n}: type {{ kind name description }}" for n in range(50))
    + " } } } }",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_refused_before_anything_is_executed(flood: str) -> None:
    with pytest.raises(Rejected) as refused:
        operations().prepare(Request(FLOODS[flood]))
    codes = [error["extensions"]["code"] for error in refused.value.errors]
    # The library has rules for some of them.
    assert codes in (["TOO_COSTLY"], ["GRAPHQL_VALIDATION_FAILED"])


def test_a_little_introspection_is_allowed_with_other_fields() -> None:
    query = '{ viewer { actor { name } } __type(name: "PageInfo") { fields { name } } }'
    assert operations().prepare(Request(query)).price < 20


async def test_an_answer_is_made_once() -> None:
    served = operations()
    first = await served.execute(served.prepare(Request(FULL)), VIEWER)
    again = await served.execute(served.prepare(Request(FULL.replace("\n", " "))), VIEWER)
    assert again.body is first.body


async def test_an_answer_to_concurrent_equal_requests_is_made_once() -> None:
    served = operations()
    prepared = served.prepare(Request(FULL))
    answers = await asyncio.gather(*(served.execute(prepared, one) for one in (VIEWER, OTHER)))
    assert answers[0].body is answers[1].body


async def test_the_event_loop_continues_meanwhile() -> None:
    served = operations()
    prepared = served.prepare(Request(FULL))
    work = asyncio.ensure_future(served.execute(prepared, VIEWER))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    # It takes one turn if no others get any.
    assert turns > 5


async def test_variables_that_the_document_does_not_declare_change_nothing() -> None:
    served = operations()
    bodies = [
        (await served.execute(served.prepare(Request(FULL, None, {"x": number})), VIEWER)).body
        for number in range(2)
    ]
    assert bodies[0] is bodies[1]


def different(number: int) -> Request:
    return Request(FULL.replace("IntrospectionQuery", f"Number{number}"))


@pytest.mark.parametrize("is_kept", [True, False])
async def test_no_user_waits_for_the_flood_of_another(is_kept: bool) -> None:
    served = operations()
    mine = served.prepare(Request(CLIENTS["names"]))
    if is_kept:
        await served.execute(mine, OTHER)
    flood = [
        asyncio.ensure_future(served.execute(served.prepare(different(number)), VIEWER))
        for number in range(5)
    ]
    await asyncio.sleep(0)
    answer = await served.execute(mine, OTHER)
    under_way = [work.done() for work in flood].count(False)
    await asyncio.gather(*flood)
    assert answer.errors == ()
    assert under_way >= (5 if is_kept else 3)


async def test_introspection_ends_at_the_deadline() -> None:
    served = operations(Allowance(deadline=0.001))
    answer = await served.execute(served.prepare(Request(FULL)), VIEWER)
    assert [error["extensions"]["code"] for error in answer.errors] == ["DEADLINE_EXCEEDED"]


async def test_no_more_of_one_user_wait_than_may() -> None:
    served = operations(Allowance(waiting=1))
    answers = await asyncio.gather(
        *(served.execute(served.prepare(different(number)), VIEWER) for number in range(4))
    )
    assert [answer.retry_after is not None for answer in answers] == [False, False, True, True]


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_oversized_answer_is_reported(client: str) -> None:
    query = CLIENTS[client] or BY_VARIABLE
    request = Request(query, None, {} if CLIENTS[client] else {"name": "Query"})
    usual = operations()
    size = len((await usual.execute(usual.prepare(request), VIEWER)).body)
    for limit in (10, size // 2, size - 1):
        hasty = operations(Allowance(answer=limit))
        answer = await hasty.execute(hasty.prepare(request), VIEWER)
        assert [error["extensions"]["code"] for error in answer.errors] == ["ANSWER_TOO_LARGE"]
        assert f"larger than {limit} bytes (max_answer_size)" in answer.errors[0]["message"]
    ample = operations(Allowance(answer=size))
    assert (await ample.execute(ample.prepare(request), VIEWER)).errors == ()
