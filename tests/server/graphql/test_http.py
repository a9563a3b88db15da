"""GraphQL over HTTP: answers, their status codes, and refusals."""

import gzip
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import orjson
import pytest

from server.graphql.http import MAX_BODY
from server.graphql.limits import Limits
from tests.server.graphql.serving import TOKEN, Serving, Setting, serving

RESPONSE_JSON = "application/graphql-response+json"


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    async with serving() as server:
        yield server


@pytest.fixture
async def http(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, headers=server.headers) as client:
        yield client


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


NESTED = b"[" * 600 + b"]" * 600
MALFORMED = [
    b'{"query":"{ hello }","variables":{"a":' + NESTED + b"}}",
    b"",
    b"1",
    b"null",
    b"true",
    b'"text"',
    b"[]",
    b'[{"query":"{ hello }"}]',
    b"{",
    b"{}",
    b'{"query":null}',
    b'{"query":1}',
    b'{"query":{}}',
    b'{"query":["{ hello }"]}',
    b'{"query":"{ hello }","variables":[]}',
    b'{"query":"{ hello }","variables":"{}"}',
    b'{"query":"{ hello }","operationName":{}}',
    b'{"query":"{ hello }","extensions":1}',
    b'{"query":"\xff\xfe"}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"query":"{ hello }","variables":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    b'{"query":"{ hello }","extensions":{"persistedQuery":1}}',
    b'{"query":"{ hello }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
    b'{"query":"subscription { breaks }"}',
]


@pytest.mark.parametrize("accept", ["application/json", RESPONSE_JSON])
async def test_malformed_bodies_are_400_with_a_graphql_error(
    http: httpx.AsyncClient, accept: str
) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    for body in MALFORMED:
        response = await http.post("/graphql", content=body, headers=headers)
        assert response.status_code == 400, body[:100]
        assert response.headers["content-type"].startswith(accept)
        (error,) = response.json()["errors"]
        assert error["message"]


async def test_a_body_beyond_the_limit_is_413(http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (MAX_BODY // 10)

    headers = {"content-type": "application/json"}
    for content in (b" " * (MAX_BODY + 1), chunks()):
        response = await http.post("/graphql", content=content, headers=headers)
        assert (response.status_code, codes(response)) == (413, ["PAYLOAD_TOO_LARGE"])


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_other_media_types_are_415(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    content = b'{"query":"{ hello }"}'
    if "content-encoding" in headers:
        content = gzip.compress(content)
    response = await http.post("/graphql", content=content, headers=headers)
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"application/json;q=0.5, {RESPONSE_JSON}", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.1, application/json", "application/json"),
        (f"text/html;q=x, {RESPONSE_JSON};charset=utf-8", RESPONSE_JSON),
    ],
)
async def test_the_media_type_is_negotiated(
    http: httpx.AsyncClient, accept: str | None, answer: str
) -> None:
    headers = {"accept": accept} if accept else {}
    if not accept:
        del http.headers["accept"]
    response = await http.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answer}; charset=utf-8"
    assert response.json() == {"data": {"hello": "world"}}


async def test_an_unsupported_accept_header_is_406(http: httpx.AsyncClient) -> None:
    response = await http.post(
        "/graphql", json={"query": "{ hello }"}, headers={"accept": "image/png"}
    )
    assert (response.status_code, codes(response)) == (406, ["NOT_ACCEPTABLE"])


async def test_get_is_for_queries(http: httpx.AsyncClient) -> None:
    query = "query($n: String!) { slowHello(name: $n) }"
    response = await http.get("/graphql", params={"query": query, "variables": '{"n":"a"}'})
    assert response.json() == {"data": {"slowHello": "hello a"}}
    response = await http.get("/graphql", params={"query": "mutation { bump }"})
    assert (response.status_code, codes(response)) == (405, ["METHOD_NOT_ALLOWED"])
    response = await http.get("/graphql", params={"query": query, "variables": "{"})
    assert response.status_code == 400
    response = await http.put("/graphql", json={"query": "{ hello }"})
    assert response.status_code == 405


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { ticks(first: $n) { number } }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "UNKNOWN_OPERATION"),
        ("{ again {} }", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_request_errors_are_400_or_200_as_the_media_type_wants(
    http: httpx.AsyncClient, query: str, code: str
) -> None:
    for accept, status in ((RESPONSE_JSON, 400), ("application/json", 200)):
        response = await http.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert (response.status_code, codes(response)) == (status, [code])
        assert "data" not in response.json()


async def test_bugs_are_masked_and_refusals_are_shown(http: httpx.AsyncClient) -> None:
    response = await http.post("/graphql", json={"query": "{ fails refuses hello }"})
    assert response.status_code == 200
    assert response.json()["data"] == {"fails": None, "refuses": None, "hello": "world"}
    bug, refusal = response.json()["errors"]
    assert (bug["message"], bug["extensions"]["code"]) == ("internal error", "INTERNAL")
    assert bug["path"] == ["fails"]
    assert (refusal["message"], refusal["extensions"]) == ("no such thing", {"code": "NOT_FOUND"})
    assert "secret" not in response.text


async def test_an_unreachable_database_is_503(http: httpx.AsyncClient) -> None:
    response = await http.post("/graphql", json={"query": "{ unavailable }"})
    assert (response.status_code, codes(response)) == (503, ["UNAVAILABLE"])
    assert int(response.headers["retry-after"]) > 0
    response = await http.post("/graphql", json={"query": "{ unavailable hello }"})
    assert (response.status_code, codes(response)) == (200, ["UNAVAILABLE"])


async def test_persisted_documents(http: httpx.AsyncClient) -> None:
    query = "{ hello }"
    digest = sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    response = await http.post("/graphql", json={"extensions": extensions})
    assert codes(response) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    response = await http.post("/graphql", json={"query": query, "extensions": extensions})
    assert response.json() == {"data": {"hello": "world"}}
    response = await http.post("/graphql", json={"extensions": extensions})
    assert response.json() == {"data": {"hello": "world"}}
    text = orjson.dumps(extensions).decode()
    response = await http.get("/graphql", params={"extensions": text})
    assert response.json() == {"data": {"hello": "world"}}


DEEP: dict[str, Any] = {
    "TOO_MANY_TOKENS": "{ hello " + "a " * 5000 + "}",
    "TOO_DEEP": "{" + "again{" * 30 + "hello" + "}" * 31,
    "TOO_MANY_ALIASES": "{" + " ".join(f"a{n}: hello" for n in range(101)) + "}",
    "TOO_MANY_REPEATS": "{" + "hello " * 50 + "}",
    "TOO_MANY_DIRECTIVES": "{ hello " + "@skip(if: false) " * 60 + "}",
    "TOO_COSTLY": "{ ticks(first: 200) { number } "
    + " ".join(f"b{n}: again {{ ticks(first: 200) {{ number text }} }}" for n in range(9))
    + "}",
}


@pytest.mark.parametrize("code", DEEP)
async def test_limits_of_documents(code: str) -> None:
    async with (
        serving(Setting(limits=Limits(cost=3000))) as server,
        httpx.AsyncClient(base_url=server.url, headers=server.headers) as http,
    ):
        response = await http.post(
            "/graphql", json={"query": DEEP[code]}, headers={"accept": RESPONSE_JSON}
        )
        assert (response.status_code, codes(response)) == (400, [code])


async def test_cost_counts_the_page_size_of_a_variable() -> None:
    query = "query($n: Int) { ticks(first: $n) { number text } }"
    async with (
        serving(Setting(limits=Limits(cost=150))) as server,
        httpx.AsyncClient(base_url=server.url, headers=server.headers) as http,
    ):
        for size, fine in ((10, True), (150, False), (10, True), (74, True), (75, False)):
            body = {"query": query, "variables": {"n": size}}
            response = await http.post("/graphql", json=body)
            assert ("errors" not in response.json()) is fine


async def test_the_channel_is_that_of_the_client(http: httpx.AsyncClient) -> None:
    for name, channel in ((None, "API"), ("ui", "UI"), ("cli", "CLI"), ("engine", "API")):
        headers = {"x-headway-channel": name} if name else {}
        response = await http.post("/graphql", json={"query": "{ actor }"}, headers=headers)
        assert response.json()["data"]["actor"] == f"user:admin {channel}"


async def test_without_credentials_nothing_is_revealed(server: Serving) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {TOKEN}"}):
            for path in ("/graphql", "/graphql/stream", "/", "/nowhere"):
                response = await http.get(path, headers=headers)
                assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        page = await http.get("/", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2F")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
