"""The page: what Vite built into server/static, with the page itself for every route of its own."""

import mimetypes
import stat
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from server.encodings import preferred

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_COMPRESSED = {"br": ".br", "gzip": ".gz"}


class HashedAssets(StaticFiles):
    """Files whose names hold their hash: they never change. Beside each may lie what the build compressed of it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        for suffix in _forms(scope):
            compressed, found = self.lookup_path(path + suffix)
            if found and stat.S_ISREG(found.st_mode) and path:
                response = self.file_response(compressed, found, scope)
                _say_form(response, path, suffix)
                break
        else:
            response = await super().get_response(path, scope)
        response.headers.add_vary_header("accept-encoding")
        if response.status_code in (200, 304):
            response.headers["cache-control"] = _FOREVER
        return response


def page_routes(static: Path = STATIC) -> list[BaseRoute]:
    """To stand after all other routes: it answers every path that is left."""
    static = static.resolve()

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        if not path.isprintable():
            return _absent()
        asked = (static / path).resolve()
        if asked.is_file() and asked.is_relative_to(static) and asked.suffix != ".html":
            return _file(asked, request.scope)
        # A route of the page may look like a file, as /flows/acme.sales does; who visits it wants HTML.
        if asked.suffix and "text/html" not in request.headers.get("accept", ""):
            return _absent()
        return _page(static / "index.html", request.scope)

    return [
        Mount("/assets", HashedAssets(directory=static / "assets", check_dir=False), name="assets"),
        Route("/{path:path}", page, methods=["GET"]),
    ]


def _absent() -> Response:
    return Response("not found", 404, media_type="text/plain")


def graphiql_page(static: Path = STATIC) -> ASGIApp | None:
    """None when the front end was not built."""
    path = static / "graphiql.html"

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await _file(path, scope)(scope, receive, send)

    return page if path.is_file() else None


def _page(path: Path, scope: Scope) -> Response:
    if path.is_file():
        return _file(path, scope)
    return HTMLResponse(
        "<!doctype html><title>Headway</title><h1>The page was not built</h1>"
        "<p>Run <code>make frontend</code>. The API is at <code>/graphql</code>.</p>",
        503,
    )


def _file(path: Path, scope: Scope) -> Response:
    """As it is now, or that the visitor has it already."""
    form = next((form for form in _forms(scope) if Path(f"{path}{form}").is_file()), "")
    found = Path(f"{path}{form}")
    response = FileResponse(found, headers={"cache-control": _ASK_AGAIN}, stat_result=found.stat())
    _say_form(response, path.name, form)
    response.headers.add_vary_header("accept-encoding")
    if response.headers["etag"] in Headers(scope=scope).get("if-none-match", ""):
        return NotModifiedResponse(response.headers)
    return response


def _forms(scope: Scope) -> list[str]:
    """Suffixes of the compressed files that the visitor takes, the smallest first."""
    header = Headers(scope=scope).get("accept-encoding", "")
    return [suffix for coding, suffix in _COMPRESSED.items() if preferred(header, (coding,))]


def _say_form(response: Response, name: str, suffix: str) -> None:
    """Of a compressed file the kind and the coding; another form has another ETag already, by its size."""
    if not suffix or response.status_code != 200:
        return
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/")
    response.headers["content-type"] = f"{kind}; charset=utf-8" if text else kind
    response.headers["content-encoding"] = next(
        coding for coding, one in _COMPRESSED.items() if one == suffix
    )
