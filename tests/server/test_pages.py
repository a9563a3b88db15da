"""The page and its files."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from server.http.pages import PAGE_ADDRESSES, graphiql_page, page_routes
from tests.server.graphql.clients import http_client
from tests.server.graphql.serving import Setting, running, serving


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (folder / "graphiql.html").write_text("graphiql")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
async def http(static: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(Starlette(routes=page_routes(static))) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_routes_of_the_page_give_the_page(http: httpx.AsyncClient) -> None:
    for path in ("/", "/executions/exec_01k", "/executions/a.b", "/compare?ids=a,b", "/approvals"):
        response = await http.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert (response.status_code, response.text) == (200, "the page"), path
        assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/metrics", "/flows/acme.sales", "/a/b/c", "/executions/a/b", "/index.html"]
)
async def test_other_addresses_are_no_page(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        response = await http.request(method, path, headers={"accept": "text/html,*/*;q=0.8"})
        assert (response.status_code, "the page" in response.text) == (404, False), method


def test_the_page_has_the_addresses_of_its_router() -> None:
    routes = Path(__file__).parents[2] / "frontend/src/routes"
    found = {
        re.sub(r"\$(\w+)", r"{\1}", path)
        for file in routes.glob("*.tsx")
        for path in re.findall(r'^\s*path: "([^"]+)"', file.read_text(), re.MULTILINE)
    }
    assert found == set(PAGE_ADDRESSES)


async def test_files(http: httpx.AsyncClient) -> None:
    script = await http.get("/assets/index-abc.js")
    assert "immutable" in script.headers["cache-control"]
    assert (await http.get("/favicon.svg")).text == "<svg/>"
    assert (await http.get("/assets/gone.js")).status_code == 404
    assert (await http.get("/gone.js")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%00.js",
        "/assets/../../secret.txt",
        "/assets/" + "a" * 300,
        "/assets/" + "a/" * 3000,
        "/assets/%00.js",
        "/assets/%ed%a0%80.js",
        "/" + "a" * 300,
    ],
)
async def test_nothing_outside_is_given(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path, headers={"accept-encoding": "br, gzip"})
    assert "secret" not in response.text
    assert response.status_code < 500


async def test_before_the_front_end_is_built(tmp_path: Path) -> None:
    async with (
        running(Starlette(routes=page_routes(tmp_path))) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        response = await http.get("/")
        assert response.status_code == 503
        assert "make frontend" in response.text
    assert graphiql_page(tmp_path) is None


async def test_graphiql_is_for_browsers_without_a_query(static: Path) -> None:
    page = graphiql_page(static)
    assert page is not None
    html = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with serving(Setting(page=page)) as server, http_client(server) as http:
        for _ in range(2):
            shown = await http.get("/graphql", headers=html)
            assert (shown.status_code, shown.text) == (200, "graphiql")
            assert "script-src 'self'" in shown.headers["content-security-policy"]
        answer = await http.get("/graphql", params={"query": "{ hello }"}, headers=html)
        assert answer.json() == {"data": {"hello": "world"}}
        assert (await http.get("/graphql")).status_code == 400


@pytest.fixture
def built(static: Path) -> Path:
    """Creates files as the build does: each file and its compressed variants."""
    for name in ("assets/index-abc.js", "favicon.svg", "index.html"):
        content = (static / name).read_bytes() * 500
        (static / name).write_bytes(content)
        (static / f"{name}.gz").write_bytes(gzip.compress(content))
        (static / f"{name}.br").write_bytes(b"brotli of " + name.encode())
    (static / "assets" / "plain-abc.css").write_text("a{}")
    return static


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
    ],
)
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/assets/index-abc.js", "text/javascript"),
        ("/favicon.svg", "image/svg+xml"),
        ("/executions", "text/html"),
    ],
)
async def test_a_visitor_gets_the_smallest_form(
    built: Path, http: httpx.AsyncClient, accept: str, coding: str | None, path: str, kind: str
) -> None:
    headers = {"accept-encoding": accept, "accept": "text/html"}
    async with http.stream("GET", path, headers=headers) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    name = "index.html" if path == "/executions" else path.strip("/")
    suffix = {"br": ".br", "gzip": ".gz", None: ""}[coding]
    assert raw == (built / f"{name}{suffix}").read_bytes()
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.headers["content-length"] == str(len(raw))
    assert answer.headers["vary"] == "accept-encoding"
    assert ("immutable" in answer.headers["cache-control"]) is path.startswith("/assets/")


async def test_each_form_has_a_tag_of_its_own(built: Path, http: httpx.AsyncClient) -> None:
    for path in ("/assets/index-abc.js", "/favicon.svg", "/"):
        tags = {}
        for accept in ("br", "gzip", "identity"):
            async with http.stream("GET", path, headers={"accept-encoding": accept}) as answer:
                tags[accept] = answer.headers["etag"]
        assert len(set(tags.values())) == 3
        for accept, tag in tags.items():
            again = {"accept-encoding": accept, "if-none-match": tag}
            answer = await http.get(path, headers=again)
            assert (answer.status_code, answer.content) == (304, b"")
            assert (answer.headers["etag"], answer.headers["vary"]) == (tag, "accept-encoding")
            other = {**again, "if-none-match": tags["gzip" if accept == "br" else "br"]}
            async with http.stream("GET", path, headers=other) as answer:
                assert answer.status_code == 200


async def test_files_without_compressed_variants_are_sent_unchanged(
    built: Path, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/assets/plain-abc.css")
    assert (answer.text, "content-encoding" in answer.headers) == ("a{}", False)
    assert (await http.get("/assets/..%2findex.html")).status_code == 404
