"""Documents by id, servers that accept only listed documents, and who may use introspection."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from models.access.viewer import Permission, Viewer
from schema import build_schema
from server.document_policy import BUILT_IN, DocumentPolicy
from server.graphql.documents import Documents
from server.graphql.operations import Operations
from server.graphql.persisted import Listed, Persisted, digest_of
from server.graphql.requests import Rejected, Request
from server.settings.introspection import Introspection
from tests.server.graphql.clients import http_client, initialised
from tests.server.graphql.counting import SCHEMA
from tests.server.graphql.serving import Serving, Setting, serving

HELLO = "query Hello { ...Words }\n\nfragment Words on Query { hello }"
BUMP = "mutation Bump { bump(by: 1) }"
COUNT = "subscription Count { count(to: 2) { number } }"
LIST = {"hello": HELLO, "bump": BUMP, "count": COUNT}
OTHERS = {
    "another field": "query Hello { actor }",
    "one more field": "query Hello { ...Words actor } fragment Words on Query { hello }",
    "an alias": "query Hello { x: hello }",
    "another argument": "mutation Bump { bump(by: 2) }",
    "two in one": f"{HELLO} {BUMP}",
    "a part": "fragment Words on Query { hello }",
    "introspection": "{ __schema { queryType { name } } }",
    "its name alone": "{ __typename }",
    "no GraphQL": "{",
}


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def listed(folder: Path, documents: dict[str, str] | None = None) -> Listed:
    file = folder / "list.json"
    file.write_text(json.dumps(documents or LIST))
    return Listed.read([file])


@asynccontextmanager
async def only(folder: Path) -> AsyncIterator[Serving]:
    persisted = Persisted(listed(folder), only=True)
    async with serving(Setting(policy=DocumentPolicy(persisted=persisted))) as server:
        yield server


def code_of(answer: Any) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("other", OTHERS)
async def test_only_documents_of_the_list_are_answered(tmp_path: Path, other: str) -> None:
    text = OTHERS[other]
    code = "GRAPHQL_PARSE_FAILED" if other == "no GraphQL" else "DOCUMENT_NOT_LISTED"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}
    async with only(tmp_path) as server, http_client(server) as http:
        for body in (
            {"query": text},
            {"query": text, "operationName": "Hello"},
            {"query": text, "extensions": extensions},
        ):
            response = await http.post("/graphql", json=body)
            assert code_of(response.json()) == code, response.text
            assert "data" not in response.json()
            response = await http.post("/graphql/stream", json=body)
            assert (response.status_code, code_of(response.json())) == (400, code)
        for path in ("/graphql", "/graphql/stream"):
            response = await http.get(path, params={"query": text})
            assert code_of(response.json()) == code
        async with initialised(server) as client:
            await client.subscribe(text)
            message = await client.hear()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
        by_id: tuple[dict[str, Any], ...] = (
            {"extensions": extensions},
            {"documentId": f"sha256:{hash_of(text)}"},
        )
        for named in by_id:
            response = await http.post("/graphql", json=named)
            assert code_of(response.json()).endswith("_NOT_FOUND")
        assert server.counting.opened == []


@pytest.mark.parametrize("is_only", [False, True])
async def test_documents_of_the_list_are_answered_by_id_and_by_text(
    tmp_path: Path, is_only: bool
) -> None:
    persisted = Persisted(listed(tmp_path), only=is_only)
    answer = {"data": {"hello": "world"}}
    async with (
        serving(Setting(policy=DocumentPolicy(persisted=persisted))) as server,
        http_client(server) as http,
    ):
        for body in (
            {"documentId": "hello"},
            {"documentId": f"sha256:{hash_of(HELLO)}", "operationName": "Hello"},
            {"query": HELLO},
            {"query": "fragment Words on Query{hello} query Hello{...Words,}#other form"},
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(HELLO)}}},
        ):
            response = await http.post("/graphql", json=body)
            assert response.json() == answer, body
            response = await http.post("/graphql/stream", json=body)
            assert '{"data":{"hello":"world"}}' in response.text
            async with initialised(server) as client:
                await client.say({"id": "1", "type": "subscribe", "payload": body})
                assert (await client.hear())["payload"] == answer
        for path in ("/graphql", "/graphql/stream"):
            response = await http.get(path, params={"documentId": "hello"})
            assert '{"data":{"hello":"world"}}' in response.text
            response = await http.get(path, params={"documentId": "bump"})
            assert (response.status_code, code_of(response.json())) == (405, "METHOD_NOT_ALLOWED")
        async with initialised(server) as client:
            await client.say({"id": "1", "type": "subscribe", "payload": {"documentId": "count"}})
            message = [await client.hear() for _ in range(3)]
            assert [one["type"] for one in message] == ["next", "next", "complete"]


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 1},
        {"documentId": ["hello"]},
        {"documentId": {}},
        {"documentId": True},
        {"documentId": "hello", "query": "{ hello }"},
        {"documentId": "hello", "query": ""},
        {"documentId": "hello", "extensions": {"persistedQuery": {}}},
        {"documentId": None},
    ],
)
async def test_malformed_ids(tmp_path: Path, body: dict[str, Any]) -> None:
    async with only(tmp_path) as server, http_client(server) as http:
        for path in ("/graphql", "/graphql/stream"):
            response = await http.post(path, json=body)
            assert (response.status_code, code_of(response.json())) == (400, "BAD_REQUEST")
        async with initialised(server) as client:
            await client.say({"id": "1", "type": "subscribe", "payload": body})
            assert (await client.closed())[0] == 4400


@pytest.mark.parametrize(
    "id",
    ["", "sha256:", "x", "Hello", "sha256:" + "0" * 64, hash_of(HELLO), "\u0130", "a" * 100_000],
)
async def test_ids_that_are_not_there(tmp_path: Path, id: str) -> None:
    async with only(tmp_path) as server, http_client(server) as http:
        response = await http.post("/graphql", json={"documentId": id})
        assert code_of(response.json()) == "PERSISTED_DOCUMENT_NOT_FOUND"
        assert len(response.text) < 1000


def test_the_text_of_a_persisted_document_cannot_be_replaced() -> None:
    documents = Documents(SCHEMA, persisted=Persisted(count=3))
    good, evil = "{ hello }", "{ actor }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(good)}}
    documents.find(Request(good, extensions=extensions))
    for text in (evil, f"{good} ", "{ nothing }"):
        with pytest.raises(Rejected, match="provided sha does not match query"):
            documents.find(Request(text, extensions=extensions))
    assert documents.find(Request(None, extensions=extensions)) is documents.find(Request(good))
    for wrong in ("{ nothing }", "{"):
        own = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(wrong)}}
        with pytest.raises(Rejected):
            documents.find(Request(wrong, extensions=own))
        with pytest.raises(Rejected, match="PersistedQueryNotFound"):
            documents.find(Request(None, extensions=own))


def test_listed_documents_are_not_evicted_by_registered_ones(tmp_path: Path) -> None:
    documents = Documents(SCHEMA, persisted=Persisted(listed(tmp_path), count=3))
    for number in range(10):
        text = f"{{ a{number}: hello }}"
        own = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}
        documents.find(Request(text, extensions=own))
    assert documents.find(Request(None, document_id="hello")).node
    again = {"persistedQuery": {"version": 1, "sha256Hash": hash_of("{ a9: hello }")}}
    assert documents.find(Request(None, extensions=again)).node
    assert documents.find(Request(None, document_id=f"sha256:{hash_of('{ a9: hello }')}")).node


def test_lists_are_read_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "hello.graphql").write_text(HELLO)
    (tmp_path / "relay.json").write_text(json.dumps({"5d41402abc4b2a76b9719d911017c592": BUMP}))
    (tmp_path / "codegen.json").write_text(json.dumps({hash_of(COUNT): COUNT}))
    operations = [{"id": "apollo", "name": "X", "type": "query", "body": "{ hello }"}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "apollo.json").write_text(json.dumps(manifest))
    (tmp_path / "notes.txt").write_text("not a document")
    found = Listed.read([tmp_path])
    hashes = {f"sha256:{hash_of(text)}" for text in (HELLO, BUMP, COUNT, "{ hello }")}
    assert found.texts.keys() == hashes | {"5d41402abc4b2a76b9719d911017c592", "apollo"}
    assert len(found.digests) == 4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "cannot be read"),
        ("[]", "must be an object"),
        ('{"a": 1}', "'a' has none"),
        ('{"": "{ hello }"}', "'' has none"),
        ('{"operations": [{"id": "a"}]}', "'a' has none"),
        ('{"a": "{"}', "the document a is not valid GraphQL"),
        (json.dumps({"0" * 64: HELLO}), f"is {hash_of(HELLO)}"),
        (json.dumps({f"sha256:{'0' * 64}": HELLO}), f"is {hash_of(HELLO)}"),
    ],
)
def test_a_wrong_list_is_reported(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "list.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        Listed.read([file])
    assert str(file) in str(error.value)


def test_places_without_documents_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no"):
        Listed.read([tmp_path])
    with pytest.raises(ValueError, match="does not exist"):
        Listed.read([tmp_path / "nowhere"])


def test_the_page_and_the_command_line_ask_only_what_is_valid_and_listed() -> None:
    for path in BUILT_IN:
        texts = json.loads(path.read_text())
        assert len(texts) > 40, path
        documents = Documents(REAL, persisted=Persisted(Listed.read([path]), only=True))
        for name, text in texts.items():
            assert hash_of(text) == name
            node = documents.find(Request(text)).node
            assert (
                node
                and digest_of(node)
                == documents.find(Request(None, document_id=f"sha256:{name}")).digest
            )


REAL = build_schema()._schema
VIEWER = Viewer.holding("user:ada", Permission)


@pytest.mark.parametrize("introspection", Introspection)
async def test_who_may_ask_about_the_schema(introspection: Introspection) -> None:
    setting = Setting(policy=DocumentPolicy(introspection=introspection))
    writer = VIEWER
    reader = Viewer.holding("user:ada", set(Permission) - {Permission.UPDATE_FLOW})
    body = Request('{ hello ...A } fragment A on Query { __type(name: "Query") { name } }')
    async with serving(setting) as server:
        for who, may in (
            (writer, introspection is not Introspection.OFF),
            (reader, introspection is Introspection.EVERYONE),
        ):
            for request in (body, Request("{ __schema { queryType { name } } }")):
                if may:
                    assert (await server.operations.admit(request, who)).document.queries_schema
                    continue
                with pytest.raises(Rejected) as refusal:
                    await server.operations.admit(request, who)
                assert refusal.value.errors[0]["extensions"]["code"] == "INTROSPECTION_OFF"
            assert await server.operations.admit(Request("{ __typename hello }"), who)


def misspelt() -> Iterator[tuple[str, dict[str, Any]]]:
    """Wrong names of everything that a document can name, each similar to a valid one."""
    yield "{ viewr { version } }", {}
    yield "{ viewer { versin } }", {}
    yield "{ executions(frst: 1) { nodes { id } } }", {}
    yield "{ viewer @skip(iff: true) { version } }", {}
    yield "query ($x: ExecutionFiltr) { executions(where: $x) { nodes { id } } }", {}
    yield "{ node(id: 1) { ... on Executon { id } } }", {}
    yield "fragment A on Executon { id } { viewer { version } ...A }", {}
    yield "{ node(id: 1) { name } }", {}
    yield "{ executions(where: {archivd: ANY}) { nodes { id } } }", {}
    yield "{ executions(where: {archived: ANYY}) { nodes { id } } }", {}
    yield "{ executions(orderBy: CREATED_DES) { nodes { id } } }", {}
    where = "query ($x: ExecutionFilter) { executions(where: $x) { nodes { id } } }"
    yield where, {"x": {"archivd": "ANY"}}
    yield where, {"x": {"archived": "ANYY"}}
    yield where, {"x": {"and": [{"archivd": "ANY"}]}}
    yield where, {"x": {"state": {"in": ["FAILD"]}}}
    yield (
        "query ($x: ExecutionOrder) { executions(orderBy: $x) { nodes { id } } }",
        {"x": "CREATED_DES"},
    )
    default = (
        'query ($x: ExecutionOrder = "CREATED_DES") { executions(orderBy: $x) { nodes { id } } }'
    )
    yield default, {}
    yield "subscription { exection(id: 1) { id } }", {}
    yield "mutation { cancelExecuton(input: {id: 1}) { execution { id } } }", {}
    yield "mutation { cancelExecution(input: {i: 1}) { execution { id } } }", {}


@pytest.mark.parametrize(("query", "variables"), list(misspelt()))
async def test_suggestions_can_be_off(query: str, variables: dict[str, Any]) -> None:
    refused = {}
    for suggests in (True, False):
        documents = Documents(REAL, suggestions=suggests)
        operations = Operations(REAL, lambda viewer: viewer, documents)
        try:
            answer = await operations.execute(
                operations.prepare(Request(query, None, variables)), VIEWER
            )
            refused[suggests] = json.dumps(answer.errors)
        except Rejected as refusal:
            refused[suggests] = json.dumps(refusal.errors)
    assert "Did you mean" in refused[True], refused
    assert "Did you mean" not in refused[False] and len(refused[False]) > 20, refused
