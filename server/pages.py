"""The page: what Vite built into server/static, with the page itself for every route of its own."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class HashedAssets(StaticFiles):
    """Files whose names hold their hash: they never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
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
            return _file(asked)
        # A route of the page may look like a file, as /flows/acme.sales does; who visits it wants HTML.
        if asked.suffix and "text/html" not in request.headers.get("accept", ""):
            return _absent()
        return _page(static / "index.html")

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
        await _file(path)(scope, receive, send)

    return page if path.is_file() else None


def _page(path: Path) -> Response:
    if path.is_file():
        return _file(path)
    return HTMLResponse(
        "<!doctype html><title>Headway</title><h1>The page was not built</h1>"
        "<p>Run <code>make frontend</code>. The API is at <code>/graphql</code>.</p>",
        503,
    )


def _file(path: Path) -> Response:
    return FileResponse(path, headers={"cache-control": _ASK_AGAIN})
