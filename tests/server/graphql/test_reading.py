"""Documents and their prices are computed once, outside the event loop, and counting ends at the limit."""

import asyncio
from collections.abc import Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, Node, OperationDefinitionNode, parse

from models.access.viewer import Viewer
from schema import build_schema
from schema.lists.bounds import priced_lists
from server.graphql.allowance import Allowance
from server.graphql.documents import Documents
from server.graphql.introspection import Introspection, is_only_introspection
from server.graphql.limits import selection_sets
from server.graphql.operations import Operations
from server.graphql.requests import Rejected, Request
from tests.server.graphql.clients import http_client, initialised
from tests.server.graphql.serving import Setting, serving
from tests.server.graphql.test_introspection import FLOODS, FULL

SCHEMA = build_schema()._schema
VIEWER = Viewer.holding("user:test", frozenset())
CHAIN = (
    "{ ...A0 } "
    + " ".join(
        f"fragment A{n} on Query {{ ...A{n + 1} ...A{n + 1} ...A{n + 1} }}" for n in range(60)
    )
    + " fragment A60 on Query { viewer { __typename } }"
)
SPREADS = (
    "{ ...A }"
    + "".join(f"fragment {a} on Query {{{f'...{b} ' * 20}}}" for a, b in ("AB", "BC", "CD", "DE"))
    + "fragment E on Query { __typename }"
)
ALIASES = " ".join(
    f"b{n}: fields(includeDeprecated: true) {{ type {{ name }} }}" for n in range(90)
)
MANY_TIMES = f"{{ __schema {{ types {{ {ALIASES} }} }} }}"


def operations(count: int = 1000, deadline: float = 10.0) -> Operations:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA), count=count)
    allowance = Allowance(deadline=deadline)
    return Operations(SCHEMA, lambda viewer: SimpleNamespace(), documents, allowance=allowance)


class Visits:
    """Counts the nodes that are visited in the selections of a document from now on."""

    def __init__(self, document: DocumentNode) -> None:
        self.nodes = 0
        visits = self

        class Counted(tuple[Node, ...]):
            def __iter__(self) -> Iterator[Node]:
                for node in super().__iter__():
                    visits.nodes += 1
                    yield node

        for each in list(selection_sets(document)):
            object.__setattr__(each, "selections", Counted(each.selections))  # nodes are frozen


def first_operation(document: DocumentNode) -> OperationDefinitionNode:
    return next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))


def test_fragments_that_spread_fragments_are_visited_once() -> None:
    document = parse(SPREADS)
    written = sum(len(each.selections) for each in selection_sets(document))
    visits = Visits(document)
    assert not is_only_introspection(document, first_operation(document))
    assert visits.nodes == written


def test_whether_an_operation_is_introspection_only_is_decided_once() -> None:
    document = Documents(SCHEMA).find(Request(FULL))
    assert document.node is not None
    visits, operation = Visits(document.node), document.operation(None)
    assert document.is_only_introspection(operation)
    once = visits.nodes
    assert once
    assert document.is_only_introspection(operation)
    assert visits.nodes == once


DEEP = "{ executions { nodes { " + "parent { " * 20 + "id" + " }" * 20 + " } } }"
COSTLY = "{ executions(first: 200) { nodes { children(first: 9000) { children(first: 9000) { id } } } } }"
REFUSED = {
    "nested": FLOODS["nested"],
    "with other fields": FLOODS["with other fields"],
    "the same under many aliases": MANY_TIMES,
    "too deep": DEEP,
    "lists of lists": COSTLY,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_is_kept_as_a_price_is(reason: str) -> None:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    document = documents.find(Request(REFUSED[reason]))
    assert document.node is not None
    visits, refusals, counts = Visits(document.node), [], []
    for _ in range(3):
        with pytest.raises(Rejected) as refused:
            document.price(documents.pricing, None, {})
        refusals.append(refused.value)
        counts.append(visits.nodes)
    assert counts[0]
    assert counts == [counts[0]] * 3
    assert len({str(one) for one in refusals}) == 1
    assert len({id(one) for one in refusals}) == 3, "each has its own traceback"


def test_a_refusal_is_kept_for_the_page_sizes_that_it_was_made_for() -> None:
    fields = "children(first: 10000) { a: id b: id c: id }"
    query = f"query ($n: Int) {{ executions(first: $n) {{ nodes {{ {fields} }} }} }}"
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    document = documents.find(Request(query))
    with pytest.raises(Rejected, match="is beyond"):
        document.price(documents.pricing, None, {"n": 200})
    small = document.price(documents.pricing, None, {"n": 1})
    assert small < documents.limits.cost
    with pytest.raises(Rejected, match="is beyond"):
        document.price(documents.pricing, None, {"n": 200})


@pytest.mark.parametrize("query", [FLOODS["nested"], FLOODS["aliases of it"], MANY_TIMES])
def test_counting_ends_at_the_limit(query: str) -> None:
    document, limit = parse(query), 1000
    (root,) = first_operation(document).selection_set.selections
    assert isinstance(root, FieldNode)
    visits = Visits(document)
    with pytest.raises(Rejected, match="at most 1000 fields"):
        Introspection(SCHEMA, {}, {}, limit).of(root)
    assert visits.nodes <= limit + 10


def hashed(query: str, *, is_whole: bool) -> Request:
    digest = sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    return Request(query if is_whole else None, extensions=extensions)


LONG = "{ " + " ".join(f"a{n}: viewer {{ actor {{ name }} }}" for n in range(90)) + " }"
READ_IN_THREAD = {
    "long": Request(LONG),
    "long, with its hash": hashed(LONG, is_whole=True),
    "long, by its hash, forgotten": hashed(LONG, is_whole=False),
    "short, of fragments": Request(SPREADS),
    "about the schema": Request(FULL),
    "too costly about the schema": Request(MANY_TIMES),
    "too costly": Request(CHAIN),
}


async def turns_during(work: "asyncio.Future[Any]") -> int:
    """Returns the turns of other tasks in the event loop until the work is done."""
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


@pytest.mark.parametrize("kind", READ_IN_THREAD)
async def test_large_documents_are_read_and_priced_outside_the_event_loop(kind: str) -> None:
    served = operations(count=1)
    # The hash of the last text is cached, its document is not.
    await served.admit(hashed(LONG, is_whole=True), VIEWER)
    await served.admit(Request("{ __typename }"), VIEWER)
    work = asyncio.ensure_future(served.admit(READ_IN_THREAD[kind], VIEWER))
    turns = await turns_during(work)
    assert (work.exception() is not None) == kind.startswith("too costly")
    # It takes one or two turns if no others get any.
    assert turns > 5


@pytest.mark.parametrize("query", [FULL, MANY_TIMES])
async def test_a_known_document_with_an_unknown_price_is_priced_outside_the_event_loop(
    query: str,
) -> None:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    served = Operations(SCHEMA, lambda viewer: SimpleNamespace(), documents)
    documents.find(Request(query))
    work = asyncio.ensure_future(served.admit(Request(query), VIEWER))
    turns = await turns_during(work)
    work.exception()
    assert turns > 5


@pytest.mark.parametrize("kind", READ_IN_THREAD)
async def test_known_documents_are_admitted_at_once(kind: str) -> None:
    served = operations()
    request = hashed(LONG, is_whole=True)
    for each in (request, READ_IN_THREAD[kind], READ_IN_THREAD[kind]):
        work = asyncio.ensure_future(served.admit(each, VIEWER))
        turns = await turns_during(work)
        work.exception()
    assert turns <= 3


async def test_reading_ends_at_the_deadline() -> None:
    with pytest.raises(Rejected, match="operation_deadline") as refused:
        await operations(deadline=0.001).admit(Request(CHAIN), VIEWER)
    assert refused.value.status == 503
    assert refused.value.errors[0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_every_transport_says_that_reading_took_too_long() -> None:
    setting = Setting(allowance=Allowance(deadline=0.001))
    query = CHAIN.replace("viewer { __typename }", "hello")
    async with serving(setting) as server, http_client(server) as http, initialised(server) as raw:
        responses = [
            await http.post(path, json={"query": f"{query} # {path}"})
            for path in ("/graphql", "/graphql/stream")
        ]
        await raw.subscribe(query)
        message = await raw.hear()
    assert [response.status_code for response in responses] == [503, 503]
    assert all("operation_deadline" in response.text for response in responses)
    assert all(int(response.headers["retry-after"]) > 0 for response in responses)
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
