"""The page: what Vite built into server/static, with the page itself at every address of its own."""

import mimetypes
import os
import stat
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.encodings import preferred
from server.http.refusals import refusal

STATIC = Path(__file__).parents[1] / "static"
PAGE_ADDRESSES = ("/", "/executions", "/executions/{id}", "/compare", "/approvals")
"""The routes of the page itself, frontend/src/routes: at these it is given out, and a browser goes on from there."""
DOCUMENTS = "documents.json"
"""The list of what the page asks, for the server."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_COMPRESSED = {"br": ".br", "gzip": ".gz"}


class HashedAssets(StaticFiles):
    """Files whose names hold their hash: they never change. Beside each may lie what the build compressed of it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        for suffix in _forms(scope):
            compressed, found = self._found(path + suffix)
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

    def _found(self, path: str) -> tuple[str, os.stat_result | None]:
        """Nothing for what can be no file: too long, or with NUL in it."""
        try:
            return self.lookup_path(path)
        except (OSError, ValueError):
            return "", None


def page_routes(static: Path = STATIC) -> list[BaseRoute]:
    """The page at each of its own addresses, and its files as they are when the process starts."""

    async def page(request: Request) -> Response:
        return _page(static / "index.html", request.scope)

    return [
        Mount("/assets", HashedAssets(directory=static / "assets", check_dir=False), name="assets"),
        *(Route(path, page, methods=["GET"]) for path in PAGE_ADDRESSES),
        *(_file_route(path) for path in _files(static)),
    ]


def _files(static: Path) -> list[Path]:
    """Those beside the page, such as its icon; not its documents, nor the compressed forms of others."""
    hidden = {".html", *_COMPRESSED.values()}
    found = (path for path in static.iterdir() if path.name != DOCUMENTS) if static.is_dir() else ()
    return sorted(path for path in found if path.is_file() and path.suffix not in hidden)


def _file_route(path: Path) -> Route:
    async def file(request: Request) -> Response:
        if not path.is_file():
            raise HTTPException(404)
        return _file(path, request.scope)

    return Route(f"/{path.name}", file, methods=["GET"])


async def absent(request: Request, _: Exception) -> Response:
    """Answers what no route knows."""
    return refusal(
        request.scope, 404, "NOT_FOUND", "There is no page at this address.",
        '<p>Go to <a href="/">the page of this server</a>.</p>',
    )  # fmt: skip


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
