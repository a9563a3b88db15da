"""The cache of documents and what it refuses."""

import pytest

from server.graphql.bounded import Bounded
from server.graphql.documents import Documents
from server.graphql.requests import Rejected, Request
from tests.server.graphql.counting import SCHEMA


def test_a_text_is_read_once() -> None:
    documents = Documents(SCHEMA)
    request = Request("{ hello }")
    assert documents.find(request) is documents.find(Request("{ hello }"))
    assert documents.find(request).digest == documents.find(Request("{\n hello\n}")).digest


def test_the_cache_is_bounded_by_number_and_weight() -> None:
    kept: Bounded[int] = Bounded(count=3, weight=10)
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
