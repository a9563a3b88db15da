"""The cache of documents and its refusals."""

import gc
import tracemalloc

import pytest

from server.graphql.documents import Documents
from server.graphql.lru_cache import LruCache
from server.graphql.requests import Rejected, Request
from tests.server.graphql.counting import SCHEMA


def test_a_text_is_read_once() -> None:
    documents = Documents(SCHEMA)
    request = Request("{ hello }")
    assert documents.find(request) is documents.find(Request("{ hello }"))
    assert documents.find(request).digest == documents.find(Request("{\n hello\n}")).digest


def test_the_cache_is_bounded_by_number_and_weight() -> None:
    kept: LruCache[int] = LruCache(count=3, weight=10)
    for number in range(5):
        kept.put(str(number), number, 1)
    assert [kept.get(str(number)) for number in range(5)] == [None, None, 2, 3, 4]
    kept.get("2")
    kept.put("heavy", 9, 8)
    assert [kept.get(name) for name in ("2", "3", "4", "heavy")] == [2, None, 4, 9]
    kept.put("too heavy", 1, 11)
    assert kept.get("too heavy") is None


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ ... on Query { __type(name: "Query") { name } } }',
        "{ ...A } fragment A on Query { __schema { queryType { name } } }",
    ],
)
def test_introspection_can_be_off(text: str) -> None:
    assert Documents(SCHEMA).find(Request(text)).node is not None
    with pytest.raises(Rejected) as refusal:
        Documents(SCHEMA, introspection=False).find(Request(text))
    assert refusal.value.errors[0]["extensions"]["code"] == "INTROSPECTION_OFF"
    assert Documents(SCHEMA, introspection=False).find(Request("{ __typename hello }")).node


def test_a_wrong_document_is_never_persisted() -> None:
    documents = Documents(SCHEMA)
    digest = "9b6d57e3a8ff3e6aa8a2c6d7b2b9a4dd9c6a5c6a4a6b9b6f8c5f4a5a5d5c5b5a"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    with pytest.raises(Rejected, match="provided sha does not match query"):
        documents.find(Request("{ hello }", extensions=extensions))
    with pytest.raises(Rejected, match="PersistedQueryNotFound"):
        documents.find(Request(None, extensions=extensions))


def nested(levels: int, alias: str) -> str:
    """Returns a valid document with many tokens for its length."""
    parts = "...{hello hello hello}" * 8
    return "{" + f"{alias}:hello again{{{parts}" * levels + "hello" + "}" * levels + "}"


def test_the_cache_counts_the_memory_of_documents() -> None:
    bound = 2 * 1024 * 1024
    documents = Documents(SCHEMA, weight=bound)
    documents.find(Request(nested(2, "warm")))
    tracemalloc.start()
    try:
        for number in range(8):
            found = documents.find(Request(nested(40, f"a{number}")))
            assert found.node is not None
            assert found.weight > 512 * 1024
        del found
        gc.collect()  # tokens refer to one another
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < bound


def test_what_is_too_heavy_is_not_kept_and_nothing_is_forgotten_for_it() -> None:
    kept: LruCache[int] = LruCache(count=3, weight=10)
    kept.put("light", 1, 1)
    kept.put("too heavy", 2, 11)
    assert (kept.get("light"), kept.get("too heavy")) == (1, None)


def test_a_price_is_kept_without_the_text_that_was_sent() -> None:
    documents = Documents(SCHEMA)
    query = "query Q($n: String!) { __type(name: $n) { name } }"
    document = documents.find(Request(query))
    prices = {document.price(documents.pricing, "Q", {"n": name}) for name in ("Query", "Nothing")}
    assert len(prices) == 2
    tracemalloc.start()
    try:
        for number in range(64):
            document.price(documents.pricing, "Q", {"n": f"{number}" * 50_000})
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1_000_000
