"""The size of an answer is counted while it grows, however its values are read."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry

from models.access.viewer import Viewer
from models.states import Channel
from server.graphql.allowance import Allowance
from server.graphql.answers import Answer
from server.graphql.budget import Budget
from server.graphql.operations import Operations
from server.graphql.requests import Request

VIEWER = Viewer.holding("user:test", frozenset(), channel=Channel.API)
LONG = "x" * 1000
READ: list[int] = []
"""The numbers of the objects that were read."""


@strawberry.type
class Inner:
    text: str


@strawberry.type
class Row:
    number: int
    text: str
    inner: Inner
    inners: list[Inner]
    data: strawberry.scalars.JSON
    words: list[str]

    @strawberry.field
    async def later(self) -> str:
        READ.append(self.number)
        return LONG


class Watched(Row):
    """Records when its text is read."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.inner = Inner(text=LONG)
        self.inners = [Inner(text=LONG), Inner(text=LONG)]
        self.data = {"é": [LONG, 1, None]}  # type: ignore[assignment]
        self.words = [LONG, "é" * 10]

    @property
    def text(self) -> str:  # type: ignore[override]
        READ.append(self.number)
        return LONG


def rows(count: int) -> Any:
    return [Watched(number) for number in range(count)]


@strawberry.type
class Query:
    @strawberry.field
    def rows(self, count: int) -> list[Row]:
        found: list[Row] = rows(count)
        return found

    @strawberry.field
    def maybe(self, count: int) -> list[Row | None]:
        found: list[Row | None] = rows(count)
        return found

    @strawberry.field
    def text(self, size: int) -> str | None:
        READ.append(size)
        return "x" * size


@strawberry.type
class Mutation:
    @strawberry.mutation
    def work(self, size: int) -> str:
        READ.append(size)
        return "x" * size


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def texts(self, sizes: list[int]) -> AsyncIterator[str]:
        for size in sizes:
            yield "x" * size


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)._schema

WAYS = {
    "plain fields": "{ rows(count: %d) { number text } }",
    "an object in each": "{ rows(count: %d) { text inner { text } } }",
    "a list in each": "{ rows(count: %d) { text inners { text } } }",
    "JSON": "{ rows(count: %d) { text data } }",
    "words": "{ rows(count: %d) { text words } }",
    "a resolver": "{ rows(count: %d) { text later } }",
    "only a resolver": "{ rows(count: %d) { later } }",
    "nullable objects": "{ maybe(count: %d) { number text } }",
}


def operations(limit: int) -> Operations:
    return Operations(SCHEMA, lambda viewer: SimpleNamespace(), allowance=Allowance(answer=limit))


async def post(text: str, limit: int) -> Answer:
    READ.clear()
    limited = operations(limit)
    return await limited.execute(limited.prepare(Request(text)), VIEWER)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [400, 4000])
async def test_an_answer_that_gets_too_large_is_given_up_while_it_grows(
    way: str, count: int
) -> None:
    answer = await post(WAYS[way] % count, 50_000)
    assert [error["extensions"]["code"] for error in answer.errors] == ["ANSWER_TOO_LARGE"]
    assert b'"data":null' in answer.body
    assert "50000 bytes (max_answer_size)" in answer.errors[0]["message"]
    # The objects that fit. Resolvers that wait are all started before the first of them answers.
    assert len(set(READ)) < 60 or way == "only a resolver"


@pytest.mark.parametrize("way", WAYS)
async def test_answers_within_the_limit_are_sent_and_their_counted_size_is_accurate(
    way: str,
) -> None:
    free = await post(WAYS[way] % 30, 10**9)
    assert free.errors == ()
    assert (await post(WAYS[way] % 30, len(free.body))).body == free.body
    refused = await post(WAYS[way] % 30, len(free.body) - 1)
    assert refused.errors[0]["extensions"]["code"] == "ANSWER_TOO_LARGE"


async def test_a_field_of_many_names_counts_each_time() -> None:
    aliases = " ".join(f"a{number}: text(size: 10000)" for number in range(90))
    answer = await post(f"{{ {aliases} }}", 100_000)
    assert [error["extensions"]["code"] for error in answer.errors] == ["ANSWER_TOO_LARGE"]
    assert len(READ) == 11


async def test_a_mutation_returns_what_was_done() -> None:
    answer = await post("mutation { a: work(size: 50) b: work(size: 5000) c: work(size: 6) }", 2000)
    assert READ == [50, 5000]
    assert answer.errors[0]["extensions"]["code"] == "ANSWER_TOO_LARGE"
    assert "those after it in the document were not" in answer.errors[0]["message"]


async def test_each_message_of_a_subscription_has_its_own_size() -> None:
    limited = operations(2000)
    prepared = limited.prepare(Request("subscription { texts(sizes: [1500, 3000, 1500]) }"))
    bodies = [delivery.body async for delivery in limited.subscribe(prepared, VIEWER)]
    assert [b"ANSWER_TOO_LARGE" in body for body in bodies] == [False, True, False]


def test_a_budget_stops_once_and_stays_exceeded() -> None:
    stopped: list[int] = []
    budget = Budget(10)
    budget.stop = lambda: stopped.append(budget.left)
    budget.take(10)
    for _ in range(2):
        with pytest.raises(Exception, match=r"^$"):
            budget.take(1)
    assert (stopped, budget.exceeded) == ([-1], True)
