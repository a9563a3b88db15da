"""The responses of a real server: answers and exports are compressed, streams and files are not."""

import gzip

import httpx
import pytest

from tests.api.client import Client
from tests.api.servers import Served

FLOW = """id: compressed
namespace: acme.compressed
tasks:
  - id: a
    type: shell
    run: seq 1 2000 | tee numbers.csv
    artifacts: [{path: numbers.csv}]
"""


@pytest.fixture
async def id(client: Client) -> str:
    execution = await client.until_ended((await client.run(FLOW))["id"])
    return str(execution["id"])


async def raw(
    served: Served, method: str, path: str, **options: object
) -> tuple[httpx.Response, bytes]:
    headers = {"authorization": f"Bearer {served.token}", "accept-encoding": "gzip, deflate, br"}
    async with (
        httpx.AsyncClient(base_url=served.url, headers=headers) as http,
        http.stream(method, path, **options) as answer,  # type: ignore[arg-type]
    ):
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


async def test_answers_and_exports_are(served: Served, id: str) -> None:
    query = "query ($id: ID!) { execution(id: $id) { logs(first: 1000) { nodes { line text } } } }"
    request = {"query": query, "variables": {"id": id}}
    for method, path, body, ending in (
        ("POST", "/graphql", request, b"}}}"),
        ("GET", f"/executions/{id}/logs.txt", None, b"\n"),
        ("GET", f"/executions/{id}/record.json?logs=true", None, b"}\n"),
        ("GET", "/executions/export.csv", None, b"\n"),
    ):
        answer, got = await raw(served, method, path, json=body)
        assert answer.headers["content-encoding"] == "gzip", path
        assert "accept-encoding" in answer.headers["vary"]
        assert gzip.decompress(got).endswith(ending)


async def test_streams_and_files_are_not(served: Served, client: Client, id: str) -> None:
    query = "subscription ($id: ID!) { logs(executionId: $id) { lines { text } complete } }"
    answer, got = await raw(
        served, "POST", "/graphql/stream", json={"query": query, "variables": {"id": id}},
    )  # fmt: skip
    assert (answer.headers["content-type"].split(";")[0], b'"complete":true' in got) == (
        "text/event-stream",
        True,
    )
    assert "content-encoding" not in answer.headers
    body = "query ($id: ID!) { execution(id: $id) { artifacts { downloadUrl } } }"
    (artifact,) = (await client.post(body, id=id))["execution"]["artifacts"]
    answer, got = await raw(served, "GET", artifact["downloadUrl"])
    assert (got[:4], answer.headers["content-length"]) == (b"1\n2\n", str(len(got)))
    assert "content-encoding" not in answer.headers
