"""The page: what Vite built into server/static, served at each of its addresses."""

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
"""The routes of the page (frontend/src/routes), at which the server returns it; the browser routes from there."""
DOCUMENTS = "documents.json"
"""The list of the page's GraphQL documents, for the server."""
_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_COMPRESSED = {"br": ".br", "gzip": ".gz"}


class HashedAssets(StaticFiles):
    """Serves files whose names contain their hash, so they never change. The build may have put compressed ones next to
    them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        for suffix in _accepted_suffixes(scope):
            compressed, found = self._lookup(path + suffix)
            if found and stat.S_ISREG(found.st_mode) and path:
                response = self.file_response(compressed, found, scope)
                _set_encoding(response, path, suffix)
                break
        else:
            response = await super().get_response(path, scope)
        response.headers.add_vary_header("accept-encoding")
        if response.status_code in (200, 304):
            response.headers["cache-control"] = _FOREVER
        return response

    def _lookup(self, path: str) -> tuple[str, os.stat_result | None]:
        """Returns nothing for a path that cannot be a file: too long, or with NUL in it."""
        try:
            return self.lookup_path(path)
        except (OSError, ValueError):
            return "", None


def page_routes(static: Path = STATIC) -> list[BaseRoute]:
    """Returns the routes of the page's addresses, and of its files as they are when the process starts."""

    async def page(request: Request) -> Response:
        return _page(static / "index.html", request.scope)

    return [
        Mount("/assets", HashedAssets(directory=static / "assets", check_dir=False), name="assets"),
        *(Route(path, page, methods=["GET"]) for path in PAGE_ADDRESSES),
        *(_file_route(path) for path in _files(static)),
    ]


def _files(static: Path) -> list[Path]:
    """Returns the files next to the page, such as its icon, without its documents and the compressed files."""
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
    """Responds to a path that has no route."""
    return refusal(
        request.scope, 404, "NOT_FOUND", "There is no page at this address.",
        '<p>Go to <a href="/">the page of this server</a>.</p>',
    )  # fmt: skip


def graphiql_page(static: Path = STATIC) -> ASGIApp | None:
    """Returns None if the front end was not built."""
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
    """Returns the file, or 304 if the visitor has its current version."""
    form = next((form for form in _accepted_suffixes(scope) if Path(f"{path}{form}").is_file()), "")
    found = Path(f"{path}{form}")
    response = FileResponse(found, headers={"cache-control": _REVALIDATE}, stat_result=found.stat())
    _set_encoding(response, path.name, form)
    response.headers.add_vary_header("accept-encoding")
    if response.headers["etag"] in Headers(scope=scope).get("if-none-match", ""):
        return NotModifiedResponse(response.headers)
    return response


def _accepted_suffixes(scope: Scope) -> list[str]:
    """Returns the suffixes of the compressed files that the visitor accepts, the smallest first."""
    header = Headers(scope=scope).get("accept-encoding", "")
    return [suffix for coding, suffix in _COMPRESSED.items() if preferred(header, (coding,))]


def _set_encoding(response: Response, name: str, suffix: str) -> None:
    """Sets type and coding of a compressed file; its ETag differs already, by its size."""
    if not suffix or response.status_code != 200:
        return
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/")
    response.headers["content-type"] = f"{kind}; charset=utf-8" if text else kind
    response.headers["content-encoding"] = next(
        coding for coding, one in _COMPRESSED.items() if one == suffix
    )
